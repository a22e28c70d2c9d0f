"""A layer's activations as circuits: one edge, or a whole layer side by side on one register."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from qjax.circuit import Circuit, Operation
from qjax.circuit.constructors import RX, RY, RZ, H, X, Y, Z
from qjax.errors import DataError
from qjax.nn.qkan.ansatz import DATA, HALF_TURN, Ansatz, get_ansatz
from qjax.nn.qkan.circuit_ansatz import CircuitAnsatz
from qjax.nn.qkan.parameters import QKANParams, repetitions

_ROTATIONS = {"X": RX, "Y": RY, "Z": RZ}
_PAULIS = {"X": X, "Y": Y, "Z": Z}


def edge_parameters(
    params: QKANParams, output: int, source: int
) -> tuple[jax.Array, jax.Array | None, jax.Array | None]:
    """Theta, frequencies and phases of the edge from input ``source`` to ``output``."""

    def pick(array: jax.Array | None) -> jax.Array | None:
        if array is None:
            return None
        return array[output if array.shape[0] > 1 else 0, source % array.shape[1]]

    theta = pick(params.theta)
    assert theta is not None
    return theta, pick(params.weight), pick(params.bias)


def edge_circuit(
    params: QKANParams,
    output: int,
    source: int,
    x: jax.Array | float,
    *,
    ansatz: str | Ansatz | CircuitAnsatz = "pz",
    frequencies: Sequence[float | int] | None = None,
) -> Circuit:
    """The activation of one edge as a circuit, whose ``<Z>`` (or observable) it is.

    Args:
        params: parameters of the layer, without leading batch axes.
        output: index o of the edge.
        source: index i of the edge.
        x: the input, a scalar.
        ansatz: the circuit of the activations.
        frequencies: fixed frequencies, where ``params.weight`` is None. None: ones.

    Returns:
        A `Circuit`; on one qubit, unless the ansatz is a user's circuit of several.

    Raises:
        DataError: no such edge.

    Example:
        >>> from qjax.nn.qkan import init_qkan
        >>> params = init_qkan(jax.random.key(0), 2, 5, reps=1)
        >>> circuit = edge_circuit(params, 4, 1, 0.3)
    """
    circuit = ansatz if isinstance(ansatz, CircuitAnsatz) else get_ansatz(ansatz)
    reps = repetitions(circuit, params)
    outputs, inputs = _size(params)
    if not (0 <= output < outputs and (0 <= source < inputs)):
        raise DataError(
            "edge_circuit: there is no such edge",
            expected=f"0 <= output < {outputs} and 0 <= source < {inputs}",
            got=f"output {output}, source {source}",
        )
    theta, weight, bias = edge_parameters(params, output, source)
    if weight is None:
        weight = jnp.asarray(frequencies or (1.0,) * reps, theta.dtype)
    angles = weight * jnp.asarray(x, theta.dtype)
    if bias is not None:
        angles = angles + bias
    if isinstance(circuit, CircuitAnsatz):
        return circuit.circuit(angles, theta)
    return Circuit(1, edge_operations(circuit, reps, theta, angles, 0))


def edge_operations(
    ansatz: Ansatz, reps: int, theta: jax.Array, angles: jax.Array, qubit: int
) -> list[Operation]:
    """The gates of one edge on ``qubit``: theta (rows, columns), encoded angles (r,)."""
    operations: list[Operation] = [H(qubit)] if ansatz.start == "plus" else []
    for gate, rep in ansatz.gates(reps):
        if gate.angle == HALF_TURN:
            operations.append(_PAULIS[gate.axis](qubit))
            continue
        if gate.angle == DATA:
            angle = angles[rep]
            if ansatz.encoding == "arccos":
                angle = jnp.arccos(jnp.clip(angle, -1.0, 1.0))
        else:
            angle = theta[rep, int(gate.angle)]
        operations.append(_ROTATIONS[gate.axis](angle, qubit))
    return operations


def packed_layer(
    params: QKANParams,
    x: jax.Array,
    *,
    ansatz: str | Ansatz = "pz",
    frequencies: Sequence[float | int] | None = None,
    qubits: int | None = None,
) -> list[Circuit]:
    """All activations of a layer as few circuits, independent edges side by side.

    Edge ``k = o I + i`` is on qubit ``k mod n`` of circuit ``k // n``; ``<Z>`` of each qubit is
    the activation. The circuits are of one structure, the last one perhaps narrower.

    Args:
        params: parameters of the layer, without leading batch axes.
        x: one input vector, shape (I,).
        ansatz: a one-qubit ansatz.
        frequencies: fixed frequencies, where ``params.weight`` is None. None: ones.
        qubits: width n of a circuit. None: all edges in one circuit.

    Returns:
        The circuits, O I / n of them, rounded up.

    Source: the packing of independent circuits follows the ``qkan`` package, release 0.2.3.

    Example:
        >>> from qjax.nn.qkan import init_qkan
        >>> params = init_qkan(jax.random.key(0), 2, 5, reps=1)
        >>> [circuit.n for circuit in packed_layer(params, jnp.zeros(2), qubits=4)]
        [4, 4, 2]
    """
    circuit = get_ansatz(ansatz)
    reps = repetitions(circuit, params)
    outputs, inputs = _size(params)
    if x.shape != (inputs,):
        raise DataError("packed_layer: x is one input vector", expected=f"({inputs},)", got=x.shape)
    edges = [(output, source) for output in range(outputs) for source in range(inputs)]
    width = qubits or len(edges)
    circuits = []
    for first in range(0, len(edges), width):
        chosen = edges[first : first + width]
        operations: list[Operation] = []
        for qubit, (output, source) in enumerate(chosen):
            theta, weight, bias = edge_parameters(params, output, source)
            if weight is None:
                weight = jnp.asarray(frequencies or (1.0,) * reps, theta.dtype)
            angles = weight * x[source].astype(theta.dtype)
            angles = angles if bias is None else angles + bias
            operations += edge_operations(circuit, reps, theta, angles, qubit)
        circuits.append(Circuit(len(chosen), operations))
    return circuits


def _size(params: QKANParams) -> tuple[int, int]:
    """(O, I), the largest axes among the parameters."""
    edges = [array.shape[:2] for array in params if array is not None]
    return max(shape[0] for shape in edges), max(shape[1] for shape in edges)
