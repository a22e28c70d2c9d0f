"""Trainings and sweeps over the devices of a mesh: what lies where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ..errors import DeviceError
from ..simulators.sharded import batch_axis, plain_mesh
from .batches import rows


@dataclass(frozen=True)
class Over:
    """How a training uses a mesh: rows of a batch are shared, everything else is everywhere.

    Attributes:
        mesh: the devices.
        axis: the axis of the mesh that rows are shared over.
    """

    mesh: Mesh
    axis: str

    @property
    def devices(self) -> int:
        """Among how many devices rows are shared."""
        return self.mesh.shape[self.axis]

    @property
    def everywhere(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def shared(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(self.axis))

    def place(self, tree: Any, share: bool = False) -> Any:
        """Arrays on the devices: their rows shared, or whole on each."""
        return jax.device_put(tree, self.shared if share else self.everywhere)

    def hold(self, tree: Any, share: bool = False) -> Any:
        """The same inside a compiled program."""
        where = self.shared if share else self.everywhere
        return jax.lax.with_sharding_constraint(tree, where)

    def divides(self, tree: Any) -> bool:
        """Whether rows can be shared evenly."""
        return rows(tree) % self.devices == 0


def over_mesh(mesh: Any, data: Any, batch_size: int | None) -> Over:
    """How `fit` uses a mesh.

    Raises:
        DeviceError: not a mesh, no axis for the batch, no data, or rows that cannot be shared
            evenly.
    """
    axis = batch_axis(mesh, None, "fit")
    if data is None:
        raise DeviceError(
            "fit: a mesh needs data whose rows are shared among its devices",
            got="no data",
            fix="pass data, or let the loss use qjax.spread or qjax.Sharded and leave mesh out",
        )
    over = Over(plain_mesh(mesh), axis)
    size, what = (rows(data), "data") if batch_size is None else (batch_size, "batch_size")
    if size % over.devices:
        raise DeviceError(
            f"fit: {size} rows a step cannot be shared evenly",
            expected=f"{what} of a multiple of {over.devices} rows, the size of the mesh's axis "
            f"{axis!r}",
            got=size,
            fix=f"use {size - size % over.devices or over.devices} rows a step (batch_size), or "
            "fewer devices",
        )
    return over


def lane_devices(mesh: Any, devices: Any) -> Any:
    """The devices that `sweep` spreads its lanes over.

    Raises:
        DeviceError: not a mesh, one with several axes or with devices of other processes, or both
            a mesh and devices.
    """
    if mesh is None:
        return jax.local_devices() if devices is None else devices
    if devices is not None:
        raise DeviceError("sweep: mesh and devices say the same", fix="pass one of them")
    batch_axis(mesh, None, "sweep")
    if len(mesh.axis_names) > 1:
        raise DeviceError(
            "sweep: lanes are spread over a mesh of one axis",
            expected="such as qjax.device_mesh(batch=8)",
            got=f"axes {mesh.axis_names}",
        )
    found = list(mesh.devices.flat)
    if any(d.process_index != jax.process_index() for d in found):
        raise DeviceError(
            "sweep: the mesh has devices of other processes",
            fix="give every process its own part of the design and a mesh of jax.local_devices()",
        )
    return found
