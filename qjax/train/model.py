"""What is trained, as arrays: a pytree is its own parameters; a Flax module is split once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..errors import ExperimentError


class Model(NamedTuple):
    """Parameters, the rest of a module's state, and how both become what the loss takes.

    Attributes:
        params: what is differentiated and updated.
        rest: state that calls may change but gradients do not: counts, statistics, streams.
        build: ``(params, rest) -> (what the loss takes, rest after it was called)``, the second a
            function without arguments.
        whole: ``(params, rest) ->`` what the user gave, with these numbers.
    """

    params: Any
    rest: Any
    build: Callable[[Any, Any], tuple[Any, Callable[[], Any]]]
    whole: Callable[[Any, Any], Any]


def as_model(params: Any) -> Model:
    """Split a Flax `nnx.Module`; take any other pytree as it is.

    Raises:
        ExperimentError: there is nothing to train, or a leaf is no array of real numbers.
    """
    nnx = _flax()
    if nnx is not None and isinstance(params, nnx.Module):
        model = _module(params, nnx)
    else:
        model = Model(params, (), lambda p, rest: (p, lambda: rest), lambda p, rest: p)
    named = jax.tree_util.tree_leaves_with_path(model.params)
    if not named:
        raise ExperimentError("fit: params holds no array", expected="something to train")
    for path, leaf in named:
        dtype = getattr(leaf, "dtype", None) or jnp.asarray(leaf).dtype
        if not jnp.issubdtype(dtype, jnp.floating):
            raise ExperimentError(
                f"fit: the parameter {jax.tree_util.keystr(path) or '(the only one)'} is not real",
                expected="arrays of floating-point numbers",
                got=dtype,
                fix="hand over what is not trained in data or in the closure of the loss",
            )
    return model


def _module(module: Any, nnx: Any) -> Model:
    graph, params, rest = nnx.split(module, nnx.Param, ...)

    def whole(params: Any, rest: Any) -> Any:
        # Variables made anew: those from outside a gradient may not be changed within it, and
        # what a caller does to a module is not to change what is carried on.
        return nnx.merge(graph, *jax.tree.map(lambda leaf: leaf, (params, rest)))

    def build(params: Any, rest: Any) -> tuple[Any, Callable[[], Any]]:
        built = whole(params, rest)
        return built, lambda: nnx.split(built, nnx.Param, ...)[2]

    return Model(params, rest, build, whole)


def _flax() -> Any:
    # A module can only be given where flax is loaded; it is not loaded to find that out.
    if "flax.nnx" not in sys.modules:
        return None
    from flax import nnx

    return nnx
