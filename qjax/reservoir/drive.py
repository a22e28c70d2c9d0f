"""Series through an engine: one after the other in blocks, or chunks of time in parallel."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .engine import Engine
from .execution import Fading

BLOCK_BYTES, LEAST_STEPS = 2.0**18, 32
"""Records that are held at once, as many as a processor's second cache holds but enough for the
readout to be a product of matrices; a block is also what a derivative recomputes."""


def block_length(engine: Engine, params: Any, state: Any, u: Any, key: Any) -> int:
    """How many records fit into a block."""
    record = jax.eval_shape(lambda s: engine.advance(params, s, u[0], key)[1], state)
    size = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(record))
    return int(max(1, min(len(u), max(LEAST_STEPS, BLOCK_BYTES // max(size, 1)))))


def serial(
    engine: Engine, params: Any, u: Any, state: Any, key: Any, collect: Any = None
) -> tuple[Any, Any]:
    """(final state, features (T, F)); or what ``collect`` makes of the blocks.

    ``collect`` is ``(start, add)``: ``add(total, features, steps)`` takes the features of a block
    and the numbers of its steps, so that nothing of the length of the series is kept.
    """
    size = block_length(engine, params, state, u, key)
    steps = jnp.arange(len(u), dtype=jnp.int32)

    def body(state: Any, x: Any) -> tuple[Any, Any]:
        value, step = x
        mine = None if key is None else jax.random.fold_in(key, step)
        return engine.advance(params, state, value, mine)

    def piece(carry: Any, x: Any) -> tuple[Any, Any]:
        state, total = carry
        state, records = jax.lax.scan(body, state, x)
        features = engine.readout(params, records, x[0])
        if collect is None:
            return (state, total), features
        return (state, collect[1](total, features, x[1])), None

    total = None if collect is None else collect[0]
    count, rest = divmod(len(u), size)
    carry, out = (state, total), []
    if count == 1:
        carry, features = piece(carry, (u[:size], steps[:size]))
        out.append(features)
    elif count:
        whole = tuple(x[: count * size].reshape(count, size, *x.shape[1:]) for x in (u, steps))
        carry, features = jax.lax.scan(jax.checkpoint(piece), carry, whole)
        if collect is None:
            out.append(features.reshape(count * size, -1))
    if rest:
        carry, features = piece(carry, (u[count * size :], steps[count * size :]))
        out.append(features)
    if collect is not None:
        return carry
    return carry[0], out[0] if len(out) == 1 else jnp.concatenate(out)


def parallel(
    engine: Engine, params: Any, u: Any, state: Any, fading: Fading
) -> tuple[Any, Any, Any]:
    """(final state, features (T, F), bound of their error), chunks of time in parallel."""
    total, warmup = len(u), fading.warmup or 1
    length = fading.length(total)
    chunks = -(-total // length)
    if chunks < 2:
        state, features = serial(engine, params, u, state, None)
        return state, features, jnp.zeros((), features.dtype)
    padded = jnp.concatenate([u, jnp.repeat(u[-1:], chunks * length - total, axis=0)])
    split = padded.reshape(chunks, length, *u.shape[1:]).swapaxes(0, 1)
    # The inputs before every chunk but the first: the ends of the chunks before it.
    before = split[length - warmup :, :-1]
    lanes = jax.vmap(lambda s, x: engine.advance(params, s, x, None))

    def warm(s: Any, x: Any) -> tuple[Any, None]:
        return lanes(s, x)[0], None

    fresh = engine.start(params)
    spread = jax.tree.map(lambda x: jnp.broadcast_to(x, (chunks - 1, *x.shape)), fresh)
    warmed, _ = jax.lax.scan(warm, spread, before)
    begin = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), state, warmed)

    # Chunks beyond the end of the series run on padding; the true final state is kept aside.
    last = total - (chunks - 1) * length

    def body(carry: Any, x: Any) -> tuple[Any, Any]:
        s, kept = carry
        value, step = x
        s, records = lanes(s, value)
        final = jax.tree.map(lambda a: a[-1], s)
        kept = jax.tree.map(lambda a, b: jnp.where(step == last - 1, a, b), final, kept)
        # Of all lanes one step each: to a readout they are rows, as the steps of a series are.
        return (s, kept), engine.readout(params, records, value)

    final = jax.tree.map(lambda a: a[-1], begin)
    (end, final), features = jax.lax.scan(body, (begin, final), (split, jnp.arange(length)))
    gaps = jax.vmap(lambda a, b: engine.distance(params, a, b))(
        jax.tree.map(lambda a: a[:-1], end), warmed
    )
    flat = features.swapaxes(0, 1).reshape(chunks * length, -1)[:total]
    return final, flat, jnp.sum(gaps)
