"""One learned activation: a data re-uploading circuit as a function of a number."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from qjax.errors import ParameterError
from qjax.nn.qkan.ansatz import Ansatz, get_ansatz
from qjax.nn.qkan.bloch import Evaluation, Measure, edge_program, evaluate, measured
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.compiled import compiled


def daruan(
    x: jax.Array,
    theta: jax.Array,
    weight: jax.Array | None = None,
    bias: jax.Array | None = None,
    *,
    ansatz: str | Ansatz | CircuitAnsatz = "pz",
    frequencies: Sequence[float | int] | None = None,
    measure: Measure = "expval",
) -> jax.Array:
    """Data re-uploading activation, elementwise.

    Args:
        x: inputs, shape (*X), floating; in units in which frequency 1 has period 2 pi.
        theta: angles in radians, shape (*P, rows, columns); P broadcasts against X.
        weight: frequencies w, shape (*P, r). None: the fixed ``frequencies``.
        bias: phases b in radians, shape (*P, r). None: zeros.
        ansatz: a name from the table, an `Ansatz` or a `CircuitAnsatz`.
        frequencies: fixed frequencies, length r. None: ones.
        measure: ``"expval"`` for ``<Z>``, in [-1, 1]; ``"amplitude"`` for ``|alpha| - |beta|``.

    Returns:
        The activations, of theta's dtype, with the broadcast shape of P and X.

    Raises:
        ParameterError: shapes that do not fit the ansatz.

    Source: Jiang, Huang, Chen, Goan, arXiv:2509.14026.

    Example:
        >>> theta = 0.1 * jnp.ones((4, 2))  # three repetitions of the default ansatz
        >>> daruan(jnp.linspace(0.0, 1.0, 5), theta).shape
        (5,)
    """
    return _daruan(
        jnp.asarray(x).astype(theta.dtype),
        theta,
        weight,
        bias,
        ansatz=ansatz if isinstance(ansatz, CircuitAnsatz) else get_ansatz(ansatz),
        frequencies=None if frequencies is None else tuple(frequencies),
        measure=measure,
    )


@compiled("ansatz", "frequencies", "measure")
def _daruan(
    x: jax.Array,
    theta: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    *,
    ansatz: Ansatz | CircuitAnsatz,
    frequencies: tuple[float | int, ...] | None,
    measure: Measure,
) -> jax.Array:
    if isinstance(ansatz, CircuitAnsatz):
        reps, rank = ansatz.reps, len(ansatz.shape)
    else:
        reps, rank = theta.shape[-2] - (1 if ansatz.final else 0), 2
    if reps < 1 or theta.shape[theta.ndim - rank :] != ansatz.theta_shape(reps):
        raise ParameterError(
            "theta: the shape does not fit the ansatz",
            expected=f"(..., {', '.join(map(str, ansatz.theta_shape(max(reps, 1))))})",
            got=theta.shape,
            fix="the last axes are rows (repetitions, then the final gates) and angles per row",
        )
    lead = theta.shape[: theta.ndim - rank]
    ndim = max(len(lead), x.ndim)

    def edge_last(array: jax.Array, trailing: int) -> jax.Array:
        """Move the circuit's own axes to the front and pad the others to ``ndim``."""
        own = array.shape[array.ndim - trailing :]
        outer = array.shape[: array.ndim - trailing]
        padded = array.reshape((1,) * (ndim - len(outer)) + outer + own)
        return jnp.moveaxis(padded, range(ndim, ndim + trailing), range(trailing))

    inputs = x.reshape((1,) * (ndim - x.ndim) + x.shape)
    if weight is None:
        constant = np.ones(reps) if frequencies is None else np.asarray(frequencies)
        w = jnp.asarray(constant.reshape(reps, *(1,) * ndim), theta.dtype)
    else:
        w = edge_last(weight.astype(theta.dtype), 1)
    b = None if bias is None else edge_last(bias.astype(theta.dtype), 1)
    if w.shape[0] != reps or (b is not None and b.shape[0] != reps):
        raise ParameterError(
            "weight, bias, frequencies: one number per repetition is needed",
            expected=f"last axis {reps}, as theta has {theta.shape[-rank]} rows",
            got=f"frequencies {w.shape[0]}, phases {reps if b is None else b.shape[0]}",
        )
    if isinstance(ansatz, CircuitAnsatz):
        angles = w * inputs[None] + (jnp.zeros_like(w) if b is None else b)
        shape = jnp.broadcast_shapes(angles.shape[1:], (1,) * (ndim - len(lead)) + lead)
        flat = jnp.broadcast_to(angles, (reps, *shape)).reshape(reps, -1)
        own = jnp.broadcast_to(edge_last(theta, rank), (*ansatz.shape, *shape))
        own = own.reshape(*ansatz.shape, -1)
        values = jax.vmap(ansatz.evaluate, (-1, -1))(own, flat)
        return measured(values.reshape(shape), measure)
    how = Evaluation(ansatz, reps, measure)
    return evaluate(how, edge_program(how, edge_last(theta, rank), b), w, inputs)
