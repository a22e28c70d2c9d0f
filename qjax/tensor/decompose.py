"""From a matrix product state to a circuit that prepares it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit
from ..circuit.constructors import SU4
from ..errors import DataError, ParameterError
from ..gates.matrices import PAULI
from ..simulators.mps import MatrixProductState
from .staircase import analytic_layer, apply_layers, residual, undo
from .wavefront import log_fidelity, polished, swept

LARGEST_LAYERS = 8


class CircuitFit(NamedTuple):
    """A circuit that prepares a state approximately.

    Attributes:
        circuit: layers of SU(4) gates, each layer a staircase from qubit 0 to the last.
        fidelity: ``|<target|circuit>|**2``.
        history: the fidelity after every sweep, for each number of layers; for the last, also after
            every step that polishes.
        gates: the matrices, ``(layers, n - 1, 4, 4)``.
    """

    circuit: Circuit
    fidelity: float
    history: list[np.ndarray]
    gates: np.ndarray


def to_circuit(
    state: MatrixProductState,
    layers: int = 3,
    *,
    fidelity: float = 1.0,
    sweeps: int = 30,
    polish: int = 0,
    bond: int | None = None,
    start: np.ndarray | None = None,
) -> CircuitFit:
    """A circuit of staircase layers that prepares a state.

    Layer by layer: what the circuit so far leaves of the state is truncated to bond dimension 2,
    whose circuit is known in closed form and goes before the others; then all gates are optimised
    together. Only matrix product states occur, so 100 qubits are no obstacle.

    Args:
        state: on at least two qubits.
        layers: at most so many, 1 to 8.
        fidelity: stop as soon as it is reached.
        sweeps: there and back over all gates, after every new layer; 0 keeps the closed form.
        polish: L-BFGS steps on all gates at once, at the end.
        bond: dimension for the partly undone target (default: twice the state's, at least 16).
        start: gates to start from instead of the closed form, ``(layers, n - 1, 4, 4)``; all layers
            are then optimised at once, ``sweeps * layers`` times.

    Raises:
        ParameterError: numbers out of range.
        DataError: a chain of less than two qubits.

    Source: Ran, arXiv:1908.07958; the scheme Iter[D_i, O_all] of Rudolph et al., arXiv:2209.00595.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.tensor import MatrixProductState, to_circuit
        >>> bell = MatrixProductState.from_dense(jnp.array([1.0, 0, 0, 1.0]), 2)
        >>> fit = to_circuit(bell, 1, sweeps=1)
        >>> round(fit.fidelity, 4), fit.circuit.counts()
        (1.0, {'SU4': 1})
    """
    if state.n < 2:
        raise DataError("to_circuit: the state needs at least two qubits", got=state.n)
    if not 1 <= layers <= LARGEST_LAYERS:
        raise ParameterError(
            "to_circuit: layers is out of range", expected=f"1 to {LARGEST_LAYERS}", got=layers
        )
    if sweeps < 0 or polish < 0 or not 0 < fidelity <= 1:
        raise ParameterError(
            "to_circuit: sweeps and polish must not be negative and fidelity lie in (0, 1]",
            got=f"sweeps={sweeps}, polish={polish}, fidelity={fidelity}",
        )
    kind = np.result_type(state.tensors.dtype, np.complex64)
    target = state.normalised().tensors.astype(kind)
    width = bond or max(16, 2 * state.max_bond)
    width = max(min(width, 2 ** (state.n // 2 + 1)), state.max_bond)
    history: list[np.ndarray] = []
    if start is not None:
        gates = jnp.asarray(start).astype(kind)
        gates, reached = swept(gates, target, sweeps * gates.shape[0])
        history.append(np.asarray(reached))
    else:
        undone, gates = target, jnp.zeros((0, state.n - 1, 4, 4), kind)
        for k in range(1, layers + 1):
            layer = jnp.asarray(analytic_layer(residual(undone))).astype(kind)
            gates = jnp.concatenate([layer[None], gates])
            if sweeps:
                gates, reached = swept(gates, target, sweeps)
            else:
                reached = jnp.exp(log_fidelity(gates, target))[None]
            history.append(np.asarray(reached))
            if k == layers or history[-1][-1] >= fidelity:
                break
            undone = undo(gates, target, width)
    if polish:
        gates, reached = polished(gates, target, polish)
        history[-1] = np.concatenate([history[-1], reached])
    final = overlap_of(gates, target)
    matrices = np.asarray(gates)
    return CircuitFit(gates_to_circuit(matrices), final, history, matrices)


def overlap_of(gates: Any, target: Any) -> float:
    """``|<target|circuit>|**2`` of the gates, exactly, by the state that they make."""
    layers, n = gates.shape[0], target.shape[0]
    made = jax.jit(apply_layers, static_argnums=1)(gates, min(2**layers, 2 ** (n // 2)))
    return float(MatrixProductState(target).fidelity(MatrixProductState(made)))


def gates_to_circuit(gates: np.ndarray) -> Circuit:
    """Matrices ``(layers, n - 1, 4, 4)`` as SU(4) gates; global phases are dropped."""
    n = gates.shape[1] + 1
    ops = [SU4(su4_params(gates[k, a]), a, a + 1) for k in range(len(gates)) for a in range(n - 1)]
    return Circuit(n, ops)


def su4_params(matrix: np.ndarray) -> np.ndarray:
    """The 15 parameters of the SU(4) gate that equals a unitary up to a phase."""
    matrix = np.asarray(matrix, complex)
    real, imag = (matrix + matrix.conj().T) / 2, (matrix - matrix.conj().T) / 2j
    # The two commute: a generic combination has their common eigenvectors.
    _, v = np.linalg.eigh(real + 0.6180339887 * imag)
    phases = np.angle(np.einsum("ij,ik,kj->j", v.conj(), matrix, v))
    phases = phases - np.mean(phases)
    hermitian = (v * phases) @ v.conj().T
    words = [a + b for a in "IXYZ" for b in "IXYZ"][1:]
    return np.array([np.trace(np.kron(PAULI[a], PAULI[b]) @ hermitian).real / 4 for a, b in words])
