"""The command ``qjax``: list, run, sweep, simulate, convert, explain, info."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ExperimentError, QjaxError
from . import openqasm

INTERRUPTED = 130
REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows ``qjax``; those of the process if not given.

    Returns:
        The exit code: 0 (also for the bare command, which shows its help); 2 where qjax refused
        something, with one message and no traceback; 130 after an interrupt.
    """
    from rich.console import Console

    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    # A log file has no width of its own; 80 columns would fold the tables.
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 110
    console = Console(width=wide)
    try:
        _use_compilation_cache()
        options.command(options, console)
    except QjaxError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {_escaped(error)}", highlight=False)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `qjax list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def cache_folder() -> Path:
    """Where the command keeps compiled programs: JAX_COMPILATION_CACHE_DIR, or one of our own."""
    chosen = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    return Path(chosen) if chosen else Path.home() / ".cache" / "qjax" / "jax"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qjax", description="Differentiable quantum simulation in JAX: published results, run."
    )
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    one = commands.add_parser("list", help="show the experiments")
    one.set_defaults(command=_list)

    one = commands.add_parser("run", help="run an experiment, or all of them")
    one.add_argument("name", metavar="NAME", help="an experiment of `qjax list`, or all")
    one.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change a setting; may be repeated",
    )
    one.add_argument("--seeds", type=int, metavar="N", help="short for --set seeds=N")
    one.add_argument(
        "--quick", action="store_true", help="a run of seconds: shows the machinery, not the result"
    )
    one.add_argument(
        "--resume",
        nargs="?",
        const=True,
        default=False,
        metavar="FOLDER",
        help="continue a run (the newest unfinished one unless a folder is named)",
    )
    one.add_argument("--out", default="runs", metavar="DIR", help="where run folders go (runs)")
    one.set_defaults(command=_run)

    one = commands.add_parser("sweep", help="run an experiment at many settings")
    one.add_argument("name", metavar="EXPERIMENT", help="an experiment of `qjax list`")
    one.add_argument(
        "--grid",
        action="append",
        nargs="+",
        default=[],
        metavar="KEY=VALUE,VALUE",
        help="values of a setting; every combination of several is run",
    )
    one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes")
    one.add_argument("--seeds", type=int, metavar="N", help="short for --set seeds=N")
    one.add_argument("--quick", action="store_true", help="start from the quick settings")
    one.add_argument(
        "--resume",
        nargs="?",
        const=True,
        default=False,
        metavar="FOLDER",
        help="continue a sweep (the newest unfinished one unless a folder is named)",
    )
    one.add_argument("--out", default="runs", metavar="DIR", help="where run folders go (runs)")
    one.set_defaults(command=_sweep)

    openqasm.add_parsers(commands)

    one = commands.add_parser("explain", help="what simulating a circuit takes")
    one.add_argument("name", metavar="NAME", help="an experiment, or an OpenQASM file")
    one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes")
    one.add_argument("--sim", choices=openqasm.SIMULATORS, default="auto", help="how to simulate")
    one.set_defaults(command=_explain)

    one = commands.add_parser("info", help="versions, devices, cache and memory")
    one.set_defaults(command=_info)
    return parser


def _list(options: argparse.Namespace, console: Any) -> None:
    from rich import box
    from rich.table import Table

    from ..experiments import find, names
    from ..experiments.settings import as_dict, shown

    table = Table(box=box.ROUNDED, show_lines=True)
    table.add_column("experiment", style="bold cyan", no_wrap=True)
    table.add_column("what it reproduces")
    table.add_column("paper", no_wrap=True)
    table.add_column("time on 2 cores", justify="right", no_wrap=True)
    for name in names():
        experiment = find(name)
        settings = ", ".join(
            f"{key}={shown(value)}" for key, value in as_dict(experiment.settings).items()
        )
        table.add_row(
            name,
            f"{experiment.title}\n[dim]{settings}[/]",
            experiment.paper,
            f"{experiment.minutes:g} min",
        )
    console.print(table)
    console.print("qjax run NAME --set key=value", style="dim", highlight=False)


def _run(options: argparse.Namespace, console: Any) -> None:
    from ..experiments import execute, find, names, override

    every = options.name == "all"
    if every and (options.changes or options.resume):
        raise ExperimentError("--set and --resume need one experiment", got="all")
    for name in names() if every else [options.name]:
        experiment = find(name)
        changes = [*options.changes]
        if options.seeds is not None:
            changes.append(f"seeds={options.seeds}")
        settings = None
        if options.quick or changes:
            settings = override(experiment.settings, experiment.quick if options.quick else {})
            settings = override(settings, changes)
        execute(experiment, settings, out=options.out, resume=options.resume, console=console)


def _sweep(options: argparse.Namespace, console: Any) -> None:
    from ..experiments import find
    from ..experiments.settings import as_dict, shown
    from ..experiments.sweep import read_grid, sweep_experiment

    experiment = find(options.name)
    grid = [text for texts in options.grid for text in texts]
    changes = [*options.changes, *([] if options.seeds is None else [f"seeds={options.seeds}"])]
    if options.resume and (grid or changes or options.quick):
        raise ExperimentError(
            "a resumed sweep keeps its grid and settings",
            fix="leave out --grid, --set, --seeds and --quick, or start a new sweep",
        )
    if not grid and not options.resume:
        known = as_dict(experiment.settings).items()
        raise ExperimentError(
            "a sweep needs a grid",
            expected="--grid SETTING=VALUE,VALUE",
            fix=f"{experiment.name} has {', '.join(f'{k}={shown(v)}' for k, v in known)}",
        )
    sweep_experiment(
        experiment,
        None if options.resume else read_grid(grid),
        changes,
        quick=options.quick,
        out=options.out,
        resume=options.resume,
        console=console,
    )


def _explain(options: argparse.Namespace, console: Any) -> None:
    if Path(options.name).suffix == ".qasm":
        openqasm.explain(options, console)
        return
    from .. import measure
    from ..experiments import find, override

    experiment = find(options.name)
    if experiment.circuit is None:
        raise ExperimentError(f"{experiment.name} has no single circuit to explain")
    circuit = experiment.circuit(override(experiment.settings, options.changes))
    console.print(str(measure.explain(circuit)), highlight=False, markup=False, soft_wrap=True)


def _info(options: argparse.Namespace, console: Any) -> None:
    import jax
    from rich import box
    from rich.table import Table

    from ..experiments.run_folder import versions

    table = Table(box=box.ROUNDED, show_header=False)
    table.add_column(style="bold cyan")
    table.add_column()
    for name, version in versions().items():
        table.add_row(name, version)
    table.add_section()
    for device in jax.devices():
        table.add_row(f"{device.platform} {device.id}", _device(device))
    if jax.process_count() > 1:
        table.add_row("process", f"{jax.process_index() + 1} of {jax.process_count()}")
    table.add_row("largest state", _largest())
    table.add_row("cores", str(os.cpu_count()))
    table.add_row("memory", _memory())
    table.add_section()
    folder = cache_folder()
    files = [p for p in folder.glob("*") if p.is_file()] if folder.exists() else []
    size = sum(p.stat().st_size for p in files)
    table.add_row("compiled programs", f"{folder} ({len(files)} files, {_bytes(size)})")
    console.print(table, highlight=False)


def _device(device: Any) -> str:
    try:
        limit = (device.memory_stats() or {}).get("bytes_limit")
    except (RuntimeError, NotImplementedError):
        limit = None
    return f"{device.device_kind}, {_bytes(limit)}" if limit else device.device_kind


def _largest() -> str:
    """The most qubits that fit on all devices together (their largest power of two)."""
    import jax

    from ..simulators import Sharded, device_mesh
    from ..simulators.memory import available_memory

    devices = 1 << (jax.device_count().bit_length() - 1)
    sim = Sharded(device_mesh(state=devices), dtype="complex64")
    run, gradient = sim.largest(available_memory())
    where = f"{devices} devices" if devices > 1 else "1 device"
    return f"{run} qubits for a run, {gradient} for a gradient (complex64, {where})"


def _memory() -> str:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = (os.sysconf(f"SC_{x}PHYS_PAGES") * page for x in ("", "AV"))
    except (ValueError, OSError, AttributeError):
        return "unknown"
    return f"{_bytes(total)}, {_bytes(free)} free"


def _bytes(count: float | int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def _use_compilation_cache() -> None:
    """Keep compiled programs between calls. Only the command does this, never `import qjax`."""
    import jax

    jax.config.update("jax_compilation_cache_dir", str(cache_folder()))
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def _escaped(error: QjaxError) -> str:
    from rich.markup import escape

    return escape(str(error))


if __name__ == "__main__":
    sys.exit(main())
