"""The two steps that only a state on many devices has: an exchange, and a new order on each device.

Both are permutations of amplitudes, so their transpose is their inverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..kernels import Pair, split_axes
from ..steps import Step
from .routing import Pairs


class _Moving(Step):
    """A step without parameters that moves amplitudes."""

    real = True
    leaves: frozenset[int] = frozenset()

    @property
    def recorded(self) -> float:
        return 0.0

    def record(self, state: Pair, coefficients: Any) -> tuple[Pair, Any]:
        return self.apply(state, coefficients), ()

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[()]:
        return ()

    def move(self, parts: list[Any], back: bool) -> list[Any]:
        """Several real arrays ``(2**m,)`` moved together."""
        raise NotImplementedError

    def apply(self, state: Pair, coefficients: Any) -> Pair:
        return _together(self, [state], back=False)[0]

    def undo(self, state: Pair, coefficients: Any) -> Pair:
        return _together(self, [state], back=True)[0]

    def pull(self, state: Any, coefficients: Any, cotangent: Pair, kept: Any = None) -> Any:
        if state is None or kept is not None:
            return None, self.undo(cotangent, coefficients), ()
        before, cotangent = _together(self, [state, cotangent], back=True)
        return before, cotangent, ()


def _together(step: _Moving, pairs: list[Pair], back: bool) -> list[Pair]:
    flat = [x for pair in pairs for x in pair if x is not None]
    moved = iter(step.move(flat, back))
    return [  # type: ignore[return-value]
        tuple(None if x is None else next(moved) for x in pair) for pair in pairs
    ]


class ExchangeStep(_Moving):
    """Bits of the device's number swap with bits of the index on the device.

    One tiled all-to-all over the axes of the mesh that hold those bits, for real and imaginary part
    (in a backward pass, for the state and its cotangent) at once. Its own inverse.

    Args:
        m: qubits on a device.
        pairs: which place among the devices swaps with which place on the device.
        g: places among the devices.
        names: the mesh axis that holds each of them.
    """

    kind = "exchange"

    def __init__(self, m: int, pairs: Pairs, g: int, names: Sequence[Any]) -> None:
        self.n, self.pairs, self.g = m, pairs, g
        self.names = tuple(names[p] for p, _ in pairs)
        self.inner = tuple(p - g for _, p in pairs)
        self.qubits = frozenset(range(m))

    @property
    def volume(self) -> float:
        """The part of a device's state that it sends."""
        return 1 - 0.5 ** len(self.pairs)

    def move(self, parts: list[Any], back: bool) -> list[Any]:
        places = sorted(self.inner)
        shape, axes = split_axes(self.n, places)
        front = [1 + axes[places.index(p)] for p in self.inner]
        rest = [1 + a for a in range(len(shape)) if 1 + a not in front]
        order = [*front, 0, *rest]
        grid = jnp.stack([x.reshape(shape) for x in parts]).transpose(order)
        sent = grid.reshape(2 ** len(front), -1)
        got = jax.lax.all_to_all(sent, self.names, 0, 0, tiled=True)
        whole = got.reshape(grid.shape).transpose(list(np.argsort(order)))
        # Split, not indexed: its transpose joins the parts, that of indexing pads each of them.
        return [x.reshape(-1) for x in jax.lax.split(whole, (1,) * len(parts))]

    def cost(self) -> tuple[float, float]:
        return 0.0, 2.0

    def describe(self) -> str:
        k = len(self.pairs)
        return f"exchange of {k} qubit{'s' * (k > 1)}: one all-to-all of {self.volume:.4g} states"


class RelabelStep(_Moving):
    """Another order of the qubits on each device.

    Args:
        m: qubits on a device.
        sources: ``sources[p]`` is the place whose qubit is to lie at place ``p``.
    """

    kind = "relabel"

    def __init__(self, m: int, sources: Sequence[int]) -> None:
        self.n, self.sources = m, tuple(sources)
        self.qubits = frozenset(range(m))

    def move(self, parts: list[Any], back: bool) -> list[Any]:
        order = np.argsort(self.sources).tolist() if back else list(self.sources)
        runs = _runs(order)
        sizes = {run[0]: 2 ** len(run) for run in runs}
        firsts = sorted(sizes)
        axes = [firsts.index(run[0]) for run in runs]
        shape = [sizes[f] for f in firsts]
        return [x.reshape(shape).transpose(axes).reshape(-1) for x in parts]

    def cost(self) -> tuple[float, float]:
        return 0.0, 1.0

    def describe(self) -> str:
        return "qubits on each device in another order"


def _runs(order: list[int]) -> list[list[int]]:
    """The order cut where neighbours do not stay neighbours."""
    runs: list[list[int]] = []
    for p in order:
        if runs and p == runs[-1][-1] + 1:
            runs[-1].append(int(p))
        else:
            runs.append([int(p)])
    return runs
