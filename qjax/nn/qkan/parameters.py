"""The parameters of a QKAN layer as one pytree: shapes, checks and initial values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from qjax.errors import ParameterError
from qjax.nn.qkan.ansatz import Ansatz, get_ansatz
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz

Preact = Literal["trainable", "shared", "fixed", "integer"]


class QKANParams(NamedTuple):
    """Parameters of one layer with I inputs, O outputs and r repetitions; None where absent.

    Every array may carry the same extra leading axes (a batch of parameter sets). The axis O may
    be 1 in ``theta``, ``weight`` and ``bias`` (shared by all outputs), and the axis I may be g < I
    in them (input i uses entry i mod g: grouping).

    Args:
        theta: angles in radians, shape (O, I, rows, columns); (O, I, ...) for a circuit ansatz.
        weight: frequencies w of the encoding, shape (O, I, r). None: integers fixed by the layer.
        bias: phases b of the encoding in radians, shape (O, I, r). None: zeros.
        post_weight: factor on each activation, shape (O, I). None: ones.
        post_bias: added to each activation before the factor, shape (O, I). None: zeros.
        base_weight: factor on the base function of each input, shape (O, I). None: no base.
        mask: 1 for an edge that is kept and 0 for one that was pruned, (O, I). None: ones.
    """

    theta: jax.Array
    weight: jax.Array | None = None
    bias: jax.Array | None = None
    post_weight: jax.Array | None = None
    post_bias: jax.Array | None = None
    base_weight: jax.Array | None = None
    mask: jax.Array | None = None


def natural_ranks(ansatz: Ansatz | CircuitAnsatz) -> tuple[int, ...]:
    """Number of axes of each parameter without leading batch axes, in the order of the fields."""
    theta = 4 if isinstance(ansatz, Ansatz) else 2 + len(ansatz.shape)
    return theta, 3, 3, 2, 2, 2, 2


def spread_frequencies(reps: int, base: float = 3.0) -> tuple[float, ...]:
    """Frequencies ``base**l``: with base 3 the spectrum holds every integer up to (3^r - 1)/2.

    All frequencies 1, the usual start, give only the integers up to r.

    Args:
        reps: number of repetitions r.
        base: ratio of successive frequencies.

    Source: Schuld, Sweke, Meyer, arXiv:2008.08605; Shin, Teo, Jeong, arXiv:2206.12105.

    Example:
        >>> spread_frequencies(3)
        (1.0, 3.0, 9.0)
    """
    return tuple(float(base) ** rep for rep in range(reps))


def init_qkan(
    key: jax.Array,
    in_features: int,
    out_features: int,
    reps: int = 3,
    *,
    ansatz: str | Ansatz | CircuitAnsatz = "pz",
    preact: Preact = "trainable",
    postact: bool = True,
    base: bool = True,
    group: int | None = None,
    frequencies: Sequence[float | int] | None = None,
    theta_init: Literal["xavier", "small_gaussian"] = "xavier",
    dtype: Any = jnp.float32,
) -> QKANParams:
    """Initial parameters of a layer.

    Args:
        key: PRNG key.
        in_features: number of inputs I.
        out_features: number of outputs O.
        reps: number of repetitions r of the encoding.
        ansatz: a name from the table, an `Ansatz` or a `CircuitAnsatz`.
        preact: frequencies ``"trainable"`` per edge, ``"shared"`` by all outputs and trainable,
            ``"fixed"`` to 1, or fixed to an ``"integer"`` each (given to `qkan_layer`).
        postact: whether each activation has a trainable factor and offset.
        base: whether each edge has a base function, with initial factor 1/2.
        group: number g of different activations, cycled over the inputs and shared by all
            outputs. None: one activation per edge.
        frequencies: initial trainable frequencies, length r. None: ones.
        theta_init: ``"xavier"`` (as the ``qkan`` package), or ``"small_gaussian"``, standard
            deviation ``1/r``, for r of 8 and more.
        dtype: floating-point type of the parameters.

    Returns:
        The parameters, a `QKANParams`.

    Raises:
        ParameterError: a size is not positive, or the frequencies do not fit.

    Example:
        >>> params = init_qkan(jax.random.key(0), 2, 5, reps=3)
        >>> params.theta.shape, params.weight.shape
        ((5, 2, 4, 2), (5, 2, 3))
    """
    circuit = ansatz if isinstance(ansatz, CircuitAnsatz) else get_ansatz(ansatz)
    for name, size in (("in_features", in_features), ("out_features", out_features)):
        check_positive(name, size)
    check_positive("reps", reps)
    if preact not in ("trainable", "shared", "fixed", "integer"):
        raise ParameterError(
            "preact: no such kind of frequencies",
            expected='"trainable", "shared", "fixed" or "integer"',
            got=repr(preact),
        )
    if frequencies is not None and len(frequencies) != reps:
        raise ParameterError(
            "frequencies: one per repetition is needed",
            expected=f"{reps} numbers",
            got=f"{len(frequencies)}",
            fix="pass spread_frequencies(reps), or change reps",
        )
    edges = (out_features, in_features) if group is None else (1, group)
    theta_shape = (*edges, *circuit.theta_shape(reps))
    if theta_init == "xavier":
        # Xavier's rule on the whole tensor: its receptive field is rows times columns.
        field = int(np.prod(circuit.theta_shape(reps)))
        scale = float(np.sqrt(2.0 / ((in_features + out_features) * field)))
    else:
        scale = 1.0 / reps
    # From |0> the first RY must leave the pole, where the encoding has no effect.
    leaves_pole = circuit.start == "zero" and isinstance(circuit, Ansatz)
    theta = _angles(key, theta_shape, scale, leaves_pole, jnp.dtype(dtype))
    trainable = preact in ("trainable", "shared")
    first = 1 if preact == "shared" else edges[0]
    start = np.ones(reps) if frequencies is None else np.asarray(frequencies)

    def full(shape: tuple[int, ...], value: Any) -> jax.Array:
        # By NumPy: a constant needs no program of its own.
        return jnp.asarray(np.broadcast_to(np.asarray(value, jnp.dtype(dtype)), shape))

    post = (out_features, in_features)
    return QKANParams(
        theta=theta,
        weight=full((first, edges[1], reps), start) if trainable else None,
        bias=full((*edges, reps), 0.0) if trainable or circuit.always_bias else None,
        post_weight=full(post, 1.0) if postact else None,
        post_bias=full(post, 0.0) if postact else None,
        base_weight=full(post, 0.5) if base else None,
    )


@partial(jax.jit, static_argnums=(1, 2, 3, 4), inline=True)
def _angles(
    key: jax.Array, shape: tuple[int, ...], scale: float, leaves_pole: bool, dtype: Any
) -> jax.Array:
    theta = scale * jax.random.normal(key, shape, dtype)
    return theta.at[..., 0, 0].add(np.pi / 2) if leaves_pole else theta


def check_positive(name: str, value: int) -> None:
    """Refuse a size that is not a positive integer."""
    if not isinstance(value, int) or value < 1:
        raise ParameterError(f"{name}: a positive integer is needed", expected=">= 1", got=value)


def repetitions(ansatz: Ansatz | CircuitAnsatz, params: QKANParams) -> int:
    """Number of repetitions r, read from the shapes of the parameters."""
    for array in (params.weight, params.bias):
        if array is not None:
            return array.shape[-1]
    if isinstance(ansatz, CircuitAnsatz):
        return ansatz.reps
    return params.theta.shape[-2] - (1 if ansatz.final else 0)


def check_shapes(
    ansatz: Ansatz | CircuitAnsatz, params: QKANParams, in_features: int, reps: int
) -> tuple[int, int]:
    """Check parameters without leading axes; returns (O, I).

    Raises:
        ParameterError: a parameter whose shape does not fit the others.
    """
    per_edge = (params.post_weight, params.post_bias, params.base_weight, params.mask)
    outputs = max(a.shape[0] for a in (params.theta, *per_edge) if a is not None)
    wanted = circuit_shapes(ansatz, reps)
    for name, shape in wanted.items():
        array = getattr(params, name)
        if array is None:
            continue
        rows, columns, *rest = array.shape
        full = name in ("post_weight", "post_bias", "base_weight", "mask")
        fits_out = rows == outputs or (rows == 1 and not full)
        fits_in = columns == in_features or (1 <= columns < in_features and not full)
        if not (fits_out and fits_in and tuple(rest) == shape):
            raise ParameterError(
                f"params.{name}: the shape does not fit the layer",
                expected=f"({outputs}, {in_features}{''.join(f', {s}' for s in shape)}) for "
                f"{outputs} outputs, {in_features} inputs and {reps} repetitions",
                got=array.shape,
                fix="make the parameters with init_qkan, or check the last axis of x",
            )
    return outputs, in_features


def circuit_shapes(ansatz: Ansatz | CircuitAnsatz, reps: int) -> dict[str, tuple[int, ...]]:
    """The axes of each parameter after the two axes of the edge."""
    return {
        "theta": tuple(ansatz.theta_shape(reps)),
        "weight": (reps,),
        "bias": (reps,),
        "post_weight": (),
        "post_bias": (),
        "base_weight": (),
        "mask": (),
    }
