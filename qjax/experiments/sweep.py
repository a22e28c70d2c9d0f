"""An experiment at many settings: every combination a run of its own, all in one folder."""

from __future__ import annotations

import itertools
import json
import os
import re
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ExperimentError, QjaxError
from ..train.checkpoint import write_atomically
from .frame import Experiment, execute
from .progress import progress
from .run_folder import RunFolder, surroundings
from .settings import as_dict, field_name, override


def read_grid(texts: Sequence[str]) -> dict[str, list[str]]:
    """``["rate=1e-3,1e-2", "layers=2,4"]`` as values by setting.

    Raises:
        ExperimentError: no values, or the same setting twice.

    Example:
        >>> from qjax.experiments.sweep import read_grid
        >>> read_grid(["rate=1e-3,1e-2"])
        {'rate': ['1e-3', '1e-2']}
    """
    grid: dict[str, list[str]] = {}
    for text in texts:
        name, _, values = text.partition("=")
        found = [value.strip() for value in values.split(",") if value.strip()]
        if not found or name.strip() in grid:
            raise ExperimentError(
                "a grid is written setting=value,value,..., each setting once", got=text
            )
        grid[name.strip()] = found
    if not grid:
        raise ExperimentError("a sweep needs a grid", expected="--grid rate=0.01,0.1")
    return grid


def sweep_experiment(
    experiment: Experiment,
    grid: Mapping[str, Sequence[str]] | None = None,
    changes: Sequence[str] = (),
    *,
    quick: bool = False,
    out: str | os.PathLike = "runs",
    resume: str | os.PathLike | bool = False,
    console: Any = None,
) -> list[dict[str, Any]]:
    """Run an experiment at every combination of settings, and print their results in one table.

    Each combination has a folder of its own below ``runs/sweep-NAME-.../`` with all that a run
    leaves. One that raises is recorded and the others go on. A resumed sweep repeats no finished
    run, and continues the one that was interrupted from its checkpoint.

    Args:
        experiment: from `find`.
        grid: values by setting, as text; not given where a sweep is resumed.
        changes: ``"key=value"`` for all of them.
        quick: whether to start from the experiment's quick settings.
        out: where the folder is made.
        resume: the folder of a sweep to continue, or True for the newest unfinished one.
        console: a `rich.console.Console`; the standard output if not given.

    Returns:
        A dict for each combination: ``point`` (its settings in the grid) and ``rows``, or
        ``error``.

    Raises:
        ExperimentError: an unknown setting or value, or a folder that cannot be resumed.
    """
    from rich.console import Console

    console = console or Console()
    name = f"sweep-{experiment.name}"
    if resume is False:
        grid = {key: list(values) for key, values in (grid or {}).items()}
        settings = {"grid": grid, "changes": list(changes), "quick": quick}
        _points(experiment, settings)  # every combination is checked before the first one runs
        folder = RunFolder.create(
            out, name, {"experiment": name, "settings": settings} | surroundings()
        )
    else:
        folder = RunFolder.newest(out, name) if resume is True else RunFolder(resume)
        if folder.config["experiment"] != name:
            raise ExperimentError(
                f"{folder.path} is no sweep of {experiment.name}", got=folder.config["experiment"]
            )
        settings = folder.config["settings"]
    points = _points(experiment, settings)
    console.print(f"{name}: {len(points)} runs in {folder.path}", highlight=False, soft_wrap=True)
    try:
        results = _all(experiment, folder, points, console)
    except KeyboardInterrupt:
        console.print(
            f"stopped. Continue with: qjax sweep {experiment.name} --resume {folder.path}",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
        raise
    folder.write_json("result.json", {"points": results})
    console.print(_table(experiment, results))
    console.print(f"{folder.path}/results.jsonl", style="dim", highlight=False, soft_wrap=True)
    return results


def _points(experiment: Experiment, settings: Mapping[str, Any]) -> list[tuple[dict, Any]]:
    base = override(experiment.settings, experiment.quick if settings["quick"] else {})
    base = override(base, settings["changes"])
    grid = _fields(base, settings["grid"])
    found = []
    for values in itertools.product(*grid.values()):
        chosen = override(base, [f"{k}={v}" for k, v in zip(grid, values, strict=True)])
        shown = as_dict(chosen)
        found.append(({name: shown[name] for name in grid}, chosen))
    return found


def _fields(base: Any, grid: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The grid by the fields of the settings: ``lr`` and ``rate`` are the same axis."""
    found = {field_name(base, name): values for name, values in grid.items()}
    if len(found) < len(grid):
        raise ExperimentError("a grid names a setting twice", got=", ".join(grid))
    return found


def _all(
    experiment: Experiment, folder: RunFolder, points: Sequence[tuple[dict, Any]], console: Any
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    with progress(console, folder.path.name, len(points), "runs") as advance:
        for number, (point, chosen) in enumerate(points):
            results.append(_one(experiment, folder, number, point, chosen))
            lines = "".join(json.dumps(result) + "\n" for result in results)
            write_atomically(folder.file("results.jsonl"), lines.encode())
            failures = sum("error" in result for result in results)
            advance(number + 1, f"{failures} failed" if failures else "")
    return results


def _one(
    experiment: Experiment, folder: RunFolder, number: int, point: dict, settings: Any
) -> dict[str, Any]:
    """The result of one combination: from its folder, or by running it."""
    home = folder.file(f"run-{number:04d}")
    failure = home / "failed.json"
    if failure.exists():
        return json.loads(failure.read_text())
    done = _finished(home, experiment)
    if done is None:
        try:
            _run(experiment, home, settings)
        except Exception as error:
            text = (
                error.what if isinstance(error, QjaxError) else f"{type(error).__name__}: {error}"
            )
            (home / "traceback.txt").write_text(traceback.format_exc())
            result = {"point": point, "error": text}
            write_atomically(failure, (json.dumps(result) + "\n").encode())
            return result
        done = _finished(home, experiment)
    return {"point": point, "rows": done, "folder": str(home.relative_to(folder.path))}


def _run(experiment: Experiment, home: Path, settings: Any) -> None:
    from rich.console import Console

    home.mkdir(exist_ok=True)
    try:
        resume: Path | bool = RunFolder.newest(home, experiment.name).path
    except ExperimentError:
        resume = False
    with open(home / "output.txt", "a") as output:
        execute(
            experiment,
            None if resume else settings,
            out=home,
            resume=resume,
            console=Console(file=output, width=110),
        )


def _finished(home: Path, experiment: Experiment) -> list[dict[str, Any]] | None:
    for path in sorted(home.glob(f"{experiment.name}-*/result.json")):
        return json.loads(path.read_text())["rows"]
    return None


def _table(experiment: Experiment, results: Sequence[Mapping[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=f"{experiment.title}: medians", box=box.ROUNDED)
    for name in results[0]["point"]:
        table.add_column(name, style="bold cyan")
    quantities = list(dict.fromkeys(r["quantity"] for x in results for r in x.get("rows", ())))
    for quantity in quantities:
        table.add_column(re.sub(r"\s+", " ", quantity), justify="right")
    for result in results:
        cells = [str(value) for value in result["point"].values()]
        if "error" in result:
            cells += [f"failed: {result['error'].splitlines()[0]}"][: max(len(quantities), 0)]
        else:
            medians = {row["quantity"]: row["median"] for row in result["rows"]}
            cells += ["" if (m := medians.get(q)) is None else f"{m:.4g}" for q in quantities]
        table.add_row(*cells)
    return table
