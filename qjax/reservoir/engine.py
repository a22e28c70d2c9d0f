"""What runs a reservoir: pure functions of its parameters, its state and one input.

An engine is static; what it computes with comes from `prepare`, once per series, so that it can be
traced, differentiated and batched.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp


class Engine:
    """One way to run one kind of reservoir. Subclasses are frozen dataclasses, hashable.

    Attributes:
        random: whether `advance` needs a key.
        memory: how many numbers of the flattened state the next step depends on; None for all.
    """

    random = False
    memory: int | None = None

    def prepare(self, reservoir: Any) -> Any:
        """What every step needs, computed once from the reservoir's parameters; a pytree."""
        raise NotImplementedError

    def start(self, params: Any) -> Any:
        """The state before the first input; a pytree of arrays."""
        raise NotImplementedError

    def advance(self, params: Any, state: Any, u: Any, key: Any) -> tuple[Any, Any]:
        """One input: the new state, and a record from which `readout` computes the features."""
        raise NotImplementedError

    def readout(self, params: Any, records: Any, u: Any) -> Any:
        """Features (B, F) from records with a leading axis of time, and the B inputs."""
        return records

    def distance(self, params: Any, a: Any, b: Any) -> Any:
        """An upper bound of the difference of any feature between two states, now and later.

        For quantum states: of their trace norm, which no channel increases.
        """
        del params, a, b
        return jnp.inf
