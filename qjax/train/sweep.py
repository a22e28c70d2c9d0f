"""A function over many points and seeds: chunks of lanes, each kept as soon as it is finished."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..circuit import Circuit
from ..errors import ExperimentError
from .design import Design, Points
from .fingerprint import fingerprint
from .lanes import MOST, Function, Lanes, even, lanes_by_explain
from .over import lane_devices
from .progress import shown
from .sweep_folder import Chunk, SweepFolder
from .swept import Swept

NOT_FINITE = "not finite"


def sweep(
    function: Function,
    design: Design,
    *,
    seeds: int | None = None,
    key: Any = None,
    static: Sequence[str] = (),
    circuit: Circuit | Callable[[dict[str, Any]], Circuit] | None = None,
    chunk: int | None = None,
    memory: float | int | None = None,
    devices: Sequence[Any] | None = None,
    mesh: Any = None,
    folder: str | os.PathLike | None = None,
    console: Any = None,
    title: str = "sweep",
) -> Swept:
    """Call a function at every point of a design, under every seed, many at a time.

    A *lane* is one point under one seed. Lanes run side by side under `jax.vmap`, a chunk of them
    per call of one compiled program, spread over the devices. With a ``folder`` each finished
    chunk is a file; the same call after a kill computes the missing ones only, and gives the same
    bits. A lane whose numbers are not finite, or that raises while it runs, is recorded as failed
    and the others go on.

    Args:
        function: ``function(point)``, or ``function(point, key)`` where a key is given; ``point``
            is a dict with the value of each axis, a traced scalar. Returns an array, or a dict of
            arrays. It may well train something: a whole `jax.lax.scan` is one lane.
        design: `Grid` or `Random`.
        seeds: how many keys per point. Needs a key.
        key: PRNG key from `jax.random.key`; every lane gets its own, which does not depend on
            chunks, devices or other lanes.
        static: axes that are handed over as Python values, since they decide the structure (a
            number of layers, the name of an ansatz): one program for each of their combinations.
        circuit: the circuit of a lane, or a function of the point that makes it (for axes that
            are traced its first value serves); `explain` then says how many lanes fit.
        chunk: lanes per chunk; default as many as fit, by ``circuit`` and by XLA's own count, at
            most 4,096.
        memory: bytes that a chunk may take; default half of the device's.
        devices: default all devices of this process.
        mesh: a mesh in place of devices, such as ``qjax.device_mesh(batch=8)``; lanes that do not
            divide evenly are filled up.
        folder: for ``sweep.json`` and one file per finished chunk.
        console: where progress (rate, time left) is shown: a `rich.console.Console`, or True for
            the standard output.
        title: what the progress is called.

    Returns:
        A `Swept`.

    Raises:
        ExperimentError: seeds without a key, sizes that are not positive, an unknown static axis,
            something else than arrays returned, or the folder of another sweep. What the function
            itself raises while it is traced is raised, unless there are static axes: it then
            fails the points of that combination.
        DeviceError: a mesh of several axes or of several processes.

    Example:
        >>> from qjax.train import Grid, sweep
        >>> done = sweep(lambda p: p["a"] * p["b"], Grid(a=[1.0, 2.0], b=[3.0, 4.0, 5.0]))
        >>> done["value"].tolist()
        [[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]
    """
    for name, value in (("seeds", seeds), ("chunk", chunk)):
        if value is not None and value < 1:
            raise ExperimentError(f"sweep: {name} must be a positive integer", got=value)
    if seeds is not None and key is None:
        raise ExperimentError("sweep: seeds need a key", fix="pass key=jax.random.key(0)")
    points = design.points()
    unknown = set(static) - set(points)
    if unknown:
        raise ExperimentError(
            f"sweep: there is no axis {min(unknown)!r}", expected=", ".join(points)
        )
    per_point = seeds or 1
    total = per_point * len(next(iter(points.values())))
    whole = {name: np.repeat(values, per_point) for name, values in points.items()}
    _check_traceable(whole, static)
    keys = None if key is None else _keys(key, total)
    files = _folder(folder, points, key, seeds, static, chunk)
    over = lane_devices(mesh, devices)
    finished: list[Chunk] = []
    with shown(console, title, total, "points") as advance:
        done = failures = 0
        for group in _groups(whole, static):
            lanes = Lanes(function, group.values, over)
            try:
                for part in _chunks(
                    group, lanes, whole, keys, files, circuit, chunk, memory, bool(static)
                ):
                    finished.append(part)
                    done, failures = done + len(part.lanes), failures + len(part.errors)
                    advance(done, f"{failures} failed" if failures else "")
            except MemoryError as error:
                raise ExperimentError(
                    "sweep: a chunk does not fit into memory",
                    got=str(error),
                    fix="pass a smaller chunk or memory",
                ) from error
    return _together(design, points, finished, total, seeds)


@dataclass(frozen=True)
class _Group:
    """Lanes that share the values of their static axes, and so their program."""

    number: int
    values: tuple[tuple[str, Any], ...]
    lanes: np.ndarray


def _groups(whole: Points, static: Sequence[str]) -> list[_Group]:
    found: dict[tuple, list[int]] = {}
    count = len(next(iter(whole.values())))
    if not static:
        return [_Group(0, (), np.arange(count))]
    columns = [whole[name].tolist() for name in static]
    for lane in range(count):
        found.setdefault(tuple(column[lane] for column in columns), []).append(lane)
    return [
        _Group(k, tuple(zip(static, values, strict=True)), np.array(lanes))
        for k, (values, lanes) in enumerate(found.items())
    ]


def _chunks(
    group: _Group,
    lanes: Lanes,
    whole: Points,
    keys: Any,
    files: SweepFolder | None,
    circuit: Any,
    chunk: int | None,
    memory: float | int | None,
    forgiving: bool,
) -> Iterator[Chunk]:
    """Every chunk of a group, from its file or computed."""
    size = files.size(group.number) if files is not None else None
    if size is None:
        try:
            size = _size(group, lanes, whole, keys, circuit, chunk, memory)
        except Exception as error:
            if not forgiving:
                raise
            yield Chunk(group.lanes, {}, {int(k): _told(error) for k in group.lanes})
            return
        if files is not None:
            files.keep_size(group.number, size)
    waiting: Callable[[], Chunk] | None = None
    for number, first in enumerate(range(0, len(group.lanes), size)):
        part = files.read(group.number, number) if files is not None else None
        if part is not None:
            yield part
            continue
        chosen = group.lanes[first : first + size]
        computed = _started(lanes, whole, keys, chosen, size, forgiving)
        # The device goes on with this chunk while the one before is written.
        if waiting is not None:
            yield waiting()
        waiting = functools.partial(_kept, computed, files, group.number, number)
    if waiting is not None:
        yield waiting()


def _kept(
    computed: Callable[[], Chunk], files: SweepFolder | None, group: int, number: int
) -> Chunk:
    part = computed()
    if files is not None:
        files.write(group, number, part)
    return part


def _size(
    group: _Group,
    lanes: Lanes,
    whole: Points,
    keys: Any,
    circuit: Any,
    chunk: int | None,
    memory: float | int | None,
) -> int:
    total = len(group.lanes)
    if chunk is not None:
        most = chunk
    elif circuit is None:
        most = MOST
    else:
        first = {name: values[group.lanes[0]].item() for name, values in whole.items()}
        made = circuit if isinstance(circuit, Circuit) else circuit(first)
        most = lanes_by_explain(made, memory)
    size = even(total, min(most, total))
    subset = {name: values[group.lanes] for name, values in whole.items()}
    own = None if keys is None else keys[group.lanes]
    if chunk is None:
        fitting = lanes.fitting(subset, own, size, memory)
        return size if fitting == size else even(total, fitting)
    return size


def _started(
    lanes: Lanes, whole: Points, keys: Any, chosen: np.ndarray, size: int, forgiving: bool
) -> Callable[[], Chunk]:
    """Begin a chunk; what is returned waits for it."""
    # One program for every chunk: the last one is filled up with its own last lane.
    filled = np.pad(chosen, (0, size - len(chosen)), mode="edge")
    try:
        results = lanes.start(whole, keys, filled)
    except MemoryError:
        raise
    except jax.errors.JaxRuntimeError:
        return lambda: _checked(chosen, *_one_by_one(lanes, whole, keys, chosen))
    except Exception as error:
        if not forgiving:
            raise
        failed = Chunk(chosen, {}, {int(lane): _told(error) for lane in chosen})
        return lambda: failed

    def finish() -> Chunk:
        try:
            values = {name: array[: len(chosen)] for name, array in results().items()}
        except jax.errors.JaxRuntimeError:
            return _checked(chosen, *_one_by_one(lanes, whole, keys, chosen))
        return _checked(chosen, values, {})

    return finish


def _checked(chosen: np.ndarray, values: dict[str, np.ndarray], errors: dict[int, str]) -> Chunk:
    """A chunk, with the lanes marked whose numbers are not finite."""
    for name, array in values.items():
        if np.issubdtype(array.dtype, np.inexact):
            bad = ~np.all(np.isfinite(array.reshape(len(array), -1)), axis=1)
            for lane in chosen[bad]:
                errors.setdefault(int(lane), f"{name} is {NOT_FINITE}")
    return Chunk(chosen, values, errors)


def _one_by_one(
    lanes: Lanes, whole: Points, keys: Any, chosen: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[int, str]]:
    """The lanes of a chunk that failed as a whole: find out which of them it was."""
    found: dict[int, dict[str, np.ndarray]] = {}
    errors: dict[int, str] = {}
    for k, lane in enumerate(chosen):
        try:
            found[k] = lanes.start(whole, keys, chosen[k : k + 1])()
        except jax.errors.JaxRuntimeError as error:
            errors[int(lane)] = _told(error)
    if not found:
        return {}, errors
    values = {}
    for name, like in next(iter(found.values())).items():
        values[name] = _missing((len(chosen), *like.shape[1:]), like.dtype)
        for k, out in found.items():
            values[name][k] = out[name][0]
    return values, errors


def _together(
    design: Design, points: Points, finished: list[Chunk], total: int, seeds: int | None
) -> Swept:
    values: dict[str, np.ndarray] = {}
    errors: dict[tuple[int, int], str] = {}
    failed = np.zeros(total, bool)
    per_point = seeds or 1
    shape = (total,) if seeds is None else (total // seeds, seeds)
    for part in finished:
        for name, array in part.values.items():
            if name not in values:
                values[name] = _missing((total, *array.shape[1:]), array.dtype)
            if values[name].shape[1:] != array.shape[1:]:
                raise ExperimentError(
                    f"sweep: the result {name} has another shape for other static values",
                    expected=values[name].shape[1:],
                    got=array.shape[1:],
                    fix="let the function return arrays of the same shape everywhere",
                )
            values[name][part.lanes] = array
        for lane, text in part.errors.items():
            failed[lane] = True
            errors[divmod(lane, per_point)] = text
    values = {name: v.reshape(*shape, *v.shape[1:]) for name, v in values.items()}
    return Swept(design, points, values, failed.reshape(shape), errors, seeds)


def _missing(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.full(shape, np.nan if np.issubdtype(dtype, np.inexact) else 0, dtype)


def _keys(key: Any, total: int) -> Any:
    return jax.vmap(lambda lane: jax.random.fold_in(key, lane))(np.arange(total, dtype=np.uint32))


def _folder(
    folder: str | os.PathLike | None,
    points: Points,
    key: Any,
    seeds: int | None,
    static: Sequence[str],
    chunk: int | None,
) -> SweepFolder | None:
    if folder is None:
        return None
    content = {
        "axes": list(points),
        "points": fingerprint(points),
        "key": fingerprint(key),
        "seeds": seeds,
        "static": list(static),
        "chunk": chunk,
        "x64": bool(jax.config.jax_enable_x64),  # pyright: ignore[reportAttributeAccessIssue]
    }
    return SweepFolder(Path(folder), content)


def _check_traceable(whole: Points, static: Sequence[str]) -> None:
    for name, values in whole.items():
        if name not in static and values.dtype.kind not in "fiub":
            raise ExperimentError(
                f"sweep: the axis {name} holds no numbers",
                got=values.dtype,
                fix=f"name it among the static axes: static=({name!r},)",
            )


def _told(error: Exception) -> str:
    # The end: what a callback raised stands below its traceback.
    return f"{type(error).__name__}: {str(error).strip()[-500:]}"
