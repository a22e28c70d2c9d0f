"""Circuits as tensor networks: which gates an answer depends on, and in which order they meet.

NumPy and Python only, at trace time. A network is a list of tensors, each named by what it holds,
with the indices of its axes; a path says which two are contracted next.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jax
import opt_einsum

from ...circuit import Circuit, Gate
from ...errors import CapacityError, UnsupportedError
from ..mps.gates import Place, as_items, unrolled
from ..steps.step import Item

LARGEST_GATE = 10  # qubits of one tensor's gate

Name = tuple[str, int]
"""("gate", k), ("conj", k): item k; ("zero", 0); ("bit", q), ("op", k): brought by the query."""


@dataclass
class Network:
    """Tensors to be contracted.

    Attributes:
        names: what each tensor holds.
        axes: the indices of its axes, each of dimension 2.
        output: the indices that stay.
    """

    names: list[Name] = field(default_factory=list)
    axes: list[tuple[int, ...]] = field(default_factory=list)
    output: tuple[int, ...] = ()

    def add(self, name: Name, axes: Iterable[int]) -> None:
        self.names.append(name)
        self.axes.append(tuple(axes))


@dataclass(frozen=True, eq=False)
class Route:
    """A network and the order in which it is contracted.

    Attributes:
        network: what is contracted.
        equation: of all tensors, for opt_einsum.
        path: positions of the tensors that are contracted together, one after the other.
        flops: multiplications and additions.
        largest: entries of the largest tensor on the way.
    """

    network: Network
    equation: str
    path: tuple[tuple[int, ...], ...]
    flops: float
    largest: float


@lru_cache(maxsize=128)
def items_of(treedef: Any, complex_leaves: tuple[bool, ...]) -> tuple[int, tuple[Item, ...]]:
    """The number of qubits and all gates of a circuit's structure, in order.

    Raises:
        UnsupportedError: an operation that is no gate, or a gate on too many qubits.
    """
    places = [Place(k, c) for k, c in enumerate(complex_leaves)]
    circuit: Circuit = jax.tree.unflatten(treedef, places)
    items: list[Item] = []
    for op in unrolled(circuit.ops):
        if not isinstance(op, Gate):
            raise UnsupportedError(
                f"TensorNetwork: {op!r:.60} is no gate",
                fix="use sim=qjax.DensityMatrix() or sim=qjax.Trajectories(n)",
            )
        items += as_items(op)
    for item in items:
        if len(item.qubits) > LARGEST_GATE:
            raise UnsupportedError(
                f"TensorNetwork: {item.name} acts on {len(item.qubits)} qubits at once",
                expected=f"at most {LARGEST_GATE}",
                fix='call circuit.decompose("u,cx") first',
            )
    return circuit.n, tuple(items)


def light_cone(items: Sequence[Item], qubits: Iterable[int]) -> tuple[list[int], set[int]]:
    """The gates that what is measured on some qubits depends on, and the qubits they touch."""
    seen, kept = set(qubits), []
    for k in range(len(items) - 1, -1, -1):
        own = items[k].qubits
        if not own or seen.isdisjoint(own):
            continue  # a global phase has no say either
        kept.append(k)
        seen.update(own)
    return kept[::-1], seen


class _Wires:
    """Hands out indices along qubits."""

    def __init__(self) -> None:
        self.count, self.at = 0, {}

    def new(self) -> int:
        self.count += 1
        return self.count - 1

    def layer(
        self, net: Network, items: Sequence[Item], which: Sequence[int], qubits: Any, name: str
    ) -> dict[int, int]:
        """``|0>`` on the qubits and the gates after it; the open index of every qubit."""
        at = {q: self.new() for q in sorted(qubits)}
        for index in at.values():
            net.add(("zero", 0), (index,))
        for k in which:
            own = items[k].qubits
            out = [self.new() for _ in own]
            net.add((name, k), (*out, *(at[q] for q in own)))
            at.update(zip(own, out, strict=True))
        return at


def density_network(items: Sequence[Item], qubits: Sequence[int]) -> Network:
    """The reduced density matrix of some qubits: row indices, then column indices stay open."""
    net, wires = Network(), _Wires()
    which, touched = light_cone(items, qubits)
    ket = wires.layer(net, items, which, touched, "gate")
    bra = wires.layer(net, items, which, touched, "conj")
    glue = {bra[q]: ket[q] for q in touched if q not in set(qubits)}
    net.axes = [tuple(glue.get(i, i) for i in axes) for axes in net.axes]
    net.output = (*(ket[q] for q in qubits), *(bra[q] for q in qubits))
    return net


def value_network(items: Sequence[Item], qubits: Sequence[int]) -> Network:
    """The expectation value of a product of one-qubit operators on the qubits; operator k is
    the tensor ("op", k) with axes (row, column)."""
    net = density_network(items, qubits)
    k = len(qubits)
    for j in range(k):
        # tr(rho O) = sum rho_ab O_ba
        net.add(("op", j), (net.output[k + j], net.output[j]))
    net.output = ()
    return net


def state_network(n: int, items: Sequence[Item], closed: bool) -> Network:
    """All amplitudes; ``closed``: one of them, with ("bit", q) the vector of qubit q."""
    net, wires = Network(), _Wires()
    at = wires.layer(net, items, range(len(items)), range(n), "gate")
    if closed:
        for q in range(n):
            net.add(("bit", q), (at[q],))
    else:
        net.output = tuple(at[q] for q in range(n))
    return net


def routed(net: Network, optimize: str, limit: float) -> Route:
    """The order of contraction.

    Args:
        net: what is contracted.
        optimize: a method of opt_einsum, or "cotengra".
        limit: largest number of entries that a tensor may have.

    Raises:
        CapacityError: a tensor on the way would be larger.
        UnsupportedError: cotengra is not installed.
    """
    symbol = opt_einsum.get_symbol
    sides = [",".join("".join(map(symbol, axes)) for axes in net.axes)]
    sides.append("".join(map(symbol, net.output)))
    equation = "->".join(sides)
    shapes = [(2,) * len(axes) for axes in net.axes]
    path, info = opt_einsum.contract_path(
        equation, *shapes, shapes=True, optimize=_finder(optimize)
    )
    largest = float(info.largest_intermediate) if len(path) else 1.0
    if largest > limit:
        raise CapacityError(
            "TensorNetwork: the contraction would make a tensor that does not fit",
            expected=f"at most {limit:.3g} entries",
            got=f"{largest:.3g} entries",
            fix='try optimize="cotengra" or "random-greedy-128", or use sim=qjax.MPS(max_bond)',
        )
    return Route(net, equation, tuple(tuple(p) for p in path), float(info.opt_cost), largest)


def _finder(optimize: str) -> Any:
    if optimize != "cotengra":
        return optimize
    try:
        cotengra = importlib.import_module("cotengra")
    except ImportError as error:
        raise UnsupportedError(
            'TensorNetwork: optimize="cotengra" needs the package cotengra',
            got=str(error),
            fix="install the extra: qjax-sim[tn]",
        ) from None
    return cotengra.HyperOptimizer(max_repeats=64, parallel=False, progbar=False)
