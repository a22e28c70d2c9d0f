"""Batches over devices: `jax.vmap` whose lanes are shared among the devices of a mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from ...errors import DeviceError
from .mesh import plain_mesh

BATCH = "batch"


def spread(
    function: Callable[..., Any], mesh: Any, *, axis: str | None = None, in_axes: Any = 0
) -> Callable[..., Any]:
    """``jax.vmap(function)`` with the lanes shared among the devices of a mesh.

    Every device runs an equal part of the batch as `jax.vmap` would; results come back in order,
    spread over the same devices. Works under `jax.jit`, `jax.grad` and in loops; where results are
    averaged, the sum over devices is the only communication.

    Where the mesh has further axes, they are left to ``function``: with a `qjax.Sharded` on one of
    them, every lane's state lies on several devices.

    Args:
        function: of positional arguments, returning a pytree of arrays.
        mesh: the devices, such as ``qjax.device_mesh(batch=8)``.
        axis: the axis of the mesh for the batch. Default: the only axis, or the one named
            ``"batch"``.
        in_axes: as for `jax.vmap`: which axis of every argument is the batch, None for arguments
            that all lanes share.

    Returns:
        The function of whole batches; results have the batch as their leading axis.

    Raises:
        DeviceError: not a mesh, an unknown axis, or (when called) batches that differ in size or
            cannot be shared evenly.

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> value = lambda t: qj.expval(qj.Circuit(1, [qj.RX(t, 0)]), qj.Z(0))
        >>> qj.spread(value, qj.device_mesh(batch=1))(jnp.zeros(3)).shape
        (3,)
    """
    name = batch_axis(mesh, axis, "spread")
    mesh = plain_mesh(mesh)
    devices = mesh.shape[name]

    def spec(where: int | None) -> P:
        return P() if where is None else P(*(None,) * where, name)

    def over_devices(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        _check_batch(args, tuple(axes), devices, name)
        specs = jax.tree.map(spec, tuple(axes), is_leaf=lambda x: x is None)
        if len(mesh.axis_names) == 1:
            lanes = jax.vmap(function, tuple(axes))
            mapped = jax.shard_map(
                lanes, mesh=mesh, in_specs=specs, out_specs=P(name), check_vma=False
            )
            return mapped(*args)
        placed = _broadcast(lambda s, x: _placed(x, NamedSharding(mesh, s)), specs, args)
        return jax.vmap(function, tuple(axes), spmd_axis_name=name)(*placed)

    return over_devices


def spread_padded(function: Callable[..., Any], mesh: Mesh, *args: Any) -> Any:
    """``spread(function, mesh)(*args)`` of any number of lanes.

    The last lane is repeated until they can be shared evenly; what it gives is cut off again.
    """
    devices = mesh.shape[batch_axis(mesh, None, "spread")]
    size = jax.tree.leaves(args)[0].shape[0]
    more = -size % devices

    def fill(x: Any) -> Any:
        return jnp.concatenate([x, jnp.repeat(x[-1:], more, axis=0)]) if more else x

    out = spread(function, mesh)(*jax.tree.map(fill, args))
    return jax.tree.map(lambda x: x[:size], out)


def _placed(x: Any, sharding: NamedSharding) -> Any:
    return jax.lax.with_sharding_constraint(x, sharding)


def _broadcast(function: Callable[..., Any], prefix: Any, tree: Any) -> Any:
    """``function(p, x)`` for every leaf ``x`` and the leaf ``p`` of the prefix above it."""
    return jax.tree.map(
        lambda p, part: jax.tree.map(lambda x: function(p, x), part),
        prefix,
        tree,
        is_leaf=lambda x: isinstance(x, P),
    )


def batch_axis(mesh: Any, axis: str | None, owner: str) -> str:
    """The name of the axis that a batch is shared over, checked.

    Raises:
        DeviceError: not a mesh, or an unknown axis.
    """
    if not isinstance(mesh, Mesh):
        raise DeviceError(
            f"{owner}: mesh must be a mesh of devices",
            expected="such as qjax.device_mesh(batch=8)",
            got=f"{type(mesh).__name__}: {mesh!r:.60}",
        )
    names = mesh.axis_names
    if axis is None:
        axis = BATCH if BATCH in names else names[0] if len(names) == 1 else None
    if axis is None or axis not in names:
        raise DeviceError(
            f"{owner}: the mesh has no such axis for the batch",
            expected=f"one of {names} named {BATCH!r}" if axis is None else f"one of {names}",
            got=repr(axis),
            fix=f"name one of them {BATCH!r}" + (", or pass axis=" if owner == "spread" else ""),
        )
    return axis


def _check_batch(args: Any, axes: tuple, devices: int, name: str) -> None:
    if len(axes) != len(args):
        raise DeviceError(
            "spread: in_axes needs one entry per argument",
            expected=f"{len(args)} entries",
            got=axes,
        )
    sizes: set[int] = set()

    def look(where: int | None, part: Any) -> None:
        for x in jax.tree.leaves(part):
            if where is None:
                continue
            if np.ndim(x) <= where:
                raise DeviceError(
                    "spread: an argument has no batch axis",
                    expected=f"an axis {where}",
                    got=f"shape {np.shape(x)}",
                    fix="pass in_axes with None for what all lanes share",
                )
            sizes.add(np.shape(x)[where])

    jax.tree.map(look, axes, args, is_leaf=lambda x: x is None)
    if len(sizes) != 1:
        raise DeviceError(
            "spread: batches of different sizes" if sizes else "spread: nothing is batched",
            expected="one leading size common to all batched arguments",
            got=sorted(sizes),
        )
    (size,) = sizes
    if size % devices:
        raise DeviceError(
            f"spread: a batch of {size} cannot be shared evenly",
            expected=f"a multiple of {devices}, the size of the mesh's axis {name!r}",
            got=size,
            fix=f"pad it to {-(-size // devices) * devices}, or use fewer devices",
        )
