"""One pytree in one file, written whole or not at all.

A checkpoint is a plain ``.npz``: it is read back bit for bit, needs no import beyond NumPy (which
is there anyway; orbax costs about a second at start), and a rename makes it appear at once, so
that a kill at any moment leaves the previous one. Arrays spread over many devices are not for this
file format.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ExperimentError


def write_atomically(path: str | os.PathLike, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, whole.

    A kill of the process never leaves half a file; ``durable`` waits for the disk, so that a loss
    of power does not either (some milliseconds).
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    os.replace(partial, path)


def save_checkpoint(path: str | os.PathLike, tree: Any) -> None:
    """Write the leaves of a pytree to one ``.npz`` file, atomically.

    Args:
        path: the file; an older one is replaced.
        tree: a pytree of arrays, numbers and PRNG keys.

    Example:
        >>> import tempfile, jax.numpy as jnp
        >>> from qjax.train import load_checkpoint, save_checkpoint
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(folder + "/a.npz", {"w": jnp.arange(3.0)})
        ...     load_checkpoint(folder + "/a.npz", {"w": jnp.zeros(3)})["w"].tolist()
        [0.0, 1.0, 2.0]
    """
    named, _ = jax.tree_util.tree_flatten_with_path(tree)
    arrays = {_name(keys): np.asarray(_raw(leaf)) for keys, leaf in named}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: str | os.PathLike, like: Any) -> Any:
    """Read a checkpoint into the structure of ``like``.

    Args:
        path: a file that `save_checkpoint` wrote.
        like: a pytree of the same structure, shapes and dtypes; its values are not used.

    Raises:
        ExperimentError: the file is damaged, or was written by a program with another structure.
    """
    stored = read_arrays(path)
    named, treedef = jax.tree_util.tree_flatten_with_path(like)
    names = [_name(keys) for keys, _ in named]
    if set(names) != set(stored):
        raise _mismatch(path, sorted(names), sorted(stored))
    leaves = [
        _restored(path, name, stored[name], leaf)
        for name, (_, leaf) in zip(names, named, strict=True)
    ]
    return treedef.unflatten(leaves)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The leaves of a checkpoint by their path in the tree, such as ``tree[0]['w']``.

    Raises:
        ExperimentError: the file is damaged.
    """
    try:
        # From memory: NumPy leaves a file that is no archive open.
        with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise ExperimentError(
            f"the checkpoint {Path(path).name} cannot be read: {error}",
            fix="delete it to train this stage again from its beginning",
        ) from error


def _name(keys: tuple) -> str:
    return "tree" + jax.tree_util.keystr(keys)


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _raw(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _restored(path: Any, name: str, stored: np.ndarray, leaf: Any) -> Any:
    wanted = _raw(leaf)
    shape, dtype = np.shape(wanted), jnp.asarray(wanted).dtype
    if stored.dtype.kind == "V" and stored.dtype.itemsize == dtype.itemsize:
        stored = stored.view(dtype)  # bfloat16 and its like, which NumPy does not know by name
    if stored.shape != shape or stored.dtype != dtype:
        raise _mismatch(path, f"{name}: {dtype} {shape}", f"{name}: {stored.dtype} {stored.shape}")
    if _is_key(leaf):
        return jax.random.wrap_key_data(jnp.asarray(stored), impl=jax.random.key_impl(leaf))
    return jnp.asarray(stored)


def _mismatch(path: Any, expected: Any, got: Any) -> ExperimentError:
    return ExperimentError(
        f"the checkpoint {Path(path).name} belongs to another program or other settings",
        expected=expected,
        got=got,
        fix="start a new run; a run is resumed with the code and the precision that started it",
    )
