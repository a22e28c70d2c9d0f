"""The training loop: jitted chunks of many steps, a checkpoint after each.

It knows nothing of models, optimisers or files other than its checkpoint; what a step does is the
caller's pure function.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ExperimentError
from .checkpoint import load_checkpoint, read_arrays, save_checkpoint

Update = Callable[[Any, jax.Array, Any], tuple[Any, dict[str, jax.Array]]]


class Trained(NamedTuple):
    """What a loop ends with.

    Attributes:
        carry: the last carry (parameters, optimiser state, keys, ...).
        metrics: every metric over all steps, NumPy arrays with a leading step axis.
    """

    carry: Any
    metrics: dict[str, np.ndarray]


def run_chunks(
    update: Update,
    carry: Any,
    steps: int,
    *,
    chunk: int = 50,
    data: Any = None,
    checkpoint: str | os.PathLike | None = None,
    on_chunk: Callable[[int, dict[str, np.ndarray]], None] | None = None,
    until: Callable[[Any], bool] | None = None,
) -> Trained:
    """Run ``update`` ``steps`` times, ``chunk`` steps per call of one compiled program.

    With a ``checkpoint`` the loop can be killed at any moment: the next call with the same
    arguments goes on after the last finished chunk, and because chunks begin where they would
    have begun anyway, it ends with the same bits as a loop that was never stopped.

    Args:
        update: pure ``(carry, step, data) -> (carry, metrics)``; ``step`` is an int32 scalar,
            ``metrics`` a dict of arrays. Batch over seeds inside it with `jax.vmap`.
        carry: pytree of arrays; random updates keep their key in it (or fold ``step`` into one).
        steps: how many steps in all.
        chunk: steps per call; the time between two checkpoints, and between two reports.
        data: pytree of arrays that every step sees; an argument of the compiled program and so
            no constant in it.
        checkpoint: file for carry, step and metrics so far; written atomically after each chunk.
        on_chunk: called as ``on_chunk(first, metrics)`` after each chunk, ``first`` being the
            step that it began with; after a restart once with 0 and everything restored.
        until: called with the carry after ``on_chunk``; True ends the loop. Let it depend on the
            carry alone, so that a resumed loop ends where the other would have.

    Returns:
        The last carry and all metrics.

    Raises:
        ExperimentError: steps or chunk not positive, or a checkpoint that does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.train import run_chunks
        >>> def halve(x, step, data):
        ...     return x / 2, {"x": x}
        >>> run_chunks(halve, jnp.float32(8), 3, chunk=2).metrics["x"].tolist()
        [8.0, 4.0, 2.0]
    """
    for name, value in (("steps", steps), ("chunk", chunk)):
        if value < 1:
            raise ExperimentError(f"{name} must be a positive integer", got=value)
    # Strong types throughout: a restored carry must hit the very program that the first one did.
    carry = jax.tree.map(_strongly_typed, carry)

    def body(length: int) -> Callable[[Any, jax.Array, Any], tuple[Any, dict[str, jax.Array]]]:
        def scan(carry: Any, first: jax.Array, data: Any) -> tuple[Any, dict[str, jax.Array]]:
            numbers = first + jnp.arange(length, dtype=jnp.int32)
            return jax.lax.scan(lambda c, k: update(c, k, data), carry, numbers)

        return scan

    program = functools.cache(lambda length: jax.jit(body(length)))
    history: dict[str, list[np.ndarray]] = {}
    done = 0
    if checkpoint is not None and Path(checkpoint).exists():
        shapes = jax.eval_shape(program(min(chunk, steps)), carry, jnp.int32(0), data)[1]
        done, carry, restored = _restore(checkpoint, carry, shapes, steps)
        history = {name: [values] for name, values in restored.items()}
        if on_chunk is not None:
            on_chunk(0, restored)
    over = done > 0 and until is not None and until(carry)
    while done < steps and not over:
        # Chunks end at multiples, also where a finished loop is asked for more steps.
        length = min(chunk - done % chunk, steps - done)
        carry, values = program(length)(carry, jnp.int32(done), data)
        part = {name: np.asarray(value) for name, value in values.items()}
        for name, value in part.items():
            history.setdefault(name, []).append(value)
        first, done = done, done + length
        if checkpoint is not None:
            so_far = {name: np.concatenate(parts) for name, parts in history.items()}
            history = {name: [value] for name, value in so_far.items()}
            save_checkpoint(checkpoint, (np.int32(done), carry, so_far))
        if on_chunk is not None:
            on_chunk(first, part)
        over = until is not None and until(carry)
    return Trained(carry, {name: np.concatenate(parts) for name, parts in history.items()})


def _restore(
    path: str | os.PathLike, carry: Any, shapes: Any, steps: int
) -> tuple[int, Any, dict[str, np.ndarray]]:
    # How many rows the metrics have is known only to the file: read it before its structure.
    done = int(read_arrays(path).get("tree[0]", 0))
    if done > steps:
        raise ExperimentError(
            "the checkpoint is beyond the end of this run",
            expected=f"at most {steps} steps",
            got=f"{done} steps",
            fix="resume with the settings that the run was started with",
        )
    like = {name: np.empty((done, *s.shape[1:]), s.dtype) for name, s in shapes.items()}
    _, restored, metrics = load_checkpoint(path, (np.int32(0), carry, like))
    carry = jax.tree.map(_where, restored, carry)
    return done, carry, {name: np.asarray(value) for name, value in metrics.items()}


def _where(new: Any, old: Any) -> Any:
    """The restored leaf where the first one lay, if that is on several devices."""
    return jax.device_put(new, old.sharding) if len(old.sharding.device_set) > 1 else new


def _strongly_typed(leaf: Any) -> Any:
    leaf = jnp.asarray(leaf)
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return leaf
    return jax.lax.convert_element_type(leaf, leaf.dtype)
