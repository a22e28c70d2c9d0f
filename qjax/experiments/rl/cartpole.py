"""CartPole-v1: balance a pole on a cart."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from .environment import Outcome

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, TIME = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
FARTHEST, STEEPEST = 2.4, 12 * 2 * jnp.pi / 360


@dataclass(frozen=True)
class CartPole:
    """A cart that is pushed left or right; the state is (x, x', angle, angle'), shape (4,).

    Every step rewards 1; the episode ends where the cart is farther than 2.4 out or the pole
    steeper than 12 degrees.

    Args:
        horizon: steps of the longest episode.

    Source: Barto, Sutton, Anderson, IEEE Trans. SMC 13, 834 (1983);
        ``CartPole-v1`` of gymnasium.

    Example:
        >>> env = CartPole()
        >>> env.observe(env.reset(jax.random.key(0))).shape
        (4,)
    """

    horizon: int = 500
    actions = 2
    features = 4
    scale = (2.4, 2.5, 0.21, 2.5)
    """Size of each observation, by which agents may divide it."""

    def reset(self, key: jax.Array) -> jax.Array:
        """Every number uniform within 0.05 of zero."""
        return jax.random.uniform(key, (4,), minval=-0.05, maxval=0.05)

    def observe(self, state: jax.Array) -> jax.Array:
        """The state itself."""
        return state

    def step(self, key: jax.Array, state: jax.Array, action: jax.Array) -> Outcome:
        """One explicit Euler step of 0.02 s."""
        del key
        x, speed, angle, spin = state
        force = jnp.where(action == 1, FORCE, -FORCE).astype(state.dtype)
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        mass, moment = CART + POLE, POLE * HALF_LENGTH
        pushed = (force + moment * spin**2 * sin) / mass
        turned = (GRAVITY * sin - cos * pushed) / (HALF_LENGTH * (4.0 / 3.0 - POLE * cos**2 / mass))
        driven = pushed - moment * turned * cos / mass
        state = jnp.stack(
            [x + TIME * speed, speed + TIME * driven, angle + TIME * spin, spin + TIME * turned]
        )
        out = (jnp.abs(state[0]) > FARTHEST) | (jnp.abs(state[2]) > STEEPEST)
        return Outcome(state, jnp.ones((), state.dtype), out)
