"""Deep Q-learning with a replay buffer and a target network, as one pure update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...train import descend
from .agents import Agent
from .environment import Environment


class Replay(NamedTuple):
    """The last transitions, in a ring.

    Args:
        seen, then: observations before and after, shape (capacity, F).
        actions: int32, shape (capacity,).
        rewards: shape (capacity,).
        terminated: bool, shape (capacity,).
    """

    seen: jax.Array
    then: jax.Array
    actions: jax.Array
    rewards: jax.Array
    terminated: jax.Array


class Learner(NamedTuple):
    """Everything that one seed carries from update to update.

    Args:
        params, target: of the network, and its older copy.
        state: of the optimiser.
        replay: the buffer.
        places: states of the environments, leading axis N.
        ages: steps since the beginning of each episode, int32, (N,).
        totals: rewards of each episode so far, (N,).
        running: running mean of returns.
        key: PRNG key.
    """

    params: Any
    target: Any
    state: Any
    replay: Replay
    places: Any
    ages: jax.Array
    totals: jax.Array
    running: jax.Array
    key: jax.Array


def start(
    agent: Agent, env: Environment, optimiser: Any, key: jax.Array, *, envs: int, capacity: int
) -> Learner:
    """One seed before its first update; batch with `jax.vmap` over keys."""
    first, second, rest = jax.random.split(key, 3)
    params = agent.init(first)
    dtype = jnp.zeros(()).dtype
    frames = jnp.zeros((capacity, env.features), dtype)
    replay = Replay(
        frames,
        frames,
        jnp.zeros(capacity, jnp.int32),
        jnp.zeros(capacity, dtype),
        jnp.zeros(capacity, bool),
    )
    places = jax.vmap(env.reset)(jax.random.split(second, envs))
    zero = jnp.zeros(envs, dtype)
    return Learner(
        params,
        params,
        optimiser.init(params),
        replay,
        places,
        jnp.zeros(envs, jnp.int32),
        zero,
        jnp.zeros((), dtype),
        rest,
    )


def dqn(
    agent: Agent,
    env: Environment,
    optimiser: optax.GradientTransformation,
    *,
    batch: int = 32,
    discount: float = 0.95,
    explore: tuple[float, float, int] = (1.0, 0.05, 1000),
    refresh: int = 50,
) -> Callable[[Learner, jax.Array], tuple[Learner, dict[str, jax.Array]]]:
    """One step in every environment and one gradient, of one seed.

    Args:
        agent: its outputs are the values of the actions.
        env: where it acts.
        optimiser: from optax.
        batch: transitions per gradient.
        discount: of later rewards.
        explore: chance of a random action at first and at last, and steps in between.
        refresh: updates between two copies to the target network.

    Source: Mnih et al., Nature 518, 529 (2015).
    """
    first, last, fall = explore

    def update(learner: Learner, step: jax.Array) -> tuple[Learner, dict[str, jax.Array]]:
        envs = learner.ages.shape[0]
        dtype = learner.totals.dtype
        key = jax.random.fold_in(learner.key, step)
        choose, wander, move, fresh, draw = jax.random.split(key, 5)
        seen = jax.vmap(env.observe)(learner.places).astype(dtype)
        values = jax.vmap(agent.outputs, (None, 0))(learner.params, seen)
        part = jnp.minimum(step.astype(dtype) / fall, 1)
        chance = first + (last - first) * part
        random = jax.random.randint(choose, (envs,), 0, env.actions)
        greedy = jnp.argmax(values, axis=1).astype(random.dtype)
        roams = jax.random.uniform(wander, (envs,), dtype) < chance
        actions = jnp.where(roams, random, greedy).astype(jnp.int32)
        outcome = jax.vmap(env.step)(jax.random.split(move, envs), learner.places, actions)
        ages, totals = learner.ages + 1, learner.totals + outcome.reward
        ended = outcome.terminated | (ages >= env.horizon)
        # Being cut off is not an end: the value of what comes next still counts.
        then = jax.vmap(env.observe)(outcome.state).astype(dtype)
        new = Replay(seen, then, actions, outcome.reward.astype(dtype), outcome.terminated)
        capacity = learner.replay.actions.shape[0]
        slots = (step * envs + jnp.arange(envs, dtype=jnp.int32)) % capacity
        replay = jax.tree.map(lambda old, add: old.at[slots].set(add), learner.replay, new)
        filled = jnp.minimum((step + 1) * envs, capacity)
        rows = jax.random.randint(draw, (batch,), 0, filled)
        sample = jax.tree.map(lambda array: array[rows], replay)
        ahead = jax.vmap(agent.outputs, (None, 0))(learner.target, sample.then).max(axis=1)
        wanted = sample.rewards + discount * jnp.where(sample.terminated, 0.0, ahead)

        def loss(params: Any) -> jax.Array:
            values = jax.vmap(agent.outputs, (None, 0))(params, sample.seen)
            taken = jnp.take_along_axis(values, sample.actions[:, None], axis=1)[:, 0]
            return jnp.mean(optax.huber_loss(taken, wanted))

        gradient = jax.grad(loss)(learner.params)
        params, state = descend(optimiser, gradient, learner.state, learner.params)
        renew = step % refresh == 0
        target = jax.tree.map(lambda a, b: jnp.where(renew, a, b), params, learner.target)
        resets = jax.vmap(env.reset)(jax.random.split(fresh, envs))
        places = jax.tree.map(
            lambda a, b: jnp.where(ended.reshape(-1, *[1] * (a.ndim - 1)), a, b),
            resets,
            outcome.state,
        )
        count = ended.sum()
        mean = jnp.where(ended, totals, 0.0).sum() / jnp.maximum(count, 1)
        kept = 0.98 ** count.astype(dtype)
        running = kept * learner.running + (1 - kept) * mean
        learner = Learner(
            params,
            target,
            state,
            replay,
            places,
            jnp.where(ended, 0, ages),
            jnp.where(ended, 0.0, totals),
            running,
            learner.key,
        )
        return learner, {"return": running}

    return update
