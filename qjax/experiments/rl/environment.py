"""What an environment is: pure functions of a state, so that it runs inside a compiled loop."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax


class Outcome(NamedTuple):
    """What a step leads to.

    Args:
        state: the next state, a pytree.
        reward: float scalar.
        terminated: bool scalar; running out of time is not termination.
    """

    state: Any
    reward: jax.Array
    terminated: jax.Array


@runtime_checkable
class Environment(Protocol):
    """States are pytrees of one environment; batch with `jax.vmap`."""

    @property
    def actions(self) -> int:
        """How many actions there are."""
        ...

    @property
    def features(self) -> int:
        """Length of an observation."""
        ...

    @property
    def horizon(self) -> int:
        """Steps after which an episode is cut off."""
        ...

    def reset(self, key: jax.Array) -> Any:
        """A first state."""
        ...

    def observe(self, state: Any) -> jax.Array:
        """What the agent sees of a state, floating, shape (features,)."""
        ...

    def step(self, key: jax.Array, state: Any, action: jax.Array) -> Outcome:
        """What an action, an integer scalar, leads to."""
        ...
