"""Agents that carry a memory: fast weights that are written while acting; and a network without."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from ...nn.fast_weights import Entries, FastCircuit, FastWeightProgrammer, Update, next_weights
from ...nn.linear import uniform_linear

QUBITS, LAYERS = 8, 2


class Answer(NamedTuple):
    """What an actor and critic say.

    Args:
        logits: of the actions, shape (..., A).
        value: of the state, shape (...).
    """

    logits: jax.Array
    value: jax.Array


class FastWeightAgent(nnx.Module):
    """A quantum fast-weight programmer as actor and critic in one.

    A linear layer turns the observation into an angle per qubit; their tanh is what the heads of
    the slow network read; all qubits are measured, and one linear layer reads logits and value.

    Args:
        features: length of an observation.
        actions: number of actions A.
        update: the rule of the fast weights.
        rngs: NNX random streams.

    Source: Chen, arXiv:2402.17760, and the author's later reinforcement-learning code.

    Example:
        >>> from qjax.nn.fast_weights import Gated
        >>> agent = FastWeightAgent(147, 7, Gated(), rngs=nnx.Rngs(0))
        >>> memory, said = agent.step(agent.memory(3), jnp.zeros((3, 147)))
        >>> memory.shape, said.logits.shape, said.value.shape
        ((3, 2, 8), (3, 7), (3,))
    """

    def __init__(self, features: int, actions: int, update: Update, *, rngs: nnx.Rngs) -> None:
        self.encoder = uniform_linear(features, QUBITS, rngs=rngs)
        self.programmer = FastWeightProgrammer(
            _unchanged,
            FastCircuit((LAYERS, QUBITS), QUBITS),
            update,
            in_features=QUBITS,
            out_features=actions + 1,
            latent=QUBITS,
            activation=jnp.tanh,
            rngs=rngs,
        )

    def memory(self, count: int) -> jax.Array:
        """Fast weights at the beginning of episodes, (count, layers, qubits)."""
        return self.programmer.initial_weights((count,))

    def step(self, memory: jax.Array, observation: jax.Array) -> tuple[jax.Array, Answer]:
        """Acting: one step of N environments, observations (N, F)."""
        memory, out = self.programmer.step(memory, self.encoder(observation))
        return memory, Answer(out[..., :-1], out[..., -1])

    def replay(self, memory: jax.Array, observations: jax.Array, fresh: jax.Array) -> Answer:
        """Learning: the same steps again, all circuits side by side.

        Args:
            memory: fast weights before the first step, as they were when acting, (N, R, C).
            observations: shape (T, N, F).
            fresh: whether an episode begins with this step, bool, (T, N).
        """
        x = self.encoder(observations)
        update = self.programmer.update

        def write(weights: jax.Array, step: tuple) -> tuple[jax.Array, jax.Array]:
            begins, entry = step
            weights = jnp.where(begins[:, None, None], 0.0, weights)
            weights = next_weights(weights, Entries(*entry), update)
            return weights, weights

        entries = tuple(self.programmer.entries(x))
        _, weights = jax.lax.scan(write, memory, (fresh, entries))
        out = self.programmer.readout(self.programmer.evaluate(x, weights))
        return Answer(out[..., :-1], out[..., -1])


class MemorylessAgent(nnx.Module):
    """A tanh network as actor and critic, with nothing to remember.

    Args:
        features: length of an observation.
        actions: number of actions A.
        hidden: width.
        rngs: NNX random streams.

    Example:
        >>> agent = MemorylessAgent(147, 7, rngs=nnx.Rngs(0))
        >>> agent.step(agent.memory(3), jnp.zeros((3, 147)))[1].logits.shape
        (3, 7)
    """

    def __init__(self, features: int, actions: int, hidden: int = 8, *, rngs: nnx.Rngs) -> None:
        self.encoder = uniform_linear(features, hidden, rngs=rngs)
        self.readout = uniform_linear(hidden, actions + 1, rngs=rngs)

    def memory(self, count: int) -> jax.Array:
        """Nothing, (count, 0, 0)."""
        return jnp.zeros((count, 0, 0), self.encoder.kernel.dtype)

    def step(self, memory: jax.Array, observation: jax.Array) -> tuple[jax.Array, Answer]:
        """Acting: one step of N environments, observations (N, F)."""
        out = self.readout(jnp.tanh(self.encoder(observation)))
        return memory, Answer(out[..., :-1], out[..., -1])

    def replay(self, memory: jax.Array, observations: jax.Array, fresh: jax.Array) -> Answer:
        """Learning: all steps at once, observations (T, N, F)."""
        del fresh
        return self.step(memory, observations)[1]


def _unchanged(x: Any) -> Any:
    return x
