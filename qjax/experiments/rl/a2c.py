"""Advantage actor-critic, synchronous, for agents that carry a memory; one pure update per seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from ...train import descend
from .environment import Environment


class Carry(NamedTuple):
    """Everything that one seed carries from update to update.

    Args:
        params: of the agent.
        state: of the optimiser.
        places: states of the environments, leading axis N.
        memory: the agent's, (N, ...); of an episode that begins it is cleared first.
        fresh: whether the next step begins an episode, bool, (N,).
        ages: steps since then, int32, (N,).
        totals: rewards since then, (N,).
        running: running mean of returns of finished episodes.
        key: PRNG key.
    """

    params: Any
    state: Any
    places: Any
    memory: jax.Array
    fresh: jax.Array
    ages: jax.Array
    totals: jax.Array
    running: jax.Array
    key: jax.Array


class Steps(NamedTuple):
    """What was seen and done, time first, (T, N, ...)."""

    observations: jax.Array
    fresh: jax.Array
    actions: jax.Array
    rewards: jax.Array
    terminated: jax.Array
    ended: jax.Array
    values: jax.Array


def start(
    agent: nnx.Module, env: Environment, optimiser: Any, key: jax.Array, params: Any, envs: int
) -> Carry:
    """One seed before its first update; batch with `jax.vmap` over keys and parameters."""
    first, rest = jax.random.split(key)
    dtype = jax.tree.leaves(params)[0].dtype
    model: Any = agent
    return Carry(
        params,
        optimiser.init(params),
        jax.vmap(env.reset)(jax.random.split(first, envs)),
        model.memory(envs),
        jnp.ones(envs, bool),
        jnp.zeros(envs, jnp.int32),
        jnp.zeros(envs, dtype),
        jnp.zeros((), dtype),
        rest,
    )


def a2c(
    graph: Any,
    env: Environment,
    optimiser: optax.GradientTransformation,
    *,
    steps: int = 16,
    discount: float = 0.99,
    smoothing: float = 0.95,
    entropy: float = 0.02,
    critic: float = 0.5,
) -> Callable[[Carry, jax.Array], tuple[Carry, dict[str, jax.Array]]]:
    """Some steps in every environment, then one gradient through the same steps.

    The memory that acting left at the beginning of these steps is where learning starts from, and
    both clear it where an episode begins: what is learned from is what was played.

    Args:
        graph: of the agent, an `nnx` graph definition.
        env: where it acts.
        optimiser: from optax.
        steps: per update.
        discount: of later rewards.
        smoothing: lambda of the generalised advantage.
        entropy: weight of the entropy of the policy.
        critic: weight of the squared error of the values.

    Source: Mnih et al., arXiv:1602.01783, in its synchronous form (not A3C); advantages of
        Schulman et al., arXiv:1506.02438.
    """

    def act(carry: Carry, key: jax.Array) -> tuple[Carry, Steps]:
        agent = nnx.merge(graph, carry.params)
        choose, move, renew = jax.random.split(key, 3)
        envs = carry.ages.shape[0]
        dtype = carry.totals.dtype
        seen = jax.vmap(env.observe)(carry.places).astype(dtype)
        memory = _cleared(carry.memory, carry.fresh)
        memory, said = agent.step(memory, seen)
        actions = jax.random.categorical(choose, said.logits).astype(jnp.int32)
        outcome = jax.vmap(env.step)(jax.random.split(move, envs), carry.places, actions)
        ages, totals = carry.ages + 1, carry.totals + outcome.reward.astype(dtype)
        ended = outcome.terminated | (ages >= env.horizon)
        resets = jax.vmap(env.reset)(jax.random.split(renew, envs))
        places = jax.tree.map(
            lambda a, b: jnp.where(ended.reshape(-1, *[1] * (a.ndim - 1)), a, b),
            resets,
            outcome.state,
        )
        count = ended.sum()
        mean = jnp.where(ended, totals, 0.0).sum() / jnp.maximum(count, 1)
        kept = 0.99 ** count.astype(dtype)
        taken = Steps(
            seen,
            carry.fresh,
            actions,
            outcome.reward.astype(dtype),
            outcome.terminated,
            ended,
            said.value,
        )
        carry = carry._replace(
            places=places,
            memory=memory,
            fresh=ended,
            ages=jnp.where(ended, 0, ages),
            totals=jnp.where(ended, 0.0, totals),
            running=kept * carry.running + (1 - kept) * mean,
        )
        return carry, taken

    def update(carry: Carry, step: jax.Array) -> tuple[Carry, dict[str, jax.Array]]:
        keys = jax.random.split(jax.random.fold_in(carry.key, step), steps)
        before = carry.memory
        carry, taken = jax.lax.scan(act, carry, keys)
        # What the agent would say next, without acting on it.
        agent = nnx.merge(graph, carry.params)
        seen = jax.vmap(env.observe)(carry.places).astype(carry.totals.dtype)
        after = agent.step(_cleared(carry.memory, carry.fresh), seen)[1].value
        gain = advantages(taken, after, discount, smoothing)
        goal = gain + taken.values
        scaled = (gain - gain.mean()) / (gain.std() + 1e-8)

        def loss(params: Any) -> jax.Array:
            said = nnx.merge(graph, params).replay(before, taken.observations, taken.fresh)
            logs = jax.nn.log_softmax(said.logits)
            chosen = jnp.take_along_axis(logs, taken.actions[..., None], axis=-1)[..., 0]
            spread = -jnp.sum(jnp.exp(logs) * logs, axis=-1).mean()
            error = jnp.mean((said.value - goal) ** 2)
            return -jnp.mean(scaled * chosen) + critic * error - entropy * spread

        gradient = jax.grad(loss)(carry.params)
        params, state = descend(optimiser, gradient, carry.state, carry.params)
        return carry._replace(params=params, state=state), {"return": carry.running}

    return update


def advantages(taken: Steps, after: jax.Array, discount: float, smoothing: float) -> jax.Array:
    """Generalised advantages, (T, N).

    Where an episode was cut off without terminating, what lies beyond is worth what the last state
    seen was.
    """

    def back(carry: tuple, step: Steps) -> tuple[tuple, jax.Array]:
        gain, ahead = carry
        ahead = jnp.where(step.ended, step.values, ahead)
        ahead = jnp.where(step.terminated, 0.0, ahead)
        gain = jnp.where(step.ended, 0.0, gain)
        gain = step.rewards + discount * ahead - step.values + discount * smoothing * gain
        return (gain, step.values), gain

    return jax.lax.scan(back, (jnp.zeros_like(after), after), taken, reverse=True)[1]


def evaluate(graph: Any, params: Any, env: Environment, key: jax.Array, count: int) -> jax.Array:
    """Returns of fresh episodes of one seed, (count,); actions are sampled."""
    agent = nnx.merge(graph, params)
    first, rest = jax.random.split(key)
    dtype = jax.tree.leaves(params)[0].dtype
    places = jax.vmap(env.reset)(jax.random.split(first, count))

    def step(carry: tuple, key: jax.Array) -> tuple[tuple, None]:
        places, memory, alive, totals = carry
        choose, move = jax.random.split(key)
        seen = jax.vmap(env.observe)(places).astype(dtype)
        memory, said = agent.step(memory, seen)
        actions = jax.random.categorical(choose, said.logits).astype(jnp.int32)
        outcome = jax.vmap(env.step)(jax.random.split(move, count), places, actions)
        totals = totals + jnp.where(alive, outcome.reward.astype(dtype), 0.0)
        return (outcome.state, memory, alive & ~outcome.terminated, totals), None

    carry = places, agent.memory(count), jnp.ones(count, bool), jnp.zeros(count, dtype)
    keys = jax.random.split(rest, env.horizon)
    return jax.lax.scan(step, carry, keys)[0][3]


def _cleared(memory: jax.Array, fresh: jax.Array) -> jax.Array:
    return jnp.where(fresh.reshape(-1, *[1] * (memory.ndim - 1)), 0.0, memory)
