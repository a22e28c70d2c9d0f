"""A circuit as what is sent to a backend: one named angle for every rotation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from ..circuit import Circuit, Gate, Param
from ..circuit.lowering import as_basis
from ..circuit.lowering.two_qubit import simpler
from ..circuit.synthesis.one_qubit import make
from ..errors import UnsupportedError
from ..qasm import dumps

ROTATIONS = frozenset(["RX", "RY", "RZ", "RXX", "RYY", "RZZ", "RZX"])
"""Gates ``exp(-i theta/2 P)``: the only ones of a program that have an angle."""


@dataclass(frozen=True, eq=False)
class Program:
    """A circuit whose every angle is an input.

    Attributes:
        circuit: gates with a `qjax.Param` in every rotation.
        names: the inputs, in the order of the columns of ``angles``.
        places: logical qubit ``q`` is measured on qubit ``places[q]``.
    """

    circuit: Circuit
    names: tuple[str, ...]
    places: tuple[int, ...]

    @cached_property
    def text(self) -> str:
        """The program in OpenQASM 3, with ``input float[64]`` for every angle."""
        return dumps(self.circuit)

    @cached_property
    def fingerprint(self) -> str:
        """A name for the program that stays the same in other processes."""
        return hashlib.sha256(f"{self.text}{self.places}".encode()).hexdigest()

    def bound(self, angles: Any) -> Circuit:
        """The circuit at one row of angles."""
        return self.circuit.bind({n: float(a) for n, a in zip(self.names, angles, strict=True)})


@dataclass(frozen=True)
class Sources:
    """Where the angles of a program come from: ``scale * leaf[entry] + shift`` each."""

    leaf: np.ndarray
    entry: np.ndarray
    scale: np.ndarray
    shift: np.ndarray


def compile_program(
    treedef: Any,
    shapes: tuple[tuple[int, ...], ...],
    basis: Any = None,
    coupling_map: Any = None,
    directed: bool = False,
) -> tuple[Program, Sources]:
    """The program of a circuit's structure, and what its angles are in terms of the leaves.

    Args:
        treedef: of the circuit.
        shapes: of its leaves.
        basis, coupling_map, directed: see `Capabilities`.

    Raises:
        UnsupportedError: a gate that carries a matrix or a vector; an operation that is no gate.
    """
    names: dict[str, tuple[int, int]] = {}
    marked = []
    for k, shape in enumerate(shapes):
        array = np.empty(shape, object)
        for entry in range(array.size):
            names[f"{k}.{entry}"] = (k, entry)
            array.reshape(-1)[entry] = Param(f"{k}.{entry}")
        marked.append(array[()] if shape == () else array)
    circuit: Circuit = jax.tree.unflatten(treedef, marked)
    rows: list[tuple[int, int, float, float]] = []
    gates: list[Gate] = []
    for op in circuit.ops:
        for gate in _rotations(op):
            if gate.params:
                angle = gate.params[0]
                if isinstance(angle, Param):
                    rows.append((*names[angle.name], angle.scale, angle.shift))
                    gate = gate._replace(params=(Param(f"a{len(rows) - 1}"),))
            gates.append(gate)
    columns = np.array(rows, float).reshape(-1, 4).T
    sources = Sources(columns[0].astype(int), columns[1].astype(int), columns[2], columns[3])
    fitted, places = _fitted(Circuit(circuit.n, gates), basis, coupling_map, directed)
    return Program(fitted, tuple(f"a{k}" for k in range(len(rows))), places), sources


def _fitted(
    circuit: Circuit, basis: Any, coupling_map: Any, directed: bool
) -> tuple[Circuit, tuple[int, ...]]:
    places = tuple(range(circuit.n))
    directions = coupling_map if directed else None
    if basis is not None:
        circuit = circuit.decompose(basis, directions=directions)
    if coupling_map is not None and not circuit.fits(coupling_map, directed=directed):
        chosen = "rx,ry,rz,cx" if basis is None else as_basis(basis)
        routed = circuit.decompose(chosen).route(coupling_map)
        places = routed.permutation
        circuit = routed.circuit.decompose(chosen, directions=directions)
    return circuit, places


def _rotations(op: Any) -> Iterator[Gate]:
    """Gates without parameters, and rotations about one Pauli word."""
    if hasattr(op, "unroll"):
        for turn in op.unroll():
            for inner in turn:
                yield from _rotations(inner)
        return
    if not isinstance(op, Gate):
        raise UnsupportedError(
            f"Device: {type(op).__name__} is not run on hardware",
            got=f"{op!r:.60}",
            fix="ask for expectation values or samples of a circuit of gates",
        )
    if op.name == "GlobalPhase" and not op.controls:
        return
    if any(not isinstance(p, Param) for p in op.params):
        raise UnsupportedError(
            f"Device: {op.name} carries an array, which no backend takes",
            expected="gates with scalar angles",
            fix='call circuit.decompose("rx,ry,rz,cx") where its numbers are known',
        )
    plain = not op.controls and not op.inverted
    if plain and (op.name in ROTATIONS or (not op.params and op.name != "Permutation")):
        yield op
    elif plain and op.name == "P":
        yield op._replace(name="RZ")
    elif plain and op.spec.split is not None:
        for name, params in op.spec.split(op.params):
            qubits = () if name == "GlobalPhase" else op.targets
            yield from _split_rotations(make(name, params, qubits))
    else:
        for part in simpler(op):
            yield from _split_rotations(part)


def _split_rotations(gate: Gate) -> Iterator[Gate]:
    """As `_rotations`, for parts whose angles may be known: those are written as numbers."""
    known = [not isinstance(p, Param) for p in gate.params]
    if known and all(known):
        if gate.name in ROTATIONS or gate.name == "P" or len(gate.qubits) == 1:
            yield gate
        elif gate.name != "GlobalPhase" or gate.controls:
            for part in simpler(gate):
                yield from _split_rotations(part)
        return
    yield from _rotations(gate)
