"""Progress of anything longer than a second: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

_FIRST, _EVERY = 1.0, 10.0  # seconds before the first plain line, and between plain lines


@runtime_checkable
class Advance(Protocol):
    """Say how far the task is, and what its latest numbers are."""

    def __call__(self, done: int, note: str = "") -> None: ...


@contextmanager
def progress(console: Any, title: str, total: int, unit: str = "steps") -> Iterator[Advance]:
    """Show how a task advances, its rate and the time that it still needs.

    Args:
        console: a `rich.console.Console`.
        title: what is being done.
        total: how many units there are.
        unit: what is counted.

    Returns:
        A context manager; its value is called with the number of units done so far. The first
        call sets what was done before (by a resumed run), so that the rate is of this process.

    Example:
        >>> import io, rich.console
        >>> from qjax.train.progress import progress
        >>> with progress(rich.console.Console(file=io.StringIO()), "count", 3) as advance:
        ...     for k in range(4):
        ...         advance(k)
    """
    show = _bar if console.is_terminal else _lines
    with show(console, title, total, unit) as advance:
        yield advance


@contextmanager
def shown(console: Any, title: str, total: int, unit: str = "steps") -> Iterator[Advance]:
    """`progress` on a console, on the standard output (True), or nowhere (None, False)."""
    if console is None or console is False:
        yield lambda done, note="": None
        return
    if console is True:
        from rich.console import Console

        console = Console()
    with progress(console, title, total, unit) as advance:
        yield advance


@contextmanager
def _bar(console: Any, title: str, total: int, unit: str) -> Iterator[Advance]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[timing]}", style="cyan"),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    clock = _Clock(total, unit)
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(title, total=total, timing="compiling", note="")

        def advance(done: int, note: str = "") -> None:
            bars.update(task, completed=done, timing=clock.tell(done), note=note)

        yield advance


@contextmanager
def _lines(console: Any, title: str, total: int, unit: str) -> Iterator[Advance]:
    clock = _Clock(total, unit)
    state = {"last": clock.began + _FIRST - _EVERY, "shown": False}

    def advance(done: int, note: str = "") -> None:
        timing = clock.tell(done)
        now = time.monotonic()
        last_line = done >= total and (state["shown"] or now - clock.began > _FIRST)
        if now - state["last"] >= _EVERY or last_line:
            state.update(last=now, shown=True)
            text = f"{title}: {done}/{total} {unit}, {timing}"
            console.print(f"{text}, {note}" if note else text, highlight=False, soft_wrap=True)

    yield advance


class _Clock:
    """Rate and remaining time, counted from the first report (which comes after compilation)."""

    def __init__(self, total: int, unit: str) -> None:
        self.total, self.unit, self.began = total, unit, time.monotonic()
        self.start: tuple[float, int] | None = None

    def tell(self, done: int) -> str:
        now = time.monotonic()
        if self.start is None:
            self.start = (now, done)
        since, first = self.start
        elapsed = now - self.began
        if done >= self.total:
            return f"{_duration(elapsed)} in all"
        rate = (done - first) / (now - since) if now > since and done > first else 0.0
        if rate == 0:
            return f"{_duration(elapsed)} so far"
        left = (self.total - done) / rate
        return f"{rate:.3g} {self.unit}/s, {_duration(left)} left"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    )
