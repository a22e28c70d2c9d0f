"""Training of a loss: compiled chunks of steps, the best kept, continued after a kill.

The step is in `fit_step`, the loop over chunks is `run_chunks`; here they are put together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ExperimentError
from .batches import check_batch
from .checkpoint import save_checkpoint
from .fingerprint import claim, fingerprint
from .fit_step import (
    NOT_FINITE,
    PATIENCE,
    RUNNING,
    Carry,
    Given,
    Objective,
    Plan,
    as_optimiser,
    make_update,
    placed,
    start,
)
from .loop import run_chunks
from .model import Model, as_model
from .over import over_mesh
from .progress import Advance, shown

_ENDINGS = {RUNNING: "steps", PATIENCE: "patience", NOT_FINITE: "not finite"}


@dataclass(frozen=True)
class Report:
    """What a callback is told after each chunk.

    Attributes:
        step: steps done so far.
        steps: steps asked for.
        params: the parameters now; a module where one is trained.
        metrics: of the steps since the last report, NumPy arrays with a leading step axis.
        best_value: the smallest watched loss so far.
        best_step: after how many steps it was reached.
    """

    step: int
    steps: int
    params: Any
    metrics: dict[str, np.ndarray]
    best_value: float
    best_step: int


@dataclass(frozen=True)
class Fitted:
    """What a training ends with.

    Attributes:
        params: the last parameters; a module where one was trained.
        best: those with the smallest watched loss; the first where none was finite.
        best_value: that loss.
        best_step: after how many steps it was reached.
        metrics: per step ``loss``, ``gradient_norm``, what else the loss returned and, where the
            optimiser tells, ``learning_rate``: arrays with a leading step axis. ``watched`` is the
            watched loss at the end of each chunk, and not a number in between.
        steps: how many steps were made.
        ended: ``"steps"``, ``"patience"``, ``"not finite"`` or ``"callback"``.
    """

    params: Any
    best: Any
    best_value: float
    best_step: int
    metrics: dict[str, np.ndarray]
    steps: int
    ended: str

    def watched(self) -> tuple[np.ndarray, np.ndarray]:
        """After how many steps the watched loss was computed, and its values."""
        values = self.metrics["watched"]
        at = np.flatnonzero(~np.isnan(values))
        return at + 1, values[at]


def fit(
    loss: Callable[..., Any],
    params: Any,
    data: Any = None,
    *,
    steps: int,
    optimiser: Any = 0.01,
    key: Any = None,
    batch_size: int | None = None,
    validation: Any = None,
    patience: int | None = None,
    min_delta: float | int = 0.0,
    chunk: int = 50,
    mesh: Any = None,
    folder: str | os.PathLike | None = None,
    callbacks: Sequence[Callable[[Report], Any]] = (),
    console: Any = None,
    title: str = "fit",
) -> Fitted:
    """Minimise a loss: compiled chunks of steps, the best kept, continued after a kill.

    ``chunk`` steps are one call of a compiled program (a `jax.lax.scan`). At the end of each chunk
    the *watched* loss, that of ``validation`` (or of all ``data``), is computed, the best
    parameters are kept, a checkpoint is written and callbacks are called. With a ``folder`` the
    process may be killed at any moment: the same call goes on after the last finished chunk and
    ends with the same bits as one that was never stopped.

    Args:
        loss: ``loss(params)``; ``loss(params, data)`` where data are given; a key, where one is
            given, comes last. Returns a real scalar, or ``(scalar, metrics)`` with a dict of
            arrays. In place of ``params`` it sees a module where one is trained.
        params: pytree of floating-point arrays; or a Flax `nnx.Module`, which is split once, has
            its `nnx.Param` trained and is itself left as it was.
        data: pytree of arrays; an argument of the compiled program and so no constant in it.
        steps: how many steps at most. A finished training goes on where more are asked for.
        optimiser: an `optax.GradientTransformation`; or a learning rate or an optax schedule
            (step -> rate), which mean Adam.
        key: PRNG key from `jax.random.key`; every step gets its own.
        batch_size: rows per step, from the leading axis of ``data``, in an order that is new in
            each epoch (an incomplete last batch is left out). Needs a key.
        validation: pytree like ``data`` for the watched loss.
        patience: end after so many chunks in a row without a smaller watched loss.
        min_delta: by how much it must be smaller to count.
        chunk: steps between two looks at the watched loss, and between two checkpoints.
        mesh: devices that the rows of ``data`` are shared among, such as
            ``qjax.device_mesh(batch=8)``; parameters and optimiser are on all of them. The loss
            stays as it is: a mean over rows becomes a sum over devices.
        folder: where ``last.npz`` (everything), ``best.npz`` (the best parameters) and ``fit.json``
            are kept.
        callbacks: called with a `Report` after each chunk, and once after a restart; one that
            returns True ends the training.
        console: where progress (rate, time left) is shown: a `rich.console.Console`, or True for
            the standard output.
        title: what the progress is called.

    Returns:
        A `Fitted`.

    Raises:
        ExperimentError: sizes that are not positive, a batch that cannot be drawn, a loss that is
            no real scalar, or the folder of another training: its start, data, key and sizes are
            remembered (its loss and optimiser cannot be).
        DeviceError: a mesh without an axis for the batch, or rows that it cannot share evenly.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.train import fit
        >>> def loss(w, x):
        ...     return jnp.sum((w - x) ** 2)
        >>> done = fit(loss, jnp.zeros(2), jnp.ones(2), steps=200, optimiser=0.1)
        >>> done.best_value < 1e-3, done.ended
        (True, 'steps')
    """
    for name, value in (("steps", steps), ("chunk", chunk), ("patience", patience)):
        if value is not None and value < 1:
            raise ExperimentError(f"fit: {name} must be a positive integer", got=value)
    if batch_size is not None:
        check_batch(batch_size, data, key)
    if validation is not None and data is None:
        raise ExperimentError("fit: validation needs data of the same kind")
    over = None if mesh is None else over_mesh(mesh, data, batch_size)
    plan = Plan(steps, chunk, batch_size, patience, float(min_delta), over)
    given = Given(data, data if validation is None else validation, key)
    model, transformation = as_model(params), as_optimiser(optimiser)
    objective = Objective(loss, model, given)
    first = start(objective, transformation, given, plan)
    files = None if folder is None else _Files(Path(folder), first, given, plan)
    if over is not None:
        first, given = over.place(first), placed(given, over, batch_size is None)
    with shown(console, title, steps) as advance:
        watch = _Watch(model, steps, files, tuple(callbacks), advance)
        trained = run_chunks(
            make_update(objective, transformation, plan),
            first,
            steps,
            chunk=chunk,
            data=given,
            checkpoint=None if files is None else files.last,
            on_chunk=watch.on_chunk,
            until=watch.until,
        )
    carry: Carry = trained.carry
    ended = _ENDINGS[int(carry.ending)]
    return Fitted(
        model.whole(carry.params, carry.rest),
        model.whole(*carry.best),
        float(carry.best_value),
        int(carry.best_step),
        trained.metrics,
        len(trained.metrics["loss"]),
        "callback" if watch.stopped and ended == "steps" else ended,
    )


class _Files:
    """The folder of a training."""

    def __init__(self, path: Path, first: Carry, given: Given, plan: Plan) -> None:
        self.last, self.best = path / "last.npz", path / "best.npz"
        content = {
            "start": fingerprint((first.params, first.rest)),
            "data": fingerprint((given.data, given.validation)),
            "key": fingerprint(given.key),
            "batch_size": plan.batch_size,
            "chunk": plan.chunk,
        }
        claim(path / "fit.json", content, "training")


class _Watch:
    """What happens between two chunks."""

    def __init__(
        self,
        model: Model,
        steps: int,
        files: _Files | None,
        callbacks: tuple[Callable[[Report], Any], ...],
        advance: Advance,
    ) -> None:
        self.model, self.steps, self.files = model, steps, files
        self.callbacks, self.advance = callbacks, advance
        self.first, self.metrics = 0, {}
        self.stopped = False

    def on_chunk(self, first: int, metrics: dict[str, np.ndarray]) -> None:
        self.first, self.metrics = first, metrics

    def until(self, carry: Carry) -> bool:
        best_value, best_step = float(carry.best_value), int(carry.best_step)
        done = self.first + len(self.metrics["loss"])
        # After a restart too: the kill may have come between the two files.
        if self.files is not None and (best_step == done or self.first == 0):
            save_checkpoint(self.files.best, carry.best[0])
        watched = self.metrics["watched"]
        shown_value = watched[~np.isnan(watched)][-1:].tolist() or [float("nan")]
        self.advance(done, f"loss {shown_value[0]:.4g}, best {best_value:.4g}")
        if self.callbacks:
            params = self.model.whole(carry.params, carry.rest)
            report = Report(done, self.steps, params, self.metrics, best_value, best_step)
            # Every one is called, whatever the others say.
            answers = [callback(report) for callback in self.callbacks]
            self.stopped = any(answer is True for answer in answers)
        return self.stopped or int(carry.ending) != RUNNING
