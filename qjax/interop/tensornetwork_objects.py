"""Objects of Google's TensorNetwork: matrix product states, operators, and circuits as nodes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jax.core import Tracer

from ..circuit import Circuit
from ..errors import UnsupportedError
from ..simulators.mps import MatrixProductState
from ..tensor import MatrixProductOperator
from .chains import as_operator, as_state, operator_sites, state_sites
from .needs import require
from .plain import plain_gates, whole_matrix

_MATRIX = 8  # qubits of a gate that becomes one node


class Network(NamedTuple):
    """A circuit as a tensor network that ends in its final state.

    Attributes:
        nodes: of `tensornetwork`: ``|0>`` on every qubit, then one for each gate.
        outputs: the dangling edges, qubit 0 first.
    """

    nodes: list[Any]
    outputs: list[Any]


def to_tensornetwork(value: Any, *, backend: str = "numpy") -> Any:
    """A state, an operator or a circuit as objects of `tensornetwork`.

    Args:
        value: a `MatrixProductState` (becomes a ``FiniteMPS``, tensors and norm as they are, no
            centre position), a `MatrixProductOperator` (a ``FiniteMPO``) or a circuit of gates
            with known numbers (a `Network`).
        backend: of TensorNetwork, ``"numpy"`` or ``"jax"``; traced states need the latter.

    Raises:
        UnsupportedError: TensorNetwork is not installed, another kind of object, traced numbers,
            or an operation that is no gate.

    Example:
        >>> import qjax as qj, tensornetwork as tn
        >>> from qjax.interop import to_tensornetwork
        >>> net = to_tensornetwork(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)]))
        >>> state = tn.contractors.greedy(net.nodes, output_edge_order=net.outputs).tensor
        >>> state.real.round(4).tolist()
        [[0.7071, 0.0], [0.0, 0.7071]]
    """
    tn = require("tensornetwork", "to_tensornetwork")
    if isinstance(value, Circuit):
        return _network(tn, value, backend)
    if isinstance(value, MatrixProductState):
        sites = _arrays(state_sites(value), backend)
        return tn.FiniteMPS(sites, canonicalize=False, backend=backend)
    if isinstance(value, MatrixProductOperator):
        sites = _arrays(operator_sites(value), backend)
        return tn.FiniteMPO([t.transpose(0, 3, 1, 2) for t in sites], backend=backend)
    raise UnsupportedError(
        "to_tensornetwork: there is no conversion for this object",
        expected="a MatrixProductState, a MatrixProductOperator or a Circuit",
        got=type(value).__name__,
    )


def from_tensornetwork(value: Any) -> MatrixProductState | MatrixProductOperator:
    """A ``FiniteMPS`` or a ``FiniteMPO`` of qubits from `tensornetwork`.

    Raises:
        UnsupportedError: TensorNetwork is not installed, or another kind of object.
        DataError: a chain of other things than qubits.

    Example:
        >>> import numpy as np, tensornetwork as tn
        >>> from qjax.interop import from_tensornetwork
        >>> mps = tn.FiniteMPS.random([2, 2, 2], [2, 2], np.float64)
        >>> from_tensornetwork(mps).n
        3
    """
    tn = require("tensornetwork", "from_tensornetwork")
    if isinstance(value, tn.FiniteMPS):
        return as_state(list(value.tensors), "from_tensornetwork")
    if isinstance(value, tn.FiniteMPO):
        sites = [t.transpose(0, 2, 3, 1) for t in value.tensors]
        return as_operator(sites, "from_tensornetwork")
    raise UnsupportedError(
        "from_tensornetwork: there is no conversion for this object",
        expected="a tensornetwork.FiniteMPS or FiniteMPO",
        got=type(value).__name__,
    )


def _arrays(sites: list[Any], backend: str) -> list[Any]:
    """Site tensors that the backend takes."""
    if backend == "jax":
        import jax.numpy as jnp

        return [jnp.asarray(t) for t in sites]
    if any(isinstance(t, Tracer) for t in sites):
        raise UnsupportedError(
            "to_tensornetwork: the tensors are traced",
            got=f"backend={backend!r}",
            fix='pass backend="jax", or convert outside jit, grad and vmap',
        )
    return sites


def _network(tn: Any, circuit: Circuit, backend: str) -> Network:
    node = lambda array: tn.Node(_arrays([array], backend)[0], backend=backend)  # noqa: E731
    nodes = [node(np.array([1, 0], complex)) for _ in range(circuit.n)]
    edges = [start[0] for start in nodes]
    for gate in plain_gates(circuit, "to_tensornetwork"):
        qubits = gate.qubits
        if len(qubits) > _MATRIX:
            raise UnsupportedError(
                f"to_tensornetwork: {gate.name} acts on {len(qubits)} qubits",
                expected=f"at most {_MATRIX}",
                fix='call circuit.decompose("u,cx") first',
            )
        tensor = whole_matrix(gate).reshape((2,) * (2 * len(qubits)))
        # A phase alone becomes a node without edges, which contractions multiply in.
        new = node(tensor)
        for k, q in enumerate(qubits):
            tn.connect(edges[q], new[len(qubits) + k])
            edges[q] = new[k]
        nodes.append(new)
    return Network(nodes, edges)
