"""Trajectories of matrix product states: noise and measurements on many qubits.

A centre moves along the chain, as in the simulation without noise. At the centre the reduced state
of two neighbouring sites is a matrix of 4 x 4, from which the probabilities of all Kraus operators
on them follow exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import UnsupportedError
from .. import protocol as ask
from ..mps import MPS
from ..mps import answers as chains
from ..mps import state as mps
from ..mps.basis import column_weights, mm
from ..mps.bond import room, truncated
from ..mps.gates import collected, slot_matrices
from ..protocol import Program, Query, Structure
from .average import refuse
from .chain_plan import ChainPlan, Event, Setting, Stretch, Switch, make_chain_plan
from .jumps import MEASUREMENT, RESET, ChannelJump, Count, History, choose

CHUNK_BYTES = 2.0**27  # of states that are held at once, unless a derivative needs all of them


class Table(NamedTuple):
    """Every event of the circuit; the last row is none.

    Attributes:
        operators: Kraus operators on two sites with the unitaries around them, ``(s, k, 4, 4)``.
        weights, drawn: their weights, and those that outcomes are drawn with, ``(s, k)``.
        bits: where an outcome is written; beyond all bits for none, ``(s,)``.
        projects: whether the event is a projection, ``(s,)``.
    """

    operators: Any
    weights: Any
    drawn: Any
    bits: Any
    projects: Any


def compile_chain(
    state: MPS, count: int, structure: Structure, query: Query, combine: Callable[..., Any]
) -> Program:
    """The pure function of (circuit leaves, query leaves, key) that answers the query.

    Args:
        state: how far bonds may grow.
        count: trajectories.
        structure: of the circuit.
        query: what is asked.
        combine: ``(query, plan, values, ratio, weight) -> answer`` from those of all trajectories.
    """
    plan = make_chain_plan(structure.treedef, structure.complex_leaves)
    one = _one_shot(query, structure.n)
    chi = state.bond(structure.n)
    dtype = np.dtype(state.resolved().dtype)
    method = "svd" if state.method == "auto" else state.method
    bytes_each = structure.n * 2 * chi**2 * dtype.itemsize * 4
    chunk = int(max(1, min(count, CHUNK_BYTES // bytes_each)))

    def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
        if plan.projects:
            leaves = refuse(leaves, "Project on random trajectories gives a biased derivative")
        if isinstance(query, ask.RunQuery):
            leaves = refuse(leaves, "the states of single trajectories have no derivative")
        leaves = [jnp.asarray(x) for x in leaves]
        given = {np.dtype(x.dtype) for x in leaves}
        double = {np.dtype(np.float64), np.dtype(np.complex128)} & given
        real = np.dtype(np.float64) if double else np.finfo(dtype).dtype
        table, loops = _tables(plan, leaves, real, dtype, structure.bits)

        def trajectory(key: Any) -> Any:
            key, last = jax.random.split(key)
            tensors, history = _walk(
                plan, table, loops, chi, dtype, structure.bits, key, state.cutoff, method
            )
            final = chains.Final(tensors, tuple(range(plan.n)), jnp.ones(1, table.weights.dtype))
            return one(final, history, query_leaves, last), history.ratio, history.weight

        keys = jax.random.split(key, count)
        if chunk >= count:
            values, ratio, weight = jax.vmap(trajectory)(keys)
        else:
            values, ratio, weight = jax.lax.map(trajectory, keys, batch_size=chunk)
        return combine(query, plan, values, ratio, weight)

    return program


# --- tables --------------------------------------------------------------------------------------


class Loop(NamedTuple):
    """A stretch as arrays over its cells."""

    site: np.ndarray
    right: np.ndarray
    room: np.ndarray
    rows: np.ndarray  # (cells, events) into the table


def _tables(
    plan: ChainPlan, leaves: Sequence[Any], real: Any, dtype: Any, bits: int
) -> tuple[Table, list[Loop]]:
    unitaries = slot_matrices(plan.slots, plan.entries, leaves, real).astype(dtype)
    stretches = [p for p in plan.parts if isinstance(p, Stretch)]
    cells = [c for s in stretches for c in s.cells]
    most = max([1, *(len(c.events) for c in cells)])
    events: list[Event | None] = []
    before: list[int | None] = []  # the slot before an event, where it is a cell's first
    after: list[int | None] = []
    loops = []
    space = room(plan.n)
    for stretch in stretches:
        rows = np.full((len(stretch.cells), most), -1)
        for k, cell in enumerate(stretch.cells):
            happenings: list[Event | None] = [*cell.events] or [None]
            for j, event in enumerate(happenings):
                rows[k, j] = len(events)
                events.append(event)
                before.append(cell.slots[0] if j == 0 else None)
                after.append(cell.slots[j + 1] if event is not None else None)
        sites = np.array([c.site for c in stretch.cells])
        loops.append(
            Loop(sites, np.array([c.right for c in stretch.cells]), np.asarray(space)[sites], rows)
        )
    operators, weights, drawn = _operators(plan, events, leaves, real, dtype)
    eye = jnp.eye(4, dtype=dtype)[None]
    unitaries = jnp.concatenate([unitaries, eye])
    none = plan.slots
    first = unitaries[np.array([none if b is None else b for b in [*before, None]])]
    last = unitaries[np.array([none if a is None else a for a in [*after, None]])]
    operators = mm(mm(last[:, None], operators), first[:, None])
    where = [e.value if e is not None and e.kind == "measure" else bits for e in [*events, None]]
    projects = [e is not None and e.kind == "project" for e in [*events, None]]
    table = Table(operators, weights, drawn, np.array(where), np.array(projects))
    return table, loops


def _operators(
    plan: ChainPlan, events: Sequence[Event | None], leaves: Sequence[Any], real: Any, dtype: Any
) -> tuple[Any, Any, Any]:
    """Kraus operators on two sites, their weights, and the weights to draw with; the last row, and
    that of every cell without events, is the identity."""
    groups: dict[Any, list[int]] = {}
    for k, event in enumerate([*events, None]):
        groups.setdefault(_kind(event), []).append(k)
    made, order = [], []
    for members in groups.values():
        event = None if members[0] == len(events) else events[members[0]]
        count = len(members)
        if event is None:
            ops, w = jnp.eye(4, dtype=dtype)[None], jnp.ones(1, real)
            parts = _repeated(ops, count), _repeated(w, count), _repeated(w, count)
        elif event.kind == "channel":
            parts = _channels(plan, [events[k] for k in members], leaves, real, dtype)
        else:
            matrices = RESET if event.kind == "reset" else MEASUREMENT
            if event.kind == "project":
                matrices = MEASUREMENT[event.value : event.value + 1]  # type: ignore[operator]
            ops = _embedded(jnp.asarray(matrices, dtype), event.where)
            w = jnp.ones(len(matrices), real)
            parts = _repeated(ops, count), _repeated(w, count), _repeated(w, count)
        made.append(parts)
        order += members
    most = max(w.shape[1] for _, w, _ in made)
    back = np.argsort(np.array(order))

    def joined(j: int) -> Any:
        rows = []
        for parts in made:
            x = parts[j]
            rows.append(jnp.pad(x, ((0, 0), (0, most - x.shape[1])) + ((0, 0),) * (x.ndim - 2)))
        return jnp.concatenate(rows)[back]

    low = np.finfo(dtype).dtype
    return joined(0), joined(1).astype(low), joined(2).astype(low)


def _kind(event: Event | None) -> Any:
    if event is None:
        return None
    if event.item is None:
        value = event.value if event.kind == "project" else None
        return event.kind, event.where, value
    params = tuple((getattr(p, "is_complex", None), _turns(p)) for p in event.item.params)
    return event.kind, event.where, event.item.name, params


def _turns(param: Any) -> int:
    return len(getattr(param, "turn", ()))


def _repeated(x: Any, count: int) -> Any:
    return jnp.broadcast_to(x[None], (count, *x.shape))


def _channels(
    plan: ChainPlan, events: Sequence[Any], leaves: Sequence[Any], real: Any, dtype: Any
) -> tuple[Any, Any, Any]:
    """Channels of one kind."""
    item, where = events[0].item, events[0].where
    rule = ChannelJump(plan.n, item, Count(plan.channels))
    columns = tuple(
        collected([e.item.params[k] for e in events], leaves, real) for k in range(len(item.params))
    )

    def one(values: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        return rule.terms(values, real)

    ops, weights, drawn = (
        jax.vmap(one)(columns)
        if columns
        else jax.tree.map(lambda x: _repeated(x, len(events)), one(()))
    )
    return jax.vmap(lambda x: _embedded(x, where))(ops.astype(dtype)), weights, drawn


def _embedded(ops: Any, where: tuple[int, ...]) -> Any:
    """Operators ``(k, d, d)`` on both sites of a cell, ``(k, 4, 4)``."""
    eye = jnp.eye(2, dtype=ops.dtype)
    if len(where) == 2:
        if where == (1, 0):
            ops = ops.reshape(-1, 2, 2, 2, 2).transpose(0, 2, 1, 4, 3).reshape(-1, 4, 4)
        return ops
    spec = "kab,cd->kacbd" if where == (0,) else "kab,cd->kcadb"
    return jnp.einsum(spec, ops, eye).reshape(-1, 4, 4)


# --- one trajectory ------------------------------------------------------------------------------


def _walk(
    plan: ChainPlan,
    table: Table,
    loops: Sequence[Loop],
    chi: int,
    dtype: Any,
    bits: int,
    key: Any,
    cutoff: float,
    method: str,
) -> tuple[Any, History]:
    """One trajectory from its beginning to its end."""
    real = np.finfo(dtype).dtype
    zeros = jnp.zeros((plan.n, 2), dtype).at[:, 0].set(1)
    tensors = mps.product(zeros, chi)
    record = jnp.zeros(bits + 1, jnp.int32)  # the last is written by what writes nothing
    history = History(record, jnp.ones((), real), jnp.ones((), real), key, jnp.zeros((), real))
    switches: list[Any] = [jnp.ones((), bool)]
    left = iter(loops)
    for part in plan.parts:
        if isinstance(part, Switch):
            holds = _holds(part, history.bits)
            switches.append(switches[part.parent] & (~holds if part.negated else holds))
        elif isinstance(part, Setting):
            old = history.bits[part.bit]
            new = jnp.where(switches[part.when], part.value, old)
            history = history._replace(bits=history.bits.at[part.bit].set(new))
        else:
            tensors, history = _stretch(
                tensors, history, table, next(left), switches[part.when], cutoff, method
            )
    return tensors, history._replace(bits=history.bits[:bits])


def _holds(switch: Switch, record: Any) -> Any:
    condition = switch.condition
    patterns = np.array(condition.accepted, np.int32).reshape(-1, len(condition.bits))
    read = record[np.array(condition.bits, int)]
    return jnp.any(jnp.all(read[None, :] == jnp.asarray(patterns), axis=1))


def _stretch(
    tensors: Any, history: History, table: Table, loop: Loop, on: Any, cutoff: float, method: str
) -> tuple[Any, History]:
    chi = tensors.shape[1]
    key, mine = jax.random.split(history.key)
    numbers = jax.random.uniform(mine, loop.rows.shape, history.ratio.dtype)

    def step(carry: Any, given: Any) -> Any:
        tensors, history = carry
        site, to_right, space, rows, u = given
        two = jax.lax.dynamic_slice_in_dim(tensors, site, 2)
        pair = mm(two[0].reshape(2 * chi, chi), two[1].reshape(chi, 2 * chi))
        pair = pair.reshape(chi, 2, 2, chi).transpose(1, 2, 0, 3).reshape(4, chi * chi)
        for j in range(loop.rows.shape[1]):
            pair, history = _event(pair, history._replace(u=u[j]), table, rows[j], on)
        theta = pair.reshape(2, 2, chi, chi).transpose(0, 2, 1, 3).reshape(2 * chi, 2 * chi)
        theta = jnp.where(to_right, theta.T, theta)
        v, images, _ = truncated(theta[None], space[None], chi, cutoff, method)
        images = images / jnp.sqrt(jnp.sum(column_weights(images))).astype(theta.dtype)
        isometry, centre = v[0], images[0]
        left = jnp.where(to_right, isometry.T, centre).reshape(2, chi, chi).swapaxes(0, 1)
        rest = jnp.where(to_right, centre.T, isometry).reshape(chi, 2, chi)
        two = jnp.stack([left, rest])
        return (jax.lax.dynamic_update_slice_in_dim(tensors, two, site, 0), history), None

    given = (loop.site, loop.right, loop.room, jnp.asarray(loop.rows), numbers)
    (tensors, history), _ = jax.lax.scan(step, (tensors, history._replace(key=key)), given)
    return tensors, history


def _event(pair: Any, history: History, table: Table, row: Any, on: Any) -> tuple[Any, History]:
    """One operator of an event, at random, on the joint state ``(4, chi**2)`` of two sites."""
    operators = table.operators[row]
    images = mm(operators, mm(pair, jnp.conj(pair.T))[None])
    left = jnp.maximum(jnp.real(jnp.sum(images * jnp.conj(operators), axis=(1, 2))), 0)
    p = table.weights[row] * left
    k, after = choose(history, p, table.drawn[row] * left)
    project = jnp.asarray(table.projects)[row]
    after = after._replace(
        weight=jnp.where(project, history.weight * jnp.sum(p), history.weight),
        bits=history.bits.at[jnp.asarray(table.bits)[row]].set(k.astype(history.bits.dtype)),
    )
    chosen = left[k]
    scale = 1 / jnp.sqrt(jnp.where(chosen > 0, chosen, 1))
    matrix = operators[k] * scale.astype(operators.dtype)
    eye = jnp.eye(4, dtype=operators.dtype)
    kept = jax.tree.map(
        lambda new, old: jnp.where(on, new, old),
        (after.bits, after.ratio, after.weight),
        (history.bits, history.ratio, history.weight),
    )
    history = history._replace(bits=kept[0], ratio=kept[1], weight=kept[2])
    return mm(jnp.where(on, matrix, eye), pair), history


# --- what a trajectory contributes ---------------------------------------------------------------


def _one_shot(query: Query, n: int) -> Callable[..., Any]:
    """What a single trajectory contributes to the answer."""
    if isinstance(query, ask.NormQuery):
        return lambda final, history, leaves, key: history.weight
    if isinstance(query, ask.AmplitudesQuery):
        raise UnsupportedError(
            "trajectories cannot answer for amplitudes: a mixed state has none",
            fix="ask for qjax.probs, or use a circuit without noise and sim=qjax.MPS()",
        )
    bits = getattr(query, "bits", None)
    if bits is not None and isinstance(query, ask.ProbsQuery):
        return lambda final, history, leaves, key: _record(history, bits)
    if bits is not None:
        return lambda final, history, leaves, key: history.bits[np.array(bits)].astype(jnp.uint8)
    if isinstance(query, ask.SampleQuery):
        single = ask.SampleQuery(1)
        return lambda final, history, leaves, key: chains.answer(final, single, leaves, key)[0]
    if isinstance(query, ask.EstimateQuery):
        one = ask.EstimateQuery(query.observable, 1)
        return lambda final, history, leaves, key: chains.answer(final, one, leaves, key)[0]
    return lambda final, history, leaves, key: chains.answer(final, query, leaves, key)


def _record(history: History, bits: tuple[int, ...]) -> Any:
    places = 2 ** np.arange(len(bits) - 1, -1, -1, dtype=np.int32)
    index = jnp.sum(history.bits[np.array(bits)] * jnp.asarray(places))
    return jax.nn.one_hot(index, 2 ** len(bits), dtype=history.ratio.dtype)
