"""Many lanes of a function as one compiled program; how many fit."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ..circuit import Circuit
from ..errors import ExperimentError
from ..measure import explain
from ..simulators.memory import available_memory

MOST = 4096  # lanes in a chunk: enough to be fast, few enough to see progress
SHARE = 0.5  # of the memory, for a chunk

Function = Callable[..., Any]


def lanes_by_explain(circuit: Circuit, memory: float | int | None) -> int:
    """How many gradients of a circuit fit into the memory, by `explain`'s estimate of one."""
    told = explain(circuit)
    each = told.bytes_forward if math.isnan(told.bytes_backprop) else told.bytes_backprop
    return max(1, min(MOST, int(budget(memory) / each)))


def budget(memory: float | int | None) -> float:
    """Bytes for a chunk."""
    return SHARE * available_memory() if memory is None else float(memory)


def even(total: int, most: int) -> int:
    """The lanes per chunk: as few chunks as ``most`` allows, all but equally full."""
    return math.ceil(total / math.ceil(total / most))


class Lanes:
    """A function of one point, and perhaps a key, for so many points at a time.

    Args:
        function: ``function(point)`` or ``function(point, key)``.
        static: the axes that are Python values, as ``((name, value), ...)``.
        devices: what the lanes are spread over.
    """

    def __init__(
        self, function: Function, static: tuple[tuple[str, Any], ...], devices: Sequence[Any]
    ) -> None:
        self.function, self.static, self.devices = function, static, tuple(devices)

    def fitting(
        self, points: Mapping[str, np.ndarray], keys: Any, lanes: int, memory: float | int | None
    ) -> int:
        """``lanes``, or fewer where XLA says that the program of so many needs too much."""
        while lanes > 1:
            used = self._program(*self._arguments(points, keys, np.arange(lanes))).bytes
            if used is None or used * len(self.devices) <= budget(memory):
                return lanes
            lanes = max(1, min(lanes // 2, int(lanes * budget(memory) / used)))
        return lanes

    def start(
        self, points: Mapping[str, np.ndarray], keys: Any, chosen: np.ndarray
    ) -> Callable[[], dict[str, np.ndarray]]:
        """Begin some lanes; what is returned waits for their results, with a leading lane axis."""
        arguments = self._arguments(points, keys, chosen)
        out = self._program(*arguments).call(*arguments)
        return lambda: {name: np.asarray(value)[: len(chosen)] for name, value in out.items()}

    def _arguments(self, points: Mapping[str, np.ndarray], keys: Any, chosen: np.ndarray) -> tuple:
        # The last lane again until the devices are evenly filled.
        chosen = np.pad(chosen, (0, -len(chosen) % len(self.devices)), mode="edge")
        known = dict(self.static)
        taken = {n: _canonical(v[chosen]) for n, v in points.items() if n not in known}
        arguments = (taken,) if keys is None else (taken, keys[chosen])
        if len(self.devices) > 1:
            over = NamedSharding(self._mesh(), PartitionSpec("lanes"))
            arguments = jax.tree.map(lambda leaf: jax.device_put(leaf, over), arguments)
        return arguments

    def _mesh(self) -> Mesh:
        return Mesh(np.array(self.devices), ("lanes",))

    def _program(self, *arguments: Any) -> _Program:
        leaves, treedef = jax.tree.flatten(arguments)
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        return _compiled(self.function, self.static, self.devices, treedef, shapes)


def _canonical(values: np.ndarray) -> np.ndarray:
    """Values in the dtype that JAX gives them: the call itself hands them to the device."""
    return values.astype(jax.dtypes.canonicalize_dtype(values.dtype), copy=False)


class _Program(NamedTuple):
    """A compiled program and the bytes that XLA says it needs (None: it does not say)."""

    call: Callable[..., dict[str, jax.Array]]
    bytes: int | None


# Compiled programs by function: a sweep that is called again compiles nothing.
@functools.lru_cache(maxsize=64)
def _compiled(
    function: Function, static: tuple, devices: tuple, treedef: Any, shapes: tuple
) -> _Program:
    def one(point: dict[str, Any], *key: Any) -> dict[str, Any]:
        return named(function({**dict(static), **point}, *key))

    many: Any = jax.vmap(one)
    sharding = None
    if len(devices) > 1:
        mesh = Mesh(np.array(devices), ("lanes",))
        spec = PartitionSpec("lanes")
        many = jax.shard_map(many, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
        sharding = NamedSharding(mesh, spec)
    like = [jax.ShapeDtypeStruct(s, d, sharding=sharding) for s, d in shapes]
    compiled = jax.jit(many).lower(*treedef.unflatten(like)).compile()
    need: Any = compiled.memory_analysis()  # milliseconds: asked once
    if need is None:
        return _Program(compiled, None)
    used = need.temp_size_in_bytes + need.argument_size_in_bytes + need.output_size_in_bytes
    return _Program(compiled, used)


def named(out: Any) -> dict[str, Any]:
    """What a swept function returned, as a dict of arrays: a single array is called ``value``.

    Raises:
        ExperimentError: something else.
    """
    out = out if isinstance(out, dict) else {"value": out}
    for name, value in out.items():
        if not isinstance(name, str) or len(jax.tree.leaves(value)) != 1:
            raise ExperimentError(
                "sweep: the function must return an array or a dict of arrays",
                got=f"{name!r}: {type(value).__name__}",
            )
    return {name: jnp.asarray(jax.tree.leaves(value)[0]) for name, value in out.items()}
