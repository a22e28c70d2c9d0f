"""Agents and learning algorithms: probabilities, gradients, memory, and small problems solved."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import qjax as qj
from qjax.experiments.rl import a2c, dqn
from qjax.experiments.rl.agents import (
    Agent,
    decoding,
    decoding_words,
    mlp,
    reuploading,
    reuploading_circuit,
    single_qubits,
)
from qjax.experiments.rl.cartpole import CartPole
from qjax.experiments.rl.environment import Outcome
from qjax.experiments.rl.memory_agents import FastWeightAgent
from qjax.experiments.rl.reinforce import (
    Episodes,
    advantages,
    optimiser_of,
    play,
    policy_gradient,
    reinforce,
    start,
)
from qjax.nn.fast_weights import Gated

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def relaxed():
    """The experiments run as a user's JAX does."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


@pytest.mark.parametrize("how", ["global", "local"])
def test_decoding_sums_the_probabilities_of_its_bitstrings(how):
    """Four actions of four qubits, against the outcome of every bitstring decoded by hand."""
    agent = decoding(4, 4, None, how, layers=1)
    params = agent.init(KEY)
    bits = jnp.asarray([0.0, 1.0, 1.0, 0.0])
    chances = np.asarray(qj.probs(reuploading_circuit(np.pi * bits, params)))
    exact = np.zeros(4)
    for index, b in enumerate(product((0, 1), repeat=4)):
        action = [sum(b[k:]) % 2 if how == "global" else b[k] for k in range(2)]
        exact[action[0] + 2 * action[1]] += chances[index]
    np.testing.assert_allclose(np.exp(jax.jit(agent.outputs)(params, bits)), exact, atol=2e-6)


def test_global_decoding_looks_at_every_qubit():
    words, signs = decoding_words(4, 4, "global")
    assert set().union(*words) == {0, 1, 2, 3}
    assert len({tuple(row) for row in signs.T}) == 4
    assert set().union(*decoding_words(4, 4, "local")[0]) == {0, 1}


@pytest.mark.verify
def test_unentangled_qubits_are_the_product_of_single_ones():
    """n circuits of one qubit give what one circuit of n qubits without entanglers does."""
    agent = single_qubits(3, 2, (1.0, 1.0, 1.0), layers=2)
    params = jax.tree.map(np.asarray, agent.init(KEY))
    x = jnp.asarray([0.2, -0.5, 0.9])
    angle = np.arctan(x)
    ops = []
    for q in range(3):
        for k in range(2):
            a = params["angles"][q, k]
            ops += [qj.RZ(a[0], q), qj.RY(a[1], q), qj.RX(params["scales"][q, k] * angle[q], q)]
        ops += [qj.RZ(params["angles"][q, 2, 0], q), qj.RY(params["angles"][q, 2, 1], q)]
    values = jnp.stack(qj.expval(qj.Circuit(3, ops), [qj.Z(q) for q in range(3)]))
    logits = params["weights"] @ values + params["biases"]
    np.testing.assert_allclose(
        jax.jit(agent.outputs)(params, x), jax.nn.log_softmax(logits), atol=2e-6
    )


def test_two_actions_of_a_reuploading_policy_share_one_value():
    agent = reuploading(4, 2, (1.0,) * 4, layers=1)
    out = agent.outputs(agent.init(KEY), jnp.zeros(4))
    assert abs(float(jnp.exp(out).sum()) - 1) < 1e-6


def test_advantages_are_standardised_discounted_rewards():
    alive = jnp.asarray([1, 1, 0], bool)[:, None, None]
    rewards = jnp.asarray([1.0, 2.0, 0.0])[:, None, None]
    zeros = jnp.zeros((3, 1, 1, 1))
    record = Episodes(zeros, jnp.zeros((3, 1, 1), jnp.int32), rewards, alive, jnp.int32(2))
    found = np.asarray(advantages(record, 0.5)).ravel()
    np.testing.assert_allclose(found, [0.0, 0.0, 0.0], atol=1e-3)  # 1 + 0.5 * 2 = 2, and 2
    found = np.asarray(advantages(record, 1.0)).ravel()
    np.testing.assert_allclose(found, [1.0, -1.0, 0.0], atol=1e-3)


@pytest.mark.verify
def test_the_policy_gradient_by_blocks_is_that_of_the_whole():
    env = CartPole(40)
    agent = mlp(4, 2, env.scale)
    params = jax.vmap(agent.init)(jax.random.split(KEY, 2))
    record = jax.jit(lambda p, k: play(agent, env, p, k, 3))(params, KEY)
    weights = advantages(record, 0.9)

    def loss(params):
        logs = jax.vmap(jax.vmap(jax.vmap(agent.outputs, (None, 0))), (None, 0))(
            params, record.observations
        )
        chosen = jnp.take_along_axis(logs, record.actions[..., None], -1)[..., 0]
        return -jnp.sum(weights * chosen) / 3

    found = jax.jit(lambda p: policy_gradient(agent, p, record, weights))(params)
    exact = jax.jit(jax.grad(loss))(params)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(exact), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.verify
def test_episodes_end_where_they_terminate():
    env = CartPole(60)
    even = Agent("even", lambda key: {}, lambda p, x: jnp.zeros(2) + p["a"], {})
    record = jax.jit(lambda k: play(even, env, {"a": jnp.zeros((2, 1))}, k, 4))(KEY)
    alive = np.asarray(record.alive)
    assert (np.diff(alive.astype(int), axis=0) <= 0).all()
    np.testing.assert_array_equal(record.returns, alive.sum(axis=0))
    assert int(record.end) == alive.any(axis=(1, 2)).sum()
    seen = np.asarray(record.observations)
    last = alive.sum(axis=0) - 1
    for s, n in np.ndindex(2, 4):
        if last[s, n] < 59:
            final = env.step(KEY, jnp.asarray(seen[last[s, n], s, n]),
                             record.actions[last[s, n], s, n])  # fmt: skip
            assert bool(final.terminated)


class Corridor:
    """Three cells; the action 1 goes right, where a reward waits; 0 stays."""

    actions, features, horizon = 2, 2, 8

    def reset(self, key):
        return jnp.asarray(0, jnp.int32)

    def observe(self, state):
        return jnp.stack([state == 0, state == 1]).astype(jnp.float32)

    def step(self, key, state, action):
        new = state + action
        return Outcome(new, (new == 2).astype(jnp.float32) - 0.05, new == 2)


@pytest.mark.verify
def test_reinforce_learns_the_corridor_and_keeps_the_best():
    env, agent = Corridor(), mlp(2, 2, None)
    optimiser = optimiser_of(agent, 60, 5.0)
    update = jax.jit(reinforce(agent, env, optimiser, episodes=8))
    carry = start(agent, optimiser, KEY, 2)
    first = None
    for step in range(60):
        carry, metrics = update(carry, jnp.int32(step), None)
        first = metrics["return"] if first is None else first
    assert (np.asarray(metrics["return"]) > 0.85).all()
    assert (np.asarray(metrics["return"]) > np.asarray(first)).all()
    judged = jax.jit(lambda p: play(agent, env, p, KEY, 50))(carry[2]["params"])
    assert (np.asarray(judged.returns.mean(axis=1)) > 0.85).all()


@pytest.mark.verify
def test_q_learning_finds_the_values_of_the_corridor():
    env, agent = Corridor(), mlp(2, 2, None)._replace(outputs=_values)
    optimiser = optax.adam(3e-2)
    learner = dqn.start(agent, env, optimiser, KEY, envs=4, capacity=256)
    step = dqn.dqn(agent, env, optimiser, discount=0.9, explore=(1.0, 0.3, 200), refresh=10)
    numbers = jnp.arange(600, dtype=jnp.int32)
    learner, _ = jax.jit(lambda start: jax.lax.scan(step, start, numbers))(learner)
    # Going right: -0.05 + 0.9 * 0.95 and 0.95; staying discounts once more.
    exact = np.array([[-0.05 + 0.9 * 0.805, 0.805], [-0.05 + 0.9 * 0.95, 0.95]])
    found = [_values(learner.params, env.observe(jnp.asarray(s, jnp.int32))) for s in (0, 1)]
    np.testing.assert_allclose(found, exact, atol=0.05)


def _values(params, x):
    net = params["net"]
    return net["out"] @ jnp.tanh(net["in"] @ x + net["in bias"]) + net["out bias"]


@pytest.mark.verify
def test_fast_weights_are_learned_from_as_they_were_played():
    """Acting step by step, and learning from all steps at once, say the same."""
    graph, params = nnx.split(FastWeightAgent(3, 2, Gated(), rngs=nnx.Rngs(0)))
    rng = np.random.default_rng(0)
    seen = jnp.asarray(rng.normal(size=(5, 4, 3)), jnp.float32)
    fresh = jnp.asarray(rng.random((5, 4)) < 0.3)
    memory = first = jnp.asarray(rng.normal(size=(4, 2, 8)), jnp.float32)

    @jax.jit
    def act(memory, x, fresh):
        return nnx.merge(graph, params).step(a2c._cleared(memory, fresh), x)

    played = []
    for t in range(5):
        memory, said = act(memory, seen[t], fresh[t])
        played.append(said)
    learned = jax.jit(lambda m: nnx.merge(graph, params).replay(m, seen, fresh))(first)
    for part in ("logits", "value"):
        exact = jnp.stack([getattr(said, part) for said in played])
        np.testing.assert_allclose(getattr(learned, part), exact, atol=3e-6)


def test_generalised_advantages_stop_at_ends():
    """Two steps: the first terminates, so the second's value does not reach it."""
    one = jnp.ones((2, 1))
    no = jnp.zeros((2, 1), bool)
    ended = jnp.asarray([[True], [False]])
    taken = a2c.Steps(one[..., None], no, no.astype(jnp.int32), one, ended, ended, 0.5 * one)
    found = a2c.advantages(taken, jnp.asarray([2.0]), 0.9, 0.8)
    np.testing.assert_allclose(found[:, 0], [1 - 0.5, 1 + 0.9 * 2 - 0.5], rtol=1e-6)
    cut = taken._replace(terminated=no)  # cut off: the last value seen stands for what follows
    found = a2c.advantages(cut, jnp.asarray([2.0]), 0.9, 0.8)
    np.testing.assert_allclose(found[:, 0], [1 + 0.9 * 0.5 - 0.5, 1.8 + 0.5], rtol=1e-6)
