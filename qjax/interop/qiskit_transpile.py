"""Qiskit's transpiler, for the layouts and routes of large devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..circuit import Circuit
from ..circuit.lowering import as_basis
from .needs import require
from .qiskit_in import from_qiskit
from .qiskit_out import to_qiskit


@dataclass(frozen=True)
class Transpiled:
    """What `transpile` returns.

    Attributes:
        circuit: the circuit on the qubits of the device.
        permutation: qubit ``q`` of the original circuit ends on qubit ``permutation[q]``.
    """

    circuit: Circuit
    permutation: tuple[int, ...]


def transpile(
    circuit: Circuit,
    backend: Any = None,
    *,
    basis: Any = None,
    coupling_map: Any = None,
    directed: bool = False,
    optimization_level: int = 1,
    seed: int = 0,
) -> Transpiled:
    """The circuit laid out, routed and optimised by Qiskit.

    Args:
        circuit: what to run; a `qjax.Param` stays one.
        backend: a Qiskit backend, whose gates and couplings are taken.
        basis: gates without a backend: one of the bases of `Circuit.decompose`, or a list of
            Qiskit names.
        coupling_map: pairs of qubits, where no backend is given.
        directed: whether gates must name their qubits in the order of a pair.
        optimization_level: 0 (none) to 3 (slow).
        seed: of Qiskit's random choices.

    Raises:
        UnsupportedError: Qiskit is not installed, or the result has an instruction without
            a counterpart.

    Example:
        >>> import qjax as qj
        >>> from qjax.interop import transpile
        >>> done = transpile(
        ...     qj.Circuit(3, [qj.CCX(0, 1, 2)]), basis="rz,sx,x,cz", coupling_map=[(0, 1), (1, 2)]
        ... )
        >>> done.circuit.fits("line")
        True
    """
    require("qiskit", "transpile")
    import qiskit
    from qiskit.transpiler import CouplingMap

    options: dict[str, Any] = {}
    if basis is not None:
        named = isinstance(basis, list | tuple)
        options["basis_gates"] = list(basis) if named else sorted(as_basis(basis).names)
    if coupling_map is not None:
        pairs = [tuple(pair) for pair in coupling_map]
        back = [] if directed else [p[::-1] for p in pairs]
        options["coupling_map"] = CouplingMap(dict.fromkeys([*pairs, *back]))
    done = qiskit.transpile(
        to_qiskit(circuit),
        backend,
        optimization_level=optimization_level,
        seed_transpiler=seed,
        **options,
    )
    places = range(circuit.n) if done.layout is None else done.layout.final_index_layout()
    return Transpiled(from_qiskit(done), tuple(int(p) for p in places))
