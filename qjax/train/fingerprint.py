"""What a folder belongs to, so that it is not continued by something else."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ExperimentError
from .checkpoint import write_atomically


def fingerprint(tree: Any) -> str:
    """A short text that differs where structure, shapes, dtypes or bits of a pytree differ.

    Example:
        >>> from qjax.train.fingerprint import fingerprint
        >>> fingerprint([1.0, 2.0]) == fingerprint([1.0, 2.5])
        False
    """
    leaves, treedef = jax.tree.flatten(tree)
    code = zlib.crc32(str(treedef).encode())
    for leaf in leaves:
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            code = zlib.crc32(str(leaf.dtype).encode(), code)
            leaf = jax.random.key_data(leaf)
        array = np.ascontiguousarray(leaf)
        code = zlib.crc32(f"{array.dtype}{array.shape}".encode(), code)
        code = zlib.crc32(array.view(np.uint8).data if array.size else b"", code)
    return f"{code:08x}"


def claim(path: Path, content: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Write down what a folder belongs to, or hold it against what is written there.

    Args:
        path: a JSON file; its folder is made.
        content: what must stay the same; JSON values.
        what: "fit" or "sweep", for the message.

    Returns:
        What the file says.

    Raises:
        ExperimentError: it says something else, or cannot be read.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(dict(content), indent=2) + "\n").encode())
        return dict(content)
    return compare(path, content, what)


def compare(path: Path, content: Mapping[str, Any], what: str) -> dict[str, Any]:
    """`claim` of a folder that is there already."""
    try:
        stored = json.loads(path.read_text())
        if not isinstance(stored, dict):
            raise ValueError("not a mapping")
    except (OSError, ValueError) as error:
        raise ExperimentError(f"{path.name} cannot be read: {error}") from error
    wanted = json.loads(json.dumps(dict(content)))
    changed = [name for name in wanted if stored.get(name) != wanted[name]]
    if changed:
        raise ExperimentError(
            f"the folder {path.parent.name} belongs to another {what}: "
            f"{', '.join(changed)} changed",
            expected={name: stored.get(name) for name in changed},
            got={name: wanted[name] for name in changed},
            fix="name another folder, or delete this one to start again",
        )
    return stored
