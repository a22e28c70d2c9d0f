"""What an experiment is, and what running one means.

A new experiment is one module with a `Settings` subclass, a ``run(run) -> list[Row]`` function
and ``EXPERIMENT = Experiment(...)``, plus one line in `registry.MODULES`. Everything that a run
shares with others (chunks, checkpoints, metrics, progress, figures, circuits) is reached through
the `Run` it is given.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from ..errors import ExperimentError, QjaxError
from ..train.loop import Trained, Update, run_chunks
from .progress import progress
from .run_folder import RunFolder, surroundings
from .settings import Settings, as_dict, override, shown
from .table import Row, results_table


@dataclass(frozen=True)
class Experiment:
    """A published result and how to obtain it.

    Attributes:
        name: on the command line.
        title: one line.
        paper: where the result was published, such as ``"arXiv:2407.14055"``.
        minutes: expected run time with the default settings on two CPU cores.
        settings: the defaults.
        run: the experiment itself; returns the lines of the results table.
        circuit: the circuit of the experiment for given settings, for ``qjax explain``.
        quick: settings for a run of seconds that shows the machinery, not the result.
        x64: whether the experiment needs float64; it is then enabled for its duration.
    """

    name: str
    title: str
    paper: str
    minutes: float | int
    settings: Settings
    run: Callable[[Run], Sequence[Row]]
    circuit: Callable[[Any], Any] | None = None
    quick: Mapping[str, Any] = field(default_factory=dict)
    x64: bool = False


class Run:
    """One run of one experiment: what the experiment's function is given.

    Attributes:
        settings: the settings of this run.
        key: the PRNG key that everything random in the run derives from.
        folder: the `RunFolder`.
        console: the `rich.console.Console` to speak to.
    """

    def __init__(self, settings: Any, folder: RunFolder, console: Any) -> None:
        self.settings, self.folder, self.console = settings, folder, console
        self.key = jax.random.key(settings.seed)

    def train(
        self,
        stage: str,
        update: Update,
        carry: Any,
        steps: int,
        *,
        chunk: int = 25,
        data: Any = None,
        show: Callable[[dict[str, np.ndarray]], str] | None = None,
    ) -> Trained:
        """`qjax.train.run_chunks` with this run's checkpoint, metrics file and progress.

        Args:
            stage: names the training within the run; a run may have several.
            update: pure ``(carry, step, data) -> (carry, metrics)``.
            carry: pytree to start from.
            steps: how many steps.
            chunk: steps between two checkpoints.
            data: pytree that every step sees.
            show: the metrics of a chunk as a few words beside the progress bar.

        Returns:
            The last carry and all metrics; a stage that was finished before a restart returns at
            once.
        """
        with progress(self.console, stage, steps) as advance:

            def on_chunk(first: int, metrics: dict[str, np.ndarray]) -> None:
                self.folder.write_metrics(stage, first, metrics)
                count = len(next(iter(metrics.values())))
                advance(first + count, show(metrics) if show else "")

            return run_chunks(
                update,
                carry,
                steps,
                chunk=chunk,
                data=data,
                checkpoint=self.folder.file(f"checkpoint-{_slug(stage)}.npz"),
                on_chunk=on_chunk,
            )

    def figure(self, name: str, figure: Any) -> None:
        """Keep a `matplotlib.figure.Figure` as ``NAME.png``."""
        self.folder.write_figure(name, figure)

    def circuit(self, name: str, circuit: Any) -> None:
        """Keep a trained circuit as ``NAME.qasm``; where it has no OpenQASM form, say why not."""
        try:
            from ..qasm import dumps
        except ImportError:
            return self.note(f"{name}.qasm is not written: this qjax has no OpenQASM writer")
        try:
            text = dumps(circuit)
        except QjaxError as error:
            return self.note(f"{name}.qasm is not written: {error.what}")
        from ..train.checkpoint import write_atomically

        return write_atomically(self.folder.file(f"{name}.qasm"), text.encode())

    def note(self, text: str) -> None:
        """One line to the reader."""
        self.console.print(text, style="dim", highlight=False, soft_wrap=True)


def execute(
    experiment: Experiment,
    settings: Settings | None = None,
    *,
    out: str | os.PathLike = "runs",
    resume: str | os.PathLike | bool = False,
    console: Any = None,
) -> list[Row]:
    """Run an experiment, print its table and leave a run folder.

    Args:
        experiment: from `find`.
        settings: what to run it with; its defaults if not given.
        out: where run folders are made.
        resume: a run folder to continue, or True for the newest unfinished one in ``out``. The
            settings are then those of that run.
        console: a `rich.console.Console`; the standard output if not given.

    Returns:
        The lines of the results table.

    Raises:
        ExperimentError: a folder that cannot be resumed, or is of another experiment.
    """
    from rich.console import Console

    console = console or Console()
    with jax.enable_x64(experiment.x64 or jax.config.jax_enable_x64):  # pyright: ignore[reportAttributeAccessIssue]
        now = surroundings()
        if resume is False:
            settings = settings or experiment.settings
            key = np.asarray(jax.random.key_data(jax.random.key(settings.seed))).tolist()
            config = {"experiment": experiment.name, "settings": as_dict(settings), "key": key}
            folder = RunFolder.create(out, experiment.name, config | now)
        else:
            folder = RunFolder.newest(out, experiment.name) if resume is True else RunFolder(resume)
            settings = _settings_of(experiment, folder, settings)
            _warn_of_changes(folder.config, now, console)
        verb = "resuming in" if resume is not False else "writing to"
        console.print(
            f"[bold]{experiment.name}[/]  {experiment.title}  [dim]({experiment.paper})[/]"
        )
        console.print(f"{verb} {folder.path}", style="dim", highlight=False, soft_wrap=True)
        began = time.monotonic()
        try:
            rows = list(experiment.run(Run(settings, folder, console)))
        except KeyboardInterrupt:
            console.print(
                f"stopped. Continue with: qjax run {experiment.name} --resume {folder.path}",
                style="yellow",
                highlight=False,
                soft_wrap=True,
            )
            raise
        seconds = time.monotonic() - began
    rows_json = [row.as_dict() for row in rows]
    folder.write_json("result.json", {"rows": rows_json, "seconds": round(seconds, 1)})
    console.print(results_table(f"{experiment.title}\n{experiment.paper}", rows))
    changed = _changed(experiment, settings)
    if changed:
        console.print(
            f"with {changed}: the figures asked for are those of the defaults",
            style="yellow",
            highlight=False,
        )
    files = sorted(p.name for p in folder.path.iterdir() if not p.name.startswith("."))
    console.print(
        f"{seconds:.1f} s; {folder.path}: {', '.join(files)}", style="dim", highlight=False
    )
    return rows


def _changed(experiment: Experiment, settings: Settings) -> str:
    """The settings other than the defaults, seeds left out, as they are written."""
    defaults = as_dict(experiment.settings)
    found = as_dict(settings).items()
    return ", ".join(
        f"{name}={shown(value)}"
        for name, value in found
        if value != defaults[name] and name not in ("seed", "seeds")
    )


def _settings_of(experiment: Experiment, folder: RunFolder, asked: Settings | None) -> Settings:
    config = folder.config
    if config["experiment"] != experiment.name:
        raise ExperimentError(
            f"{folder.path} is a run of another experiment",
            expected=experiment.name,
            got=config["experiment"],
        )
    settings = override(experiment.settings, config["settings"])
    if asked is not None and asked != settings:
        raise ExperimentError(
            "a resumed run keeps its settings",
            expected=as_dict(settings),
            got=as_dict(asked),
            fix="leave out --set, --seeds and --quick, or start a new run",
        )
    return settings


def _warn_of_changes(then: Mapping[str, Any], now: Mapping[str, Any], console: Any) -> None:
    changed = [
        name for name in ("versions", "revision", "device", "x64") if then.get(name) != now[name]
    ]
    if changed:
        console.print(
            f"other {', '.join(changed)} than when this run began: "
            "its end may differ from an uninterrupted run",
            style="yellow",
            highlight=False,
        )


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")
