"""Several reservoirs side by side on one input, their features next to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import ParameterError
from .base import Reservoir
from .engine import Engine


@dataclass(frozen=True)
class OnionEngine(Engine):
    """The engines of all parts."""

    parts: tuple[Engine, ...]

    @property
    def random(self) -> bool:  # type: ignore[override]
        return any(p.random for p in self.parts)

    def prepare(self, reservoir: Any) -> Any:
        pairs = zip(self.parts, reservoir.blocks, strict=True)
        return tuple(engine.prepare(block) for engine, block in pairs)

    def start(self, params: Any) -> Any:
        return tuple(e.start(p) for e, p in zip(self.parts, params, strict=True))

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        keys: Any = (
            [None] * len(self.parts) if key is None else jax.random.split(key, len(self.parts))
        )
        pairs = [
            e.advance(p, s, u, k)
            for e, p, s, k in zip(self.parts, params, state, keys, strict=True)
        ]
        return tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)

    def readout(self, params: Any, records: Any, u: Any) -> Any:
        found = [e.readout(p, r, u) for e, p, r in zip(self.parts, params, records, strict=True)]
        return jnp.concatenate(found, axis=1)

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        gaps = [e.distance(p, x, y) for e, p, x, y in zip(self.parts, params, a, b, strict=True)]
        return jnp.max(jnp.stack(gaps))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Onion(Reservoir):
    """Reservoirs of any kinds in parallel: shells of different memory times around one input.

    Args:
        blocks: the reservoirs. Blocks of one structure run faster as a `Multiplex`.

    Source: arXiv:2505.22837.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.reservoir import IsingReservoir, Onion
        >>> keys = jax.random.split(jax.random.key(0))
        >>> blocks = [IsingReservoir.random(k, 2, tau=t, nodes=3) for k, t in zip(keys, (1, 4))]
        >>> Onion.of(blocks).features([0.2, 0.5]).shape
        (2, 12)
    """

    blocks: Any

    @classmethod
    def of(cls, blocks: Sequence[Any]) -> Onion:
        """From reservoirs.

        Raises:
            ParameterError: no reservoirs.
        """
        blocks = tuple(blocks)
        if not blocks or any(not isinstance(b, Reservoir) for b in blocks):
            raise ParameterError("Onion: blocks must be reservoirs", got=blocks)
        return cls(blocks)

    def parts(self) -> list[Any]:
        """The reservoirs."""
        return list(self.blocks)

    @property
    def inputs(self) -> Any:  # type: ignore[override]
        return self.blocks[0].inputs

    @property
    def linear(self) -> bool:  # type: ignore[override]
        return all(b.linear for b in self.blocks)

    @property
    def n_features(self) -> int:
        return sum(b.n_features for b in self.blocks)

    def engine(self, sim: Any = None) -> Engine:
        return OnionEngine(tuple(b.engine(sim) for b in self.blocks))


@dataclass(frozen=True)
class MultiplexEngine(Engine):
    """One engine, mapped over the blocks; ``own`` if every block has a column of the input."""

    one: Engine
    own: bool

    @property
    def random(self) -> bool:  # type: ignore[override]
        return self.one.random

    def prepare(self, reservoir: Any) -> Any:
        return jax.vmap(self.one.prepare)(reservoir.stacked)

    def start(self, params: Any) -> Any:
        return jax.vmap(self.one.start)(params)

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        count = jax.tree.leaves(params)[0].shape[0]
        keys = None if key is None else jax.random.split(key, count)
        axes = (0, 0, 0 if self.own else None, None if key is None else 0)
        return jax.vmap(self.one.advance, axes)(params, state, u, keys)

    def readout(self, params: Any, records: Any, u: Any) -> Any:
        axes = (0, 1, 1 if self.own else None)
        found = jax.vmap(self.one.readout, axes, 1)(params, records, u)
        return found.reshape(found.shape[0], -1)

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        return jnp.max(jax.vmap(self.one.distance)(params, a, b))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Multiplex(Reservoir):
    """Reservoirs of one structure in parallel, as one batched program.

    Args:
        stacked: a reservoir whose leaves carry a leading axis of blocks, such as
            ``jax.vmap(lambda k: IsingReservoir.random(k, 5))(keys)``.
        own: whether every block has a column of the input, u being (T, blocks).

    Source: spatial multiplexing, Nakajima et al., arXiv:1803.04574.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.reservoir import IsingReservoir, Multiplex
        >>> keys = jax.random.split(jax.random.key(0), 3)
        >>> blocks = jax.vmap(lambda k: IsingReservoir.random(k, 2, nodes=4))(keys)
        >>> Multiplex(blocks).features([0.2, 0.5]).shape
        (2, 24)
    """

    stacked: Any
    own: bool = field(default=False, metadata={"static": True})

    @property
    def count(self) -> int:
        """The number of blocks."""
        return int(jax.tree.leaves(self.stacked)[0].shape[0])

    def parts(self) -> list[Any]:
        """The reservoirs one by one."""
        return [jax.tree.map(lambda x, k=k: x[k], self.stacked) for k in range(self.count)]

    @property
    def inputs(self) -> Any:  # type: ignore[override]
        return self.count if self.own else self.stacked.inputs

    @property
    def linear(self) -> bool:  # type: ignore[override]
        return self.stacked.linear

    @property
    def n_features(self) -> int:
        return self.count * self.parts()[0].n_features

    def engine(self, sim: Any = None) -> Engine:
        return MultiplexEngine(self.parts()[0].engine(sim), self.own)
