"""Acrobot-v1: swing a double pendulum up by a torque on its inner joint."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from .environment import Outcome

MASS, LENGTH, CENTRE, MOMENT, GRAVITY, TIME = 1.0, 1.0, 0.5, 1.0, 9.8, 0.2
FASTEST = (4 * jnp.pi, 9 * jnp.pi)


@dataclass(frozen=True)
class Acrobot:
    """A double pendulum; the state is (angle, angle of the joint, both velocities), shape (4,).

    Every step costs 1 until the tip is one length above the pivot.

    Args:
        horizon: steps of the longest episode.

    Source: Sutton, NIPS 8, 1038 (1996), as ``Acrobot-v1`` of gymnasium.

    Example:
        >>> env = Acrobot()
        >>> env.observe(env.reset(jax.random.key(0))).shape
        (6,)
    """

    horizon: int = 500
    actions = 3
    features = 6
    scale = (1.0, 1.0, 1.0, 1.0, 4.0, 9.0)
    """Size of each observation, by which agents may divide it."""

    def reset(self, key: jax.Array) -> jax.Array:
        """Every number uniform within 0.1 of zero."""
        return jax.random.uniform(key, (4,), minval=-0.1, maxval=0.1)

    def observe(self, state: jax.Array) -> jax.Array:
        """Cosine and sine of both angles, and both velocities."""
        a, b, u, v = state
        return jnp.stack([jnp.cos(a), jnp.sin(a), jnp.cos(b), jnp.sin(b), u, v])

    def step(self, key: jax.Array, state: jax.Array, action: jax.Array) -> Outcome:
        """One Runge-Kutta step of 0.2 s under a torque of -1, 0 or 1."""
        del key
        torque = action.astype(state.dtype) - 1

        def slope(s: jax.Array) -> jax.Array:
            return _slope(s, torque)

        a = slope(state)
        b = slope(state + TIME / 2 * a)
        c = slope(state + TIME / 2 * b)
        d = slope(state + TIME * c)
        new = state + TIME / 6 * (a + 2 * b + 2 * c + d)
        angles = jnp.mod(new[:2] + jnp.pi, 2 * jnp.pi) - jnp.pi
        fastest = jnp.asarray(FASTEST, state.dtype)
        new = jnp.concatenate([angles, jnp.clip(new[2:], -fastest, fastest)])
        up = -jnp.cos(new[0]) - jnp.cos(new[1] + new[0]) > 1.0
        return Outcome(new, jnp.where(up, 0.0, -1.0).astype(state.dtype), up)


def _slope(state: jax.Array, torque: jax.Array) -> jax.Array:
    """The equations of motion of Sutton and Barto's book."""
    a, b, u, v = state
    cos, sin = jnp.cos(b), jnp.sin(b)
    d1 = MASS * CENTRE**2 + MASS * (LENGTH**2 + CENTRE**2 + 2 * LENGTH * CENTRE * cos) + 2 * MOMENT
    d2 = MASS * (CENTRE**2 + LENGTH * CENTRE * cos) + MOMENT
    phi2 = MASS * CENTRE * GRAVITY * jnp.cos(a + b - jnp.pi / 2)
    phi1 = (
        -MASS * LENGTH * CENTRE * v**2 * sin
        - 2 * MASS * LENGTH * CENTRE * v * u * sin
        + (MASS * CENTRE + MASS * LENGTH) * GRAVITY * jnp.cos(a - jnp.pi / 2)
        + phi2
    )
    bend = torque + d2 / d1 * phi1 - MASS * LENGTH * CENTRE * u**2 * sin - phi2
    bend = bend / (MASS * CENTRE**2 + MOMENT - d2**2 / d1)
    return jnp.stack([u, v, -(d2 * bend + phi1) / d1, bend])
