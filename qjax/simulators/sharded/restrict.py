"""A gate that touches qubits among the devices, as gates on the qubits of each device.

Controls among the devices are on or off as a whole, and a phase has a definite value of their bits:
neither needs communication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...circuit import Gate
from ...gates.matrices import exact_phases
from ..kernels import HIGHEST
from ..steps import Item, Leaf
from ..steps.phase import diagonal_form
from ..steps.step import fetch, target_matrix
from .demands import as_item, is_diagonal
from .derived import Extended

SCALES = ("RX", "RY", "RXX", "RYY", "RZX", "PauliRotation")
"""Gates whose parameter 0 means that nothing happens: under a control it is 0 or itself."""


def restricted(gate: Gate, g: int, extended: Extended, real: bool) -> list[Gate]:
    """The gates on each device that a gate on places amounts to.

    Args:
        gate: on places; every place that it needs is on the device.
        g: places among the devices; the result counts places from there.
        extended: where derived parameters are put.
        real: whether the state is real, so that signs must not become phases.
    """
    item = as_item(gate)
    if all(p >= g for p in item.qubits):
        shift = {p: p - g for p in item.qubits}
        return [gate.map_qubits(shift)] if shift else [gate]
    if is_diagonal(item):
        return _diagonal(item, g, extended, real)
    inner = tuple(zip(item.controls, item.values, strict=True))
    outer = [(p, v) for p, v in inner if p < g]
    kept = [(p - g, v) for p, v in inner if p >= g]
    if item.name in SCALES:
        return [_scaled(item, outer, kept, g, extended)]
    leaves = [p for p in item.params if isinstance(p, Leaf)]
    order = iter(range(len(leaves)))
    params = tuple(
        Leaf(next(order), p.is_complex) if isinstance(p, Leaf) else p for p in item.params
    )
    own = replace(item, params=params)

    def matrix(values: list[Any], bits: Any, dtype: Any) -> Any:
        full = target_matrix(own, values, dtype)
        full = jnp.real(full) if own.real else full
        eye = jnp.eye(full.shape[0], dtype=full.dtype)
        return jnp.where(_match(outer, bits), full, eye)

    leaf = extended.add(leaves, matrix, not item.real)
    targets = tuple(p - g for p in item.targets)
    return [_gate("Unitary", (leaf,), targets, kept)]


def _gate(
    name: str,
    params: tuple[Any, ...],
    targets: tuple[int, ...],
    controls: Sequence[tuple[int, int]] = (),
    static: Any = None,
    inverted: bool = False,
) -> Gate:
    places, values = tuple(p for p, _ in controls), tuple(v for _, v in controls)
    aux = (name, targets, places, values, static, inverted)
    return Gate.tree_unflatten(aux, params)


def _match(outer: Sequence[tuple[int, int]], bits: Any) -> Any:
    """Whether the device's bits have the values of the controls among them."""
    on = jnp.ones((), bool)
    for p, v in outer:
        on = on & (bits[p] == v)
    return on


def _scaled(
    item: Item,
    outer: Sequence[tuple[int, int]],
    kept: Sequence[tuple[int, int]],
    g: int,
    extended: Extended,
) -> Gate:
    """A rotation by its angle times 0, 1 or -1."""
    (angle,) = item.params
    targets, static, signs = item.targets, item.static, []
    if item.name == "PauliRotation":
        pairs = list(zip(targets, static, strict=True))
        signs = [p for p, letter in pairs if p < g and letter == "Z"]
        inside = [(p, letter) for p, letter in pairs if p >= g]
        targets = tuple(p for p, _ in inside)
        static = "".join(letter for _, letter in inside)

    def scale(values: list[Any], bits: Any, dtype: Any) -> Any:
        (t,) = fetch([Leaf(0)], values, dtype) if values else fetch([angle], [], dtype)
        t = jnp.where(_match(outer, bits), t, jnp.zeros_like(t))
        for p in signs:
            t = t * (1 - 2 * bits[p]).astype(t.dtype)
        return t

    leaf = extended.add([angle] if isinstance(angle, Leaf) else [], scale)
    inside = tuple(p - g for p in targets)
    return _gate(item.name, (leaf,), inside, kept, static, item.inverted)


def _diagonal(item: Item, g: int, extended: Extended, real: bool) -> list[Gate]:
    """What is left of phases when some of their bits are the device's."""
    outer = [k for k, p in enumerate(item.qubits) if p < g]
    inner = [k for k, p in enumerate(item.qubits) if p >= g]
    places = [item.qubits[k] for k in outer]
    inside = tuple(item.qubits[k] - g for k in inner)
    total = len(item.qubits)
    if item.name == "Diagonal":
        return [_vector(item, outer, inner, inside, extended, g)]
    form = diagonal_form(item)
    assert form is not None
    const, linear = form
    params = [p for p in item.params if isinstance(p, Leaf)]
    free = [isinstance(p, Leaf) for p in item.params]
    const = const + sum(
        (p * linear[:, k] for k, p in enumerate(item.params) if not isinstance(p, Leaf)),
        np.zeros(len(const)),
    )
    table = np.concatenate([const[:, None], linear[:, free]], 1)
    table = table.reshape((2,) * total + (-1,)).transpose(*outer, *inner, total)
    table = table.reshape(2 ** len(outer), 2 ** len(inner), -1)

    def row(bits: Any) -> Any:
        index = jnp.zeros((), jnp.int32)
        for p in places:
            index = 2 * index + bits[p]
        return index

    signs = np.round(exact_phases(table[..., 0]), 15)
    if real and not params and np.all(np.imag(signs) == 0):
        return _signs(np.real(signs), row, inside, extended)

    def part(terms: np.ndarray) -> Leaf:
        def phase(values: list[Any], bits: Any, dtype: Any) -> Any:
            mine = jnp.asarray(terms, dtype)[row(bits)]
            angles = fetch([Leaf(k) for k in range(len(values))], values, dtype)
            stacked = jnp.stack([jnp.ones((), dtype), *angles])
            return jnp.matmul(mine, stacked, precision=HIGHEST)

        return extended.add(params, phase)

    if len(inside) > 2:
        return [_gate("Diagonal", (part(table),), inside)]
    out = []
    names: dict[tuple[int, ...], str] = {(): "GlobalPhase", (0,): "P", (1,): "P", (0, 1): "P"}
    singles = [(k,) for k in range(len(inside))]
    subsets: list[tuple[int, ...]] = [(), *singles, (0, 1)][: 2 ** len(inside)]
    for subset in subsets:
        terms = _moebius(table, subset, len(inside))
        if np.any(terms):
            qubits = tuple(inside[k] for k in subset)
            controls = [(q, 1) for q in qubits[:-1]]
            out.append(_gate(names[subset], (part(terms),), qubits[-1:], controls))
    return out


def _moebius(table: np.ndarray, subset: tuple[int, ...], k: int) -> np.ndarray:
    """The coefficient of the product of the bits in ``subset``, by inclusion and exclusion."""
    total = np.zeros_like(table[:, 0])
    for chosen in range(2 ** len(subset)):
        bits = [subset[j] for j in range(len(subset)) if chosen >> j & 1]
        index = sum(1 << (k - 1 - b) for b in bits)
        total = total + (-1) ** (len(subset) - len(bits)) * table[:, index]
    return total


def _signs(signs: np.ndarray, row: Any, inside: tuple[int, ...], extended: Extended) -> list[Gate]:
    """Signs of a state that stays real, as a real diagonal matrix."""
    if np.all(signs == 1):
        return []
    targets = inside or (0,)
    wide = np.repeat(signs, 2, 1) if not inside else signs

    def matrix(values: list[Any], bits: Any, dtype: Any) -> Any:
        return jnp.diag(jnp.asarray(wide, dtype)[row(bits)])

    return [_gate("Unitary", (extended.add([], matrix),), targets)]


def _vector(
    item: Item,
    outer: list[int],
    inner: list[int],
    inside: tuple[int, ...],
    extended: Extended,
    g: int,
) -> Gate:
    """A vector of phases, perhaps under controls: the part that belongs to the device's bits."""
    (leaf,) = item.params
    assert isinstance(leaf, Leaf)
    controls, total = len(item.controls), len(item.qubits)
    start = int("".join(map(str, item.values)) or "0", 2) * 2 ** len(item.targets)

    def phases(values: list[Any], bits: Any, dtype: Any) -> Any:
        (mine,) = fetch([Leaf(0)], values, dtype)
        if item.inverted:
            mine = -mine
        if controls:
            full = jnp.zeros(2**total, dtype)
            mine = full.at[start : start + mine.shape[0]].set(mine)
        grid = mine.reshape((2,) * total).transpose(*outer, *inner)
        index = jnp.zeros((), jnp.int32)
        for k in outer:
            index = 2 * index + bits[item.qubits[k]]
        mine = grid.reshape(2 ** len(outer), -1)[index]
        return mine if inside else mine[0]

    new = extended.add([leaf], phases)
    return _gate("Diagonal", (new,), inside) if inside else _gate("GlobalPhase", (new,), ())


def restricted_vector(
    item: Item, g: int, extended: Extended
) -> tuple[Leaf, tuple[int, ...], list[int]]:
    """A prepared state's part on each device: the vector, its targets, and places left at 0."""
    (leaf,) = item.params
    assert isinstance(leaf, Leaf)
    outer = [k for k, p in enumerate(item.targets) if p < g]
    inner = [k for k, p in enumerate(item.targets) if p >= g]

    def part(values: list[Any], bits: Any, dtype: Any) -> Any:
        (vector,) = fetch([Leaf(0, leaf.is_complex)], values, dtype)
        grid = vector.reshape((2,) * len(item.targets)).transpose(*outer, *inner)
        index = jnp.zeros((), jnp.int32)
        for k in outer:
            index = 2 * index + bits[item.targets[k]]
        return grid.reshape(2 ** len(outer), -1)[index]

    new = extended.add([leaf], part, leaf.is_complex)
    places = [item.targets[k] for k in outer]
    return new, tuple(item.targets[k] - g for k in inner), places
