"""Checkpoints of arrays that lie on several devices, or in several processes, through orbax."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..errors import ExperimentError

_TREE = "tree"  # orbax takes no bare array: what is saved lies under this name


def save_sharded(folder: str | os.PathLike, tree: Any) -> None:
    """Write a pytree of sharded arrays; every process writes the parts that it holds.

    All processes call it, with a folder that all of them see. It returns when everything is
    written; the folder appears under its name only then.

    Args:
        folder: a new folder, or an older checkpoint, which is replaced.
        tree: a pytree of arrays and numbers.

    Example:
        >>> import tempfile, jax.numpy as jnp
        >>> from qjax.train import load_sharded, save_sharded
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_sharded(folder + "/a", {"w": jnp.arange(3.0)})
        ...     load_sharded(folder + "/a", {"w": jnp.zeros(3)})["w"].tolist()
        [0.0, 1.0, 2.0]
    """
    import orbax.checkpoint as ocp

    with ocp.StandardCheckpointer() as checkpointer:
        whole = {_TREE: jax.tree.map(_whole, tree)}
        checkpointer.save(Path(folder).absolute(), whole, force=True)
        checkpointer.wait_until_finished()


def load_sharded(folder: str | os.PathLike, like: Any) -> Any:
    """Read a checkpoint onto the devices that hold ``like``.

    Args:
        folder: a folder that `save_sharded` wrote, on whatever number of devices.
        like: a pytree of the same structure and shapes; its arrays may be
            `jax.ShapeDtypeStruct` with a sharding. Its values are not used.

    Raises:
        ExperimentError: no checkpoint there, or one of another structure.
    """
    import orbax.checkpoint as ocp

    path = Path(folder).absolute()
    if not path.is_dir():
        raise ExperimentError(f"there is no checkpoint in {path.name}", fix="save one first")
    wanted = {_TREE: jax.tree.map(_abstract, like)}
    with ocp.StandardCheckpointer() as checkpointer:
        # Compared first: a restore that orbax gives up halfway leaves reads behind that end
        # after its event loop is closed.
        _check(_shapes(wanted), _shapes(checkpointer.metadata(path).item_metadata), path.name)
        try:
            return checkpointer.restore(path, wanted)[_TREE]
        except (ValueError, KeyError) as error:
            raise _foreign(path.name, str(error)[:200]) from error


def _check(wanted: dict[str, tuple], found: dict[str, tuple], name: str) -> None:
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            raise _foreign(
                name,
                f"{key or 'the array'}: {found.get(key, 'nothing')} in the checkpoint, "
                f"{wanted.get(key, 'nothing')} in `like`",
            )


def _foreign(name: str, got: str) -> ExperimentError:
    return ExperimentError(
        f"the checkpoint {name} belongs to another program or other settings",
        got=got,
        fix="load it with the `like` of the program that saved it",
    )


def _shapes(tree: Any) -> dict[str, tuple]:
    """The shape of each leaf under its path; orbax writes tuples as lists and names as strings."""
    tree = getattr(tree, "tree", tree)
    return {
        "/".join(_name(key) for key in path[1:]): tuple(leaf.shape)
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    }


def _name(key: Any) -> str:
    for field in ("key", "idx", "name"):
        if hasattr(key, field):
            return str(getattr(key, field))
    return str(key)


def _whole(x: Any) -> Any:
    return x if isinstance(x, jax.Array) else np.asarray(x)


def _abstract(x: Any) -> Any:
    if isinstance(x, jax.ShapeDtypeStruct):
        return x
    if isinstance(x, jax.Array):
        return jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding)
    return np.asarray(x)
