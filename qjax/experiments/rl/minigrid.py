"""MiniGrid's empty room: walk to the goal in the far corner, seeing only what lies ahead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .environment import Outcome

EMPTY, WALL, GOAL = (1, 0, 0), (2, 5, 0), (8, 1, 0)
VIEW = 7
AHEAD = ((1, 0), (0, 1), (-1, 0), (0, -1))
LARGEST = 10.0  # observations are divided by the largest number of an object


class Pose(NamedTuple):
    """Where the agent is.

    Args:
        x, y: cell, int32.
        facing: 0 right, 1 down, 2 left, 3 up.
        steps: since the beginning, int32.
    """

    x: jax.Array
    y: jax.Array
    facing: jax.Array
    steps: jax.Array


@dataclass(frozen=True)
class EmptyRoom:
    """A square room with walls; the goal rewards ``1 - 0.9 steps / horizon``.

    Of the seven actions only 0 (left), 1 (right) and 2 (forward) do anything in an empty room. The
    agent sees 7 x 7 cells ahead of it, through walls in this room, as MiniGrid encodes them:
    object, colour and state, here divided by 10. Beyond the room there is wall.

    Args:
        size: cells along a side, walls included.
        actions: 7, or 3 to leave those out that do nothing.

    Source: ``MiniGrid-Empty-5x5-v0`` and its siblings, Chevalier-Boisvert et al., arXiv:2306.13831.

    Example:
        >>> env = EmptyRoom(5)
        >>> env.observe(env.reset(jax.random.key(0))).shape
        (147,)
    """

    size: int = 5
    actions: int = 7
    features = VIEW * VIEW * 3

    @property
    def horizon(self) -> int:
        """Steps of the longest episode."""
        return 4 * self.size**2

    def reset(self, key: jax.Array) -> Pose:
        """The near corner, facing right."""
        del key
        one, zero = jnp.asarray(1, jnp.int32), jnp.asarray(0, jnp.int32)
        return Pose(one, one, zero, zero)

    def observe(self, state: Pose) -> jax.Array:
        """The view as (column, row, channel), flattened; the agent is in the middle of the last
        row."""
        table = jnp.asarray(views(self.size) / LARGEST, jnp.zeros(()).dtype)
        return table[state.x, state.y, state.facing]

    def step(self, key: jax.Array, state: Pose, action: jax.Array) -> Outcome:
        """Turn or walk; walls stop."""
        del key
        turn = jnp.where(action == 0, -1, jnp.where(action == 1, 1, 0))
        facing = (state.facing + turn) % 4
        ahead = jnp.asarray(AHEAD, jnp.int32)[state.facing]
        last = self.size - 2
        walks = action == 2
        x = jnp.where(walks, jnp.clip(state.x + ahead[0], 1, last), state.x)
        y = jnp.where(walks, jnp.clip(state.y + ahead[1], 1, last), state.y)
        steps = state.steps + 1
        there = walks & (x == last) & (y == last)
        dtype = jnp.zeros(()).dtype
        reward = jnp.where(there, 1 - 0.9 * steps.astype(dtype) / self.horizon, 0.0)
        return Outcome(Pose(x, y, facing, steps), reward.astype(dtype), there)

    def optimum(self) -> float:
        """The return of the shortest way: along one wall, a turn, along the other."""
        return 1 - 0.9 * (2 * (self.size - 3) + 1) / self.horizon


@lru_cache
def views(size: int) -> np.ndarray:
    """What is seen from every cell in every direction, int, (size, size, 4, 147)."""
    room = np.zeros((size, size, 3), int)
    room[:] = WALL
    room[1:-1, 1:-1] = EMPTY
    room[size - 2, size - 2] = GOAL
    out = np.zeros((size, size, 4, VIEW * VIEW * 3), int)
    for x in range(1, size - 1):
        for y in range(1, size - 1):
            for facing in range(4):
                out[x, y, facing] = _view(room, x, y, facing).ravel()
    return out


def _view(room: np.ndarray, x: int, y: int, facing: int) -> np.ndarray:
    """The cells ahead, (column, row, channel): the agent is at column 3, row 6, and looks up."""
    size = len(room)
    ahead = np.array(AHEAD[facing])
    right = np.array([-ahead[1], ahead[0]])
    view = np.zeros((VIEW, VIEW, 3), int)
    for i in range(VIEW):
        for j in range(VIEW):
            a, b = np.array([x, y]) + (VIEW - 1 - j) * ahead + (i - VIEW // 2) * right
            view[i, j] = room[a, b] if 0 <= a < size and 0 <= b < size else WALL
    view[VIEW // 2, VIEW - 1] = EMPTY  # the agent does not see itself
    return view
