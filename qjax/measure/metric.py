"""The Fubini-Study metric tensor of a parametrised circuit, by derivatives or by overlaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from ..circuit import Circuit, as_circuit
from ..errors import ParameterError, UnsupportedError
from ..observables import Projector
from ..simulators import Simulator, Statevector
from .program import DEFAULT_SIM
from .verbs import expval, run

Blocks = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Derivatives:
    """The metric from the derivatives of the state: exact, for a `Statevector`.

    Args:
        blocks: groups of parameters, by their place in the flattened ones; entries between
            different groups are left at 0, and no more than one group's derivatives are in memory
            at a time. None for the whole matrix. See `layer_blocks`.
    """

    blocks: Blocks | None = None


@dataclass(frozen=True)
class Overlaps:
    """The metric from fidelities ``|<psi(a)|psi(b)>|**2``, four for each pair of parameters.

    Each is the probability of ``|0...0>`` after the circuit and the inverse of a shifted one, so
    that any simulator, trajectories or a quantum computer can answer. Exact where every parameter
    is the angle of one Pauli rotation; otherwise a central difference with an error of order
    ``shift**2``.

    Args:
        shift: radians, between 0 and pi. The default is the one of the smallest shot noise.
        blocks: as for `Derivatives`; entries between groups are not measured at all.

    Raises:
        ParameterError: a shift out of its range.

    Source: Mari, Bromley and Killoran, arXiv:2008.06517, generalised to any shift.
    """

    shift: float = float(np.pi / 2)
    blocks: Blocks | None = None

    def __post_init__(self) -> None:
        if not 0 < self.shift < np.pi:
            raise ParameterError(
                "Overlaps: shift must lie between 0 and pi (radians)", got=self.shift
            )


DERIVATIVES = Derivatives()


def metric_tensor(
    ansatz: Callable[[Any], Circuit],
    params: Any,
    *,
    method: Derivatives | Overlaps = DERIVATIVES,
    sim: Simulator = DEFAULT_SIM,
    key: Array | None = None,
) -> Float[Array, "parameters parameters"]:
    """The Fubini-Study metric ``Re(<d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>)``.

    It is a quarter of the quantum Fisher information, and for a turn by one Pauli rotation 1/4.

    Args:
        ansatz: from parameters to a circuit.
        params: a pytree of real arrays, all of one dtype.
        method: `Derivatives()`, or `Overlaps()` for simulators other than `Statevector`.
        sim: how circuits are simulated.
        key: a PRNG key, required when ``sim`` is random.

    Returns:
        Real, symmetric and, by `Derivatives`, positive semidefinite; in the order of the flattened
        parameters (`jax.flatten_util.ravel_pytree`).

    Raises:
        ParameterError: parameters that are not real, or blocks that are no partition.
        UnsupportedError: `Derivatives` of another simulator than a `Statevector`.

    Source: Stokes, Izaac, Killoran and Carleo, arXiv:1909.02108.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> ansatz = lambda w: qj.Circuit(1, [qj.RX(w[0], 0), qj.RZ(w[1], 0)])
        >>> qj.metric_tensor(ansatz, jnp.array([0.0, 0.3])).round(3).tolist()
        [[0.25, 0.0], [0.0, 0.0]]
    """
    params = jax.tree.map(jnp.asarray, params)
    for leaf in jax.tree.leaves(params):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise ParameterError("metric_tensor: params must be real numbers", got=str(leaf.dtype))
    flat, unravel = ravel_pytree(params)
    groups = _groups(method, flat.size)

    def circuit(w: Array) -> Circuit:
        return as_circuit(ansatz(unravel(w)), "metric_tensor: what ansatz returns")

    if isinstance(method, Overlaps):
        return _by_overlaps(circuit, flat, method.shift, groups, sim, key)
    if not isinstance(sim, Statevector):
        raise UnsupportedError(
            "metric_tensor: only a Statevector has derivatives of its state",
            got=repr(sim),
            fix="pass method=qjax.Overlaps()",
        )
    return _by_derivatives(lambda w: run(circuit(w), sim=sim), flat, groups)


def layer_blocks(params: Any) -> Blocks:
    """One block for each index of the leading axis: the block-diagonal metric of a layered ansatz.

    Args:
        params: a pytree of arrays that share their leading axis, the layers.

    Returns:
        For `Derivatives` or `Overlaps`.

    Example:
        >>> import numpy as np, qjax as qj
        >>> qj.measure.layer_blocks(np.zeros((2, 3)))
        ((0, 1, 2), (3, 4, 5))
    """
    leaves = jax.tree.leaves(params)
    lengths = {np.shape(x)[:1] for x in leaves}
    if len(lengths) != 1 or lengths == {()}:
        raise ParameterError(
            "layer_blocks: the arrays need one leading axis of the same length", got=sorted(lengths)
        )
    (layers,) = lengths.pop()
    blocks: list[list[int]] = [[] for _ in range(layers)]
    offset = 0
    for x in leaves:
        size = int(np.prod(np.shape(x)))
        for k, part in enumerate(np.arange(offset, offset + size).reshape(layers, -1)):
            blocks[k].extend(part.tolist())
        offset += size
    return tuple(map(tuple, blocks))


def _groups(method: Derivatives | Overlaps, size: int) -> Blocks:
    if not isinstance(method, Derivatives | Overlaps):
        raise UnsupportedError(
            "metric_tensor: method must be Derivatives() or Overlaps()", got=repr(method)
        )
    if method.blocks is None:
        return (tuple(range(size)),)
    if sorted(i for block in method.blocks for i in block) != list(range(size)):
        raise ParameterError(
            "metric_tensor: blocks must name every parameter once",
            expected=f"groups of 0 to {size - 1}",
            got=method.blocks,
        )
    return method.blocks


def _by_derivatives(state: Callable[[Array], Array], flat: Array, groups: Blocks) -> Array:
    psi, push = jax.linearize(state, flat)
    out = jnp.zeros((flat.size, flat.size), psi.real.dtype)
    for block in groups:
        index = np.array(block, int)
        moved = jax.vmap(push)(jnp.zeros((len(block), flat.size), flat.dtype)
                               .at[np.arange(len(block)), index].set(1))  # fmt: skip
        along = jnp.matmul(moved.conj(), psi, precision="highest")  # <d_i psi|psi>
        gram = jnp.matmul(moved.conj(), moved.T, precision="highest")
        part = (gram - jnp.outer(along, along.conj())).real
        out = out.at[np.ix_(index, index)].set(part)
    return out.astype(flat.dtype)


def _by_overlaps(
    circuit: Callable[[Array], Circuit],
    flat: Array,
    shift: float,
    groups: Blocks,
    sim: Simulator,
    key: Array | None,
) -> Array:
    pairs = np.array([(i, j) for block in groups for i in block for j in block if i <= j], int)
    pairs = pairs.reshape(-1, 2)
    steps = np.zeros((len(pairs), 4, flat.size))
    signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    for k, (i, j) in enumerate(pairs):  # i and j may be the same: the two shifts then add up
        steps[k, :, i] += signs[:, 0]
        steps[k, :, j] += signs[:, 1]
    moves = jnp.asarray(shift * steps.reshape(-1, flat.size), flat.dtype)

    def fidelity(move: Array, key: Array | None) -> Array:
        back = circuit(flat + move).inverse()
        whole = circuit(flat) + back
        return expval(whole, Projector("0" * whole.n), sim=sim, key=key)

    if key is None:
        values = jax.vmap(lambda m: fidelity(m, None))(moves)
    else:
        values = jax.vmap(fidelity)(moves, jax.random.split(key, len(moves)))
    slope = jnp.sum(values.reshape(-1, 4) * jnp.asarray([1, -1, -1, 1], values.dtype)[None], 1)
    entries = (-slope / (8 * np.sin(shift) ** 2)).astype(flat.dtype)
    i, j = pairs.T
    out = jnp.zeros((flat.size, flat.size), flat.dtype)
    return out.at[i, j].set(entries).at[j, i].set(entries)
