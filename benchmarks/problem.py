"""What a case means, in gates, Pauli terms and angles: the one description every peer builds from.

NumPy only: this file is imported in every peer's environment.
Qubit 0 is the most significant bit; RX, RY, RZ and RZZ rotate by half angles.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.case import Case

HERE = Path(__file__).parent
MOLECULES = {
    "lih": HERE / "data/lih.json",
    "h2": HERE.parent / "qjax/observables/data/h2.json",
}


class Gate(NamedTuple):
    """A gate by name; `index` is the place of its angle among the parameters, if it has one."""

    name: str
    qubits: tuple[int, ...]
    index: int | None = None


class Term(NamedTuple):
    """A Pauli term: coefficient times the product of letters on qubits."""

    coefficient: float
    letters: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Problem:
    """A circuit, a Hamiltonian, and the angles to run them at.

    The circuit is `head` followed by `block` once per row of the angles. A circuit without
    repetition has an empty block, and its head takes the whole vector of angles.
    `angles` has shape (batch?, repeats, parameters of a block), or (batch?, parameters).
    """

    qubits: int
    head: tuple[Gate, ...]
    block: tuple[Gate, ...]
    terms: tuple[Term, ...]
    angles: np.ndarray

    @property
    def repeats(self) -> int:
        """Return how often the block is applied; 0 when the circuit has no repetition."""
        return self.angles.shape[-2] if self.block else 0

    def flat(self) -> list[Gate]:
        """Return every gate in order, with indices into one set of angles, flattened."""
        gates = list(self.head)
        width = self.angles.shape[-1]
        for layer in range(self.repeats):
            for name, qubits, index in self.block:
                gates.append(Gate(name, qubits, None if index is None else layer * width + index))
        return gates


def build(case: Case) -> Problem:
    """Return the problem of a case; the same everywhere, since the seeds are fixed."""
    n = case.qubits
    edges = cubic_graph(n) if case.circuit == "qaoa" else []
    head, block, shape = CIRCUITS[case.circuit](case, edges)
    batch = (case.batch,) if case.batch else ()
    angles = np.random.default_rng(7).uniform(0.0, 2 * np.pi, (*batch, *shape))
    if case.hamiltonian in MOLECULES:
        terms = molecule(case.hamiltonian)
    else:
        terms = cut(edges) if case.hamiltonian == "maxcut" else tfim(n)
    return Problem(n, tuple(head), tuple(block), tuple(terms), angles)


def layered(case: Case, edges):
    """RY and RZ on every qubit, then a ring of CZ or CNOT."""
    n = case.qubits
    block = [Gate("RY", (q,), 2 * q) for q in range(n)]
    block += [Gate("RZ", (q,), 2 * q + 1) for q in range(n)]
    block += [Gate(case.ring, (q, (q + 1) % n)) for q in range(n)]
    return [], block, (case.layers, 2 * n)


def qaoa(case: Case, edges):
    """A uniform superposition, then cost and mixer; one angle each per layer."""
    n = case.qubits
    head = [Gate("H", (q,)) for q in range(n)]
    block = [Gate("RZZ", edge, 0) for edge in edges] + [Gate("RX", (q,), 1) for q in range(n)]
    return head, block, (case.layers, 2)


def irregular(case: Case, edges):
    """Random gates on random qubits: nothing repeats."""
    draw = random.Random(11)
    singles, pairs = ["RX", "RY", "RZ", "H", "S", "T"], ["CNOT", "CZ", "RZZ", "SWAP"]
    gates, count = [], 0
    for _ in range(case.layers):
        name = draw.choice(singles if draw.random() < 0.6 else pairs)
        qubits = tuple(draw.sample(range(case.qubits), 2 if name in pairs else 1))
        rotates = name.startswith("R")
        gates.append(Gate(name, qubits, count if rotates else None))
        count += rotates
    return gates, [], (count,)


CIRCUITS = {"layers": layered, "qaoa": qaoa, "random": irregular}


def tfim(n: int) -> list[Term]:
    """Transverse-field Ising ring: -sum Z_i Z_{i+1} - 0.7 sum X_i."""
    bonds = [Term(-1.0, (("Z", q), ("Z", (q + 1) % n))) for q in range(n)]
    return bonds + [Term(-0.7, (("X", q),)) for q in range(n)]


def cut(edges) -> list[Term]:
    """Return minus the number of cut edges: sum over edges of (Z_i Z_j - 1) / 2."""
    return [Term(-0.5 * len(edges), ())] + [Term(0.5, (("Z", a), ("Z", b))) for a, b in edges]


def molecule(name: str) -> list[Term]:
    """Return a molecule's Hamiltonian: LiH (12 qubits, 631 terms) or H2 (4 qubits, 15 terms)."""
    points = json.loads(MOLECULES[name].read_text())["points"]
    return [
        Term(coefficient, tuple((letter, q) for q, letter in enumerate(word) if letter != "I"))
        for word, coefficient in points[len(points) // 2]["terms"]
    ]


def cubic_graph(n: int) -> list[tuple[int, int]]:
    """Return the edges of a random 3-regular simple graph, by pairing stubs until it is simple."""
    draw = random.Random(5)
    while True:
        stubs = [vertex for vertex in range(n) for _ in range(3)]
        draw.shuffle(stubs)
        pairs = zip(stubs[::2], stubs[1::2], strict=True)
        edges = {(min(a, b), max(a, b)) for a, b in pairs if a != b}
        if 2 * len(edges) == 3 * n:
            return sorted(edges)


def probe(n: int, count: int = 32) -> np.ndarray:
    """Return the indices of the amplitudes that peers are compared at."""
    return np.random.default_rng(3).integers(0, 2**n, count)
