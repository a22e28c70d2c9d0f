"""A whole QKAN layer as one function of its inputs and parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from qjax.errors import DataError, ParameterError, UnsupportedError
from qjax.nn.qkan.ansatz import Ansatz, get_ansatz
from qjax.nn.qkan.bloch import Measure
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.compiled import compiled
from qjax.nn.qkan.fourier import Fourier, degree, fourier_obstacle
from qjax.nn.qkan.methods import Dense, Grouped, Method, Scan
from qjax.nn.qkan.parameters import QKANParams, check_shapes, natural_ranks, repetitions
from qjax.nn.qkan.prepared import Layer

METHODS: dict[str, Method] = {
    "scan": Scan(),
    "dense": Dense(),
    "fourier": Fourier(),
    "group": Grouped(),
}

# Features (harmonics times inputs times batch) that the automatic choice lets Fourier store.
_FOURIER_FEATURES = 2**26


def qkan_layer(
    x: jax.Array,
    params: QKANParams,
    *,
    ansatz: str | Ansatz | CircuitAnsatz = "pz",
    frequencies: Sequence[float | int] | None = None,
    measure: Measure = "expval",
    base: Callable[[jax.Array], jax.Array] = jax.nn.silu,
    method: str | Method = "auto",
) -> jax.Array:
    """Sum of learned quantum activations on every edge from I inputs to O outputs.

    ``y[o] = sum_i mask[o,i] (post_weight[o,i] (phi_oi(x[i]) + post_bias[o,i])
    + base_weight[o,i] base(x[i]))``.

    Args:
        x: inputs, shape (..., I), floating; radians where the frequency is 1.
        params: a `QKANParams`. Leading batch axes of its theta pair with the first axes of x,
            one parameter set per entry; parameters without these axes are shared by all.
        ansatz: the circuit of the activations.
        frequencies: fixed frequencies, length r, where ``params.weight`` is None. None: ones.
        measure: ``"expval"`` for ``<Z>``; ``"amplitude"`` for ``|alpha| - |beta|``, which no
            hardware can measure (see `measured`).
        base: elementwise base function.
        method: ``"auto"``, or how to evaluate: `Scan`, `Dense`, `Fourier`, `Grouped` or the
            names ``"scan"``, ``"dense"``, ``"fourier"``, ``"group"``. All agree.

    Returns:
        Outputs, shape (..., O), of theta's dtype.

    Raises:
        DataError: x has no feature axis, or does not pair with the batch axes of the parameters.
        ParameterError: parameters whose shapes do not fit.
        UnsupportedError: a method that cannot evaluate this layer.

    Source: Jiang, Huang, Chen, Goan, arXiv:2509.14026.

    Example:
        >>> from qjax.nn.qkan import init_qkan
        >>> params = init_qkan(jax.random.key(0), 2, 5)
        >>> qkan_layer(jnp.zeros((7, 2)), params).shape
        (7, 5)
    """
    circuit = ansatz if isinstance(ansatz, CircuitAnsatz) else get_ansatz(ansatz)
    x = jnp.asarray(x).astype(params.theta.dtype)
    ranks = natural_ranks(circuit)
    lead = params.theta.ndim - ranks[0]
    if lead < 0 or x.ndim < 1 + lead or x.shape[:lead] != params.theta.shape[:lead]:
        raise DataError(
            "x: the shape does not pair with the leading axes of params.theta",
            expected=f"({', '.join(map(str, params.theta.shape[: max(lead, 0)]))}, ..., inputs)",
            got=f"x {x.shape}, theta {params.theta.shape}",
            fix="use jax.vmap over the parameters for one input and many parameter sets",
        )

    return _batched_layer(
        x,
        params,
        ansatz=circuit,
        frequencies=None if frequencies is None else tuple(frequencies),
        measure=measure,
        base=base,
        method=method,
    )


@compiled("ansatz", "frequencies", "measure", "base", "method")
def _batched_layer(
    x: jax.Array,
    params: QKANParams,
    *,
    ansatz: Ansatz | CircuitAnsatz,
    frequencies: tuple[float | int, ...] | None,
    measure: Measure,
    base: Callable[[jax.Array], jax.Array],
    method: str | Method,
) -> jax.Array:
    """The layer for parameters with leading batch axes."""
    ranks = natural_ranks(ansatz)

    def one(x: jax.Array, params: QKANParams) -> jax.Array:
        return _one_layer(x, params, ansatz, frequencies, measure, base, method)

    for depth in range(params.theta.ndim - ranks[0]):
        # The innermost axis is mapped first; parameters without it are shared.
        axes = (
            None if array is None or array.ndim - rank <= depth else 0
            for array, rank in zip(params, ranks, strict=True)
        )
        one = jax.vmap(one, (0, QKANParams(*axes)))  # pyright: ignore[reportArgumentType]
    return one(x, params)


def _one_layer(
    x: jax.Array,
    params: QKANParams,
    ansatz: Ansatz | CircuitAnsatz,
    frequencies: Sequence[float | int] | None,
    measure: Measure,
    base: Callable[[jax.Array], jax.Array],
    method: str | Method,
) -> jax.Array:
    """The layer for one set of parameters; x of shape (..., I)."""
    reps = repetitions(ansatz, params)
    outputs, inputs = check_shapes(ansatz, params, x.shape[-1], reps)
    if frequencies is None:
        frequencies = (1.0,) * reps
    elif len(frequencies) != reps or params.weight is not None:
        raise ParameterError(
            "frequencies: fixed frequencies do not go with these parameters",
            expected=f"{reps} numbers, and params.weight None",
            got=f"{len(frequencies)} numbers, params.weight "
            f"{None if params.weight is None else params.weight.shape}",
            fix='make the parameters with preact="integer", or leave frequencies out',
        )
    layer = Layer(ansatz, reps, tuple(frequencies), measure, inputs, outputs)
    batch = x.reshape(-1, inputs)
    y = choose_method(method, layer, params, batch.shape[0]).apply(layer, params, batch)
    if params.base_weight is not None:
        weight = params.base_weight
        weight = weight if params.mask is None else weight * params.mask
        y = y + jnp.matmul(base(batch), weight.T)
    return y.reshape(*x.shape[:-1], outputs)


def choose_method(method: str | Method, layer: Layer, params: QKANParams, batch: int) -> Method:
    """The method of this name; for ``"auto"`` the one that suits the layer.

    Shared activations are a matrix product; a common set of frequencies is a matrix product over
    Fourier features while these are not too many; all else is the scan over inputs, which for a
    small layer is a single step, the dense form.
    """
    if not isinstance(method, str):
        return method
    if method in METHODS:
        return METHODS[method]
    if method != "auto":
        raise UnsupportedError(
            "method: no such method",
            expected='"auto", ' + ", ".join(f'"{name}"' for name in METHODS),
            got=repr(method),
        )
    own = (params.theta, params.weight, params.bias)
    if all(array is None or array.shape[0] == 1 for array in own):
        return METHODS["group"]
    if fourier_obstacle(layer, params) is None:
        fixed = params.weight is None
        features = 2 * degree(layer.frequencies) + 1 if fixed else 3**layer.reps
        if features * layer.in_features * batch <= _FOURIER_FEATURES and features <= 100:
            return METHODS["fourier"]
    return METHODS["scan"]
