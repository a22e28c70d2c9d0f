"""FrozenLake-v1: cross a frozen lake without falling into a hole."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from .environment import Outcome

MAPS = {
    4: ("SFFF", "FHFH", "FFFH", "HFFG"),
    8: (
        "SFFFFFFF",
        "FFFFFFFF",
        "FFFHFFFF",
        "FFFFFHFF",
        "FFFHFFFF",
        "FHHFFFHF",
        "FHFFHFHF",
        "FFFHFFFG",
    ),
}


@dataclass(frozen=True)
class FrozenLake:
    """Cells of a square map, numbered row by row; actions are left, down, right, up.

    On slippery ice the step goes where it was meant or to either side, with equal chances. The goal
    rewards 1; goal and holes end the episode.

    Args:
        size: 4 or 8.
        slippery: whether steps may slip.
        horizon: steps of the longest episode; gymnasium's is 100 for 4 and 200 for 8.

    Source: ``FrozenLake-v1`` of gymnasium.

    Example:
        >>> env = FrozenLake(slippery=False)
        >>> env.observe(env.reset(jax.random.key(0))).tolist()
        [0.0, 0.0, 0.0, 0.0]
    """

    size: int = 4
    slippery: bool = True
    horizon: int = 100
    actions = 4

    @property
    def features(self) -> int:
        """Bits of the number of a cell."""
        return int(np.ceil(2 * np.log2(self.size)))

    @property
    def cells(self) -> np.ndarray:
        """The letters of the map, row by row, (size**2,)."""
        return np.array([list(row) for row in MAPS[self.size]]).ravel()

    def reset(self, key: jax.Array) -> jax.Array:
        """The cell of the start, int32."""
        del key
        return jnp.asarray(0, jnp.int32)

    def observe(self, state: jax.Array) -> jax.Array:
        """The bits of the number of the cell, most significant first."""
        places = jnp.arange(self.features - 1, -1, -1, dtype=jnp.int32)
        bits = jnp.right_shift(state[None], places) & 1
        return bits.astype(jnp.zeros(()).dtype)

    def moved(self, state: jax.Array, action: jax.Array) -> jax.Array:
        """The cell next to one, or itself at the edge of the map."""
        row, column = jnp.divmod(state, self.size)
        last = self.size - 1
        column = jnp.where(action == 0, jnp.maximum(column - 1, 0), column)
        row = jnp.where(action == 1, jnp.minimum(row + 1, last), row)
        column = jnp.where(action == 2, jnp.minimum(column + 1, last), column)
        row = jnp.where(action == 3, jnp.maximum(row - 1, 0), row)
        return row * self.size + column

    def step(self, key: jax.Array, state: jax.Array, action: jax.Array) -> Outcome:
        """One step; a slip turns it by a quarter."""
        if self.slippery:
            action = (action + jax.random.randint(key, (), -1, 2, jnp.int32)) % 4
        new = self.moved(state, action)
        goal = jnp.asarray(self.cells == "G")[new]
        ended = jnp.asarray(np.isin(self.cells, ["G", "H"]))[new]
        return Outcome(new, goal.astype(jnp.zeros(()).dtype), ended)

    def optimum(self) -> float:
        """The best mean return from the start within the horizon, by dynamic programming."""
        count, cells = self.size**2, self.cells
        ended = np.isin(cells, ["G", "H"])
        table = np.array(
            [
                [int(self.moved(jnp.asarray(s, jnp.int32), jnp.asarray(a, jnp.int32)))
                 for a in range(4)]
                for s in range(count)
            ]
        )  # fmt: skip
        value = np.zeros(count)
        for _ in range(self.horizon):
            led = (cells[table] == "G") + np.where(ended[table], 0.0, value[table])
            if self.slippery:
                led = (led + np.roll(led, 1, 1) + np.roll(led, -1, 1)) / 3
            value = np.where(ended, 0.0, led.max(axis=1))
        return float(value[0])
