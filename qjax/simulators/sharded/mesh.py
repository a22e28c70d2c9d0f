"""The mesh of devices that holds a state: what it must be, and its axes cut into axes of two."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jax.sharding import AxisType, Mesh

from ...errors import DeviceError

STATE = "state"


def device_mesh(**axes: int) -> Mesh:
    """A mesh over the first devices, with axes that accept unsharded inputs.

    `jax.make_mesh` gives axes of type Explicit, which refuse arrays that are not sharded yet; these
    are of type Auto.

    Args:
        axes: names and sizes, such as ``batch=2, state=4``; their product is how many devices are
            used.

    Raises:
        DeviceError: no axes, sizes that are not positive integers, or more devices than there are.

    Example:
        >>> import qjax as qj
        >>> dict(qj.device_mesh(state=1).shape)
        {'state': 1}
    """
    import jax

    if not axes:
        raise DeviceError(
            "device_mesh: a mesh needs an axis", expected="names and sizes, such as state=8"
        )
    for name, size in axes.items():
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise DeviceError(
                f"device_mesh: the size of {name!r} must be a positive integer", got=repr(size)
            )
    count, devices = int(np.prod(list(axes.values()))), jax.devices()
    if count > len(devices):
        raise DeviceError(
            "device_mesh: there are not so many devices",
            expected=f"at most {len(devices)} in all",
            got=f"{count}: {axes}",
            fix="on a CPU, XLA_FLAGS=--xla_force_host_platform_device_count=N, set before JAX "
            "starts, makes N devices of one",
        )
    grid = np.array(devices[:count], dtype=object).reshape(tuple(axes.values()))
    return Mesh(grid, tuple(axes), axis_types=(AxisType.Auto,) * len(axes))


def state_axis(mesh: Any, axis: Any, owner: str) -> str:
    """The name of the axis that the state is spread over, checked.

    Raises:
        DeviceError: not a mesh, an unknown axis, or one whose size is not a power of two.
    """
    if not isinstance(mesh, Mesh):
        raise DeviceError(
            f"{owner}: mesh must be a mesh of devices",
            expected="such as qjax.device_mesh(state=8) or jax.make_mesh((8,), ('state',))",
            got=f"{type(mesh).__name__}: {mesh!r:.60}",
        )
    names = mesh.axis_names
    if axis is None:
        axis = STATE if STATE in names else names[0] if len(names) == 1 else None
        if axis is None:
            raise DeviceError(
                f"{owner}: which axis of the mesh holds the state?",
                expected=f"axis=, one of {names}",
                fix=f"name one of them {STATE!r}, or pass axis=",
            )
    if axis not in names:
        raise DeviceError(
            f"{owner}: the mesh has no axis {axis!r}", expected=f"one of {names}", got=repr(axis)
        )
    size = mesh.shape[axis]
    if size & (size - 1):
        raise DeviceError(
            f"{owner}: a state is spread over a power of two of devices",
            expected="1, 2, 4, 8, ... devices",
            got=f"{size} along the axis {axis!r}",
            fix=f"use {1 << (size.bit_length() - 1)} of them",
        )
    return axis


@lru_cache(maxsize=64)
def split_mesh(mesh: Mesh, axis: str) -> tuple[Mesh, tuple[str, ...]]:
    """The same devices with ``axis`` cut into axes of two, which hold one qubit each.

    An all-to-all over any of them swaps just those qubits. All axes are of type Auto.
    """
    g = mesh.shape[axis].bit_length() - 1
    names = tuple(f"{axis}.{k}" for k in range(g))
    shape, labels = [], []
    for name in mesh.axis_names:
        cut = name == axis and g > 0
        shape += [2] * g if cut else [mesh.shape[name]]
        labels += list(names) if cut else [name]
    grid = mesh.devices.reshape(shape)
    return Mesh(grid, tuple(labels), axis_types=(AxisType.Auto,) * len(labels)), names


def plain_mesh(mesh: Mesh) -> Mesh:
    """The same mesh with axes of type Auto."""
    types = (AxisType.Auto,) * len(mesh.axis_names)
    return Mesh(mesh.devices, mesh.axis_names, axis_types=types)
