"""REINFORCE for many seeds at once: whole episodes, then one gradient, all in one program.

The loops go over time for all seeds and environments together, so that they can stop with the last
episode that still runs: early in training episodes are short, and most of the horizon is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...train import descend
from .agents import Agent
from .environment import Environment

BLOCK = 25  # steps whose gradient is found in one go


class Episodes(NamedTuple):
    """What was played, time first: S seeds, N episodes each.

    Args:
        observations: shape (T, S, N, F).
        actions: int32, shape (T, S, N).
        rewards: shape (T, S, N).
        alive: whether the step was taken, shape (T, S, N).
        end: steps of the longest episode, int32 scalar.
    """

    observations: jax.Array
    actions: jax.Array
    rewards: jax.Array
    alive: jax.Array
    end: jax.Array

    @property
    def returns(self) -> jax.Array:
        """The sum of rewards of every episode, (S, N)."""
        return self.rewards.sum(axis=0)


def play(agent: Agent, env: Environment, params: Any, key: jax.Array, count: int) -> Episodes:
    """Whole episodes of every seed; every seed has random numbers of its own.

    Args:
        agent: acts by sampling.
        env: where.
        params: stacked over seeds, leading axis S.
        key: PRNG key.
        count: episodes per seed N.
    """
    seeds = jax.tree.leaves(params)[0].shape[0]
    horizon = env.horizon
    first, rest = jax.random.split(key)
    states = jax.vmap(jax.vmap(env.reset))(jax.random.split(first, (seeds, count)))
    see = jax.vmap(jax.vmap(env.observe))
    shape, dtype = (horizon, seeds, count), jnp.zeros(()).dtype
    start = Episodes(
        jnp.zeros((*shape, env.features), dtype),
        jnp.zeros(shape, jnp.int32),
        jnp.zeros(shape, dtype),
        jnp.zeros(shape, bool),
        jnp.asarray(0, jnp.int32),
    )

    def running(carry: tuple) -> jax.Array:
        _, alive, record = carry
        return (record.end < horizon) & jnp.any(alive)

    def step(carry: tuple) -> tuple:
        states, alive, record = carry
        t = record.end
        choose, move = jax.random.split(jax.random.fold_in(rest, t))
        seen = see(states).astype(dtype)
        log_probs = jax.vmap(jax.vmap(agent.outputs, (None, 0)))(params, seen)
        actions = jax.random.categorical(choose, log_probs).astype(jnp.int32)
        keys = jax.random.split(move, (seeds, count))
        outcome = jax.vmap(jax.vmap(env.step))(keys, states, actions)
        record = Episodes(
            record.observations.at[t].set(seen),
            record.actions.at[t].set(actions),
            record.rewards.at[t].set(jnp.where(alive, outcome.reward, 0.0)),
            record.alive.at[t].set(alive),
            t + 1,
        )
        return outcome.state, alive & ~outcome.terminated, record

    alive = jnp.ones((seeds, count), bool)
    return jax.lax.while_loop(running, step, (states, alive, start))[2]


def advantages(episodes: Episodes, discount: float) -> jax.Array:
    """Discounted rewards to come, standardised over the steps that each seed took, (T, S, N)."""

    def back(total: jax.Array, reward: jax.Array) -> tuple[jax.Array, jax.Array]:
        total = reward + discount * total
        return total, total

    zero = jnp.zeros_like(episodes.rewards[0])
    _, to_come = jax.lax.scan(back, zero, episodes.rewards, reverse=True)
    taken = episodes.alive.astype(to_come.dtype)
    count = taken.sum(axis=(0, 2), keepdims=True)
    mean = (to_come * taken).sum(axis=(0, 2), keepdims=True) / count
    spread = ((to_come - mean) ** 2 * taken).sum(axis=(0, 2), keepdims=True) / count
    return (to_come - mean) / jnp.sqrt(spread + 1e-8) * taken


def policy_gradient(agent: Agent, params: Any, episodes: Episodes, weights: jax.Array) -> Any:
    """The gradient of ``-sum weights * log pi(action)`` per episode, of every seed.

    A loop over blocks of time that skips what no episode reached.
    """
    horizon, _, count = episodes.actions.shape
    length = min(BLOCK, horizon)
    blocks = -(-horizon // length)

    def loss(params: Any, seen: jax.Array, actions: jax.Array, weights: jax.Array) -> jax.Array:
        log_probs = jax.vmap(jax.vmap(agent.outputs, (None, 0)), (None, 0))(params, seen)
        chosen = jnp.take_along_axis(log_probs, actions[..., None], axis=-1)[..., 0]
        return -jnp.sum(weights * chosen) / count

    gradient = jax.vmap(jax.grad(loss), (0, 1, 1, 1))

    def cut(array: jax.Array) -> jax.Array:
        wide = [(0, blocks * length - horizon)] + [(0, 0)] * (array.ndim - 1)
        return jnp.pad(array, wide).reshape(blocks, length, *array.shape[1:])

    def block(total: Any, part: tuple) -> tuple[Any, None]:
        number, *data = part

        def add() -> Any:
            return jax.tree.map(jnp.add, total, gradient(params, *data))

        return jax.lax.cond(number * length < episodes.end, add, lambda: total), None

    parts = (episodes.observations, episodes.actions, weights)
    numbers = jnp.arange(blocks, dtype=jnp.int32)
    zeros = jax.tree.map(jnp.zeros_like, params)
    total, _ = jax.lax.scan(block, zeros, (numbers, *(cut(part) for part in parts)))
    return total


def optimiser_of(agent: Agent, steps: int, factor: float = 1.0) -> optax.GradientTransformation:
    """Adam with a rate for each kind of parameter, falling to a tenth along a cosine."""

    def by_rate(updates: Any, params: Any = None) -> Any:
        rates = agent.rates
        return {
            name: jax.tree.map(lambda u, rate=rates[name]: -factor * rate * u, part)
            for name, part in updates.items()
        }

    falling = optax.cosine_decay_schedule(1.0, steps, 0.1)
    return optax.chain(
        optax.scale_by_adam(), optax.stateless(by_rate), optax.scale_by_schedule(falling)
    )


def reinforce(
    agent: Agent,
    env: Environment,
    optimiser: optax.GradientTransformation,
    *,
    episodes: int = 10,
    discount: float = 1.0,
    memory: float = 0.8,
) -> Callable[[Any, jax.Array, Any], tuple[Any, dict[str, jax.Array]]]:
    """One update as `run_chunks` takes it: the carry is ``(params, state, best, key)``.

    ``best`` holds the parameters with the best running mean of training returns: what played those
    episodes, not what was learned from them.

    Args:
        agent: whose parameters are stacked over seeds.
        env: where it acts.
        optimiser: applied to every seed.
        episodes: per update and seed.
        discount: of later rewards.
        memory: of the running mean of returns.

    Source: Williams, Machine Learning 8, 229 (1992).
    """

    def update(carry: Any, step: jax.Array, data: Any) -> tuple[Any, dict[str, jax.Array]]:
        params, state, best, key = carry
        record = play(agent, env, params, jax.random.fold_in(key, step), episodes)
        mean = record.returns.mean(axis=1)
        seen = jnp.where(step == 0, mean, memory * best["running"] + (1 - memory) * mean)
        # The running mean tells a lucky batch from a good policy; both must be good.
        score = jnp.minimum(seen, mean)
        better = score > best["score"]

        def pick(new: jax.Array, old: jax.Array) -> jax.Array:
            return jnp.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)

        best = {
            "running": seen,
            "score": jnp.where(better, score, best["score"]),
            "params": jax.tree.map(pick, params, best["params"]),
        }
        gradient = policy_gradient(agent, params, record, advantages(record, discount))
        params, state = jax.vmap(lambda g, s, p: descend(optimiser, g, s, p))(
            gradient, state, params
        )
        return (params, state, best, key), {"return": mean}

    return update


def start(agent: Agent, optimiser: optax.GradientTransformation, key: jax.Array, seeds: int) -> Any:
    """The carry before the first update."""
    own, rest = jax.random.split(key)
    params = jax.vmap(agent.init)(jax.random.split(own, seeds))
    lowest = jnp.full(seeds, -jnp.inf)
    best = {"running": jnp.zeros(seeds), "score": lowest, "params": params}
    return params, jax.vmap(optimiser.init)(params), best, rest
