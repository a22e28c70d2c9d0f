"""Random circuits whose structure and whose parameters come from two separate sources.

Everything that is structure (gates, qubits, control values, words, permutations, blocks) follows
from ``choose(k)``, a number below k; every angle and matrix follows from a NumPy generator. So one
structure, compiled once, is met by many sets of parameters, and hypothesis can drive and shrink
the structure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

import qjax as qj

Choose = Callable[[int], int]
Values = np.random.Generator


@dataclass
class Template:
    """An operation without its parameters: draw some, then make the operation of them."""

    kind: str
    draw: Callable[[Values], list]
    make: Callable[[list], Any]
    inner: list["Template"] = field(default_factory=list)

    def kinds(self):
        """The constructors used, blocks and wrappers included."""
        yield self.kind
        for template in self.inner:
            yield from template.kinds()


@dataclass
class Structure:
    """A circuit without its parameters."""

    n: int
    templates: list[Template]

    def circuit(self, values: Values) -> qj.Circuit:
        """The circuit with freshly drawn parameters."""
        return qj.Circuit(self.n, [t.make(t.draw(values)) for t in self.templates])

    def kinds(self):
        for template in self.templates:
            yield from template.kinds()


def angle(values: Values) -> np.ndarray:
    """Any angle, and now and then one where gates degenerate."""
    if values.random() < 0.1:
        return np.asarray(values.choice([0.0, np.pi / 2, np.pi, -np.pi, 2 * np.pi]))
    return values.uniform(-2 * np.pi, 2 * np.pi, ())


def random_unitary(values: Values, d: int) -> np.ndarray:
    q, r = np.linalg.qr(values.normal(size=(d, d)) + 1j * values.normal(size=(d, d)))
    return q * (np.diag(r) / np.abs(np.diag(r)))


def random_orthogonal(values: Values, d: int) -> np.ndarray:
    return np.linalg.qr(values.normal(size=(d, d)))[0]


def random_hermitian(values: Values, d: int, real: bool = False) -> np.ndarray:
    a = values.normal(size=(d, d)) + (0 if real else 1j) * values.normal(size=(d, d))
    return (a + a.conj().T) / 2


def random_state(values: Values, d: int, real: bool = False) -> np.ndarray:
    v = values.normal(size=d) + (0 if real else 1j) * values.normal(size=d)
    return v / np.linalg.norm(v)


# constructor: (number of angles, number of qubits), qubits after angles
PLAIN = {
    **dict.fromkeys(("I", "X", "Y", "Z", "H", "S", "Sdg", "T", "Tdg", "SX", "SXdg"), (0, 1)),
    **dict.fromkeys(("RX", "RY", "RZ", "P"), (1, 1)),
    **dict.fromkeys(("CX", "CY", "CZ", "CH", "CS", "CSX", "SWAP", "ISWAP", "ECR", "CNOT"), (0, 2)),
    **dict.fromkeys(("CP", "CRX", "CRY", "CRZ", "RXX", "RYY", "RZZ", "RZX"), (1, 2)),
    **dict.fromkeys(("CCX", "CCZ", "CSWAP", "Toffoli", "Fredkin"), (0, 3)),
    "GlobalPhase": (1, 0),
    "U2": (2, 1),
    "U3": (3, 1),
    "U": (3, 1),
    "CU": (4, 2),
    "XXPlusYY": (2, 2),
    "fSim": (2, 2),
}
# constructor: least and most number of qubits
SPECIAL = {
    "PauliRotation": (1, 5),
    "Diagonal": (1, 4),
    "Permutation": (1, 3),
    "Unitary": (1, 3),
    "RealUnitary": (1, 3),
    "SU2": (1, 1),
    "SU4": (2, 2),
    "Evolution": (1, 3),
    "EigenEvolution": (1, 3),
}
KINDS = (*PLAIN, *SPECIAL)
"""Every kind of gate that may stand anywhere; StatePrep and BasisState may come first only."""


def pick(choose: Choose, items, k: int) -> list:
    """``k`` different ones of ``items``, in random order."""
    items = list(items)
    return [items.pop(choose(len(items))) for _ in range(k)]


def gate(kind: str, choose: Choose, qubits) -> Template:
    """A gate of this kind on some of ``qubits``."""
    if kind in PLAIN:
        angles, arity = PLAIN[kind]
        places = pick(choose, qubits, arity)
        constructor = getattr(qj, kind)
        return Template(
            kind,
            lambda values: [angle(values) for _ in range(angles)],
            lambda params: constructor(*params, *places),
        )
    least, most = SPECIAL[kind]
    places = pick(choose, qubits, least + choose(min(most, len(qubits)) - least + 1))
    d = 2 ** len(places)
    if kind == "PauliRotation":
        word = "".join("IXYZ"[choose(4)] for _ in places)
        return Template(kind, lambda v: [angle(v)], lambda p: qj.PauliRotation(p[0], word, places))
    if kind == "Permutation":
        table = pick(choose, range(d), d)
        return Template(kind, lambda v: [], lambda p: qj.Permutation(table, places))
    if kind == "Diagonal":
        return Template(kind, lambda v: [v.uniform(-7, 7, d)], lambda p: qj.Diagonal(p[0], places))
    if kind in ("Unitary", "RealUnitary"):
        draw = random_unitary if kind == "Unitary" else random_orthogonal
        return Template(kind, lambda v: [draw(v, d)], lambda p: qj.Unitary(p[0], places))
    if kind == "SU2":
        return Template(kind, lambda v: [v.normal(size=3)], lambda p: qj.SU2(p[0], places[0]))
    if kind == "SU4":
        return Template(kind, lambda v: [v.normal(size=15)], lambda p: qj.SU4(p[0], *places))
    real = choose(2) == 0
    if kind == "Evolution":
        return Template(
            kind,
            lambda v: [random_hermitian(v, d, real), angle(v)],
            lambda p: qj.Evolution(p[0], p[1], places),
        )
    return Template(
        kind,
        lambda v: [*np.linalg.eigh(random_hermitian(v, d, real)), angle(v)],
        lambda p: qj.Evolution(qj.Eigensystem(p[0], p[1]), p[2], places),
    )


def _inverse(inner: Template) -> Template:
    return Template("Inverse", inner.draw, lambda p: qj.Inverse(inner.make(p)), [inner])


def _controlled(inner: Template, controls: list[int], values: list[int] | None) -> Template:
    return Template(
        "Controlled",
        inner.draw,
        lambda p: qj.Controlled(inner.make(p), controls, values),
        [inner],
    )


def _layers(inner: list[Template], length: int, as_circuit: bool) -> Template:
    def draw(values: Values) -> list:
        turns = [[t.draw(values) for t in inner] for _ in range(length)]
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *turns)
        return [stacked, values.normal(size=length)]  # the last keeps the tree from being empty

    def layer(params):
        ops = [t.make(p) for t, p in zip(inner, params[0], strict=True)]
        if as_circuit:
            return qj.Circuit(1 + max((q for op in ops for q in op.qubits), default=0), ops)
        return ops

    return Template("Layers", draw, lambda p: qj.Layers(layer, p), inner)


def _repeat(inner: list[Template], times: int) -> Template:
    return Template(
        "Repeat",
        lambda v: [t.draw(v) for t in inner],
        lambda p: qj.Repeat([t.make(q) for t, q in zip(inner, p, strict=True)], times),
        inner,
    )


def _frozen(inner: Template, seed: int) -> Template:
    """The same parameters always: inside Layers, they are held once and not once per layer."""
    fixed = inner.draw(np.random.default_rng(seed))
    return Template(inner.kind, lambda v: [], lambda p: inner.make(fixed), inner.inner)


def operation(choose: Choose, qubits, budget: int, depth: int, kinds=KINDS) -> tuple[Template, int]:
    """A random operation of at most ``budget`` gates, and how many gates it runs."""
    form = choose(12)
    qubits = list(qubits)
    if form == 0 and depth < 2 and budget >= 4:
        length = 2 + choose(min(3, budget // 2 - 1))
        inner, used = operations(choose, qubits, budget // length, depth + 1, kinds)
        if choose(3) == 0:
            inner[0] = _frozen(inner[0], choose(1000))
        if choose(2):
            return _layers(inner, length, bool(choose(2))), used * length
        return _repeat(inner, length), used * length
    if form == 1:
        inner, used = operation(choose, qubits, budget, depth, kinds)
        return _inverse(inner), used
    if form in (2, 3) and len(qubits) > 1:
        controls = pick(choose, qubits, 1 + choose(min(3, len(qubits) - 1)))
        values = [choose(2) for _ in controls] if choose(2) else None
        rest = [q for q in qubits if q not in controls]
        inner, used = operation(choose, rest, budget, depth, kinds)
        return _controlled(inner, controls, values), used
    fitting = [k for k in kinds if (PLAIN[k][1] if k in PLAIN else SPECIAL[k][0]) <= len(qubits)]
    return gate(fitting[choose(len(fitting))], choose, qubits), 1


def operations(choose, qubits, budget, depth=0, kinds=KINDS) -> tuple[list[Template], int]:
    """Random operations of ``budget`` gates in all."""
    out, used = [], 0
    while used < budget:
        template, gates = operation(choose, qubits, budget - used, depth, kinds)
        out.append(template)
        used += gates
    return out, used


def preparation(choose: Choose, n: int) -> list[Template]:
    """Nothing, or state preparations on some qubits."""
    kind = choose(6)
    if kind == 0:
        places = pick(choose, range(n), 1 + choose(min(n, 4)))
        real = choose(2) == 0
        return [
            Template(
                "StatePrep",
                lambda v: [random_state(v, 2 ** len(places), real)],
                lambda p: qj.StatePrep(p[0], places),
            )
        ]
    if kind == 1:
        bits = [choose(2) for _ in range(n)]
        return [Template("BasisState", lambda v: [], lambda p: qj.BasisState(bits, range(n)))]
    return []


def structure(choose: Choose, n: int, size: int, kinds=KINDS) -> Structure:
    """A random structure on ``n`` qubits that runs ``size`` gates (preparations not counted)."""
    return Structure(n, preparation(choose, n) + operations(choose, range(n), size, 0, kinds)[0])


def seeded(seed: int) -> Choose:
    """Choices from a seed."""
    rng = np.random.default_rng(seed)
    return lambda k: int(rng.integers(k))


def seeded_structure(seed: int, max_qubits=8, sizes=(5, 60), kinds=KINDS) -> Structure:
    """Structure number ``seed``: 1 to ``max_qubits`` qubits, ``sizes`` gates."""
    choose = seeded(seed)
    n = 1 + choose(max_qubits)
    return structure(choose, n, sizes[0] + choose(sizes[1] - sizes[0] + 1), kinds)
