"""The fast part of a quantum fast-weight programmer: a circuit whose angles are the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

import qjax as qj
from qjax.errors import ParameterError
from qjax.simulators.paths import PauliPaths, few_paths


def brickwork_ry(x: jax.Array, weights: jax.Array) -> qj.Circuit:
    """The circuit of the published fast-weight programmer, all of real gates.

    H on every qubit, RY of input j on qubit j; then in every layer CNOTs on even pairs, CNOTs on
    odd pairs, and RY of the fast weights.

    Args:
        x: inputs in radians, shape (F,) with F <= n.
        weights: radians, shape (layers, n).

    Raises:
        ParameterError: more inputs than qubits.

    Source: Chen, arXiv:2402.17760, and the author's code.

    Example:
        >>> brickwork_ry(jnp.zeros(1), jnp.zeros((2, 4))).counts()
        {'H': 4, 'RY': 9, 'CX': 6}
    """
    layers, n = weights.shape
    if x.ndim != 1 or x.shape[0] > n:
        raise ParameterError(
            "brickwork_ry: one input per qubit at most", expected=f"(F,), F <= {n}", got=x.shape
        )
    ops: list[Any] = [qj.H(q) for q in range(n)]
    ops += [qj.RY(x[j], j) for j in range(x.shape[0])]
    for layer in range(layers):
        ops += [qj.CNOT(q, q + 1) for first in (0, 1) for q in range(first, n - 1, 2)]
        ops += [qj.RY(weights[layer, q], q) for q in range(n)]
    return qj.Circuit(n, ops)


@dataclass(frozen=True, eq=False)
class FastCircuit:
    """A circuit of an input and of fast weights, and what is measured of it.

    Args:
        shape: rows R and columns C of the fast weights; layers and qubits of `brickwork_ry`.
        outputs: how many qubits are measured, ``<Z>`` of the first ones; or the observables.
        circuit: function of an input (F,) and weights (R, C) to a `Circuit`.
        sim: how it is simulated. None: a circuit that few Pauli words pass through by
            `qjax.simulators.paths.PauliPaths`, as the published one, others as a statevector.
        gradient: how a statevector is differentiated. Adjoint, the default, is the fastest in
            batches; where second derivatives or forward mode are wanted pass Backprop().

    Example:
        >>> FastCircuit((2, 4), 3)(jnp.zeros(1), jnp.zeros((2, 4))).shape
        (3,)
    """

    shape: tuple[int, int] = (2, 8)
    outputs: int | Sequence[Any] = 4
    circuit: Callable[[jax.Array, jax.Array], qj.Circuit] = brickwork_ry
    sim: Any = None
    gradient: Any = field(default_factory=qj.Adjoint)

    @property
    def out_features(self) -> int:
        """How many numbers come out."""
        return self.outputs if isinstance(self.outputs, int) else len(self.outputs)

    def __call__(self, x: jax.Array, weights: jax.Array) -> jax.Array:
        """Expectation values (O,) for one input (F,) and one set of weights (R, C)."""
        if isinstance(self.outputs, int):
            observables: Any = [qj.Z(q) for q in range(self.outputs)]
        else:
            observables = list(self.outputs)
        circuit = self.circuit(x, weights)
        sim, gradient = self.sim, self.gradient
        if sim is None and few_paths(circuit, observables):
            sim, gradient = PauliPaths(), qj.Backprop()
        sim = qj.Statevector() if sim is None else sim
        return jnp.stack(qj.expval(circuit, observables, sim=sim, gradient=gradient))
