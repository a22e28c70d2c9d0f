"""The environments against their definitions, and against gymnasium and minigrid themselves."""

import json
import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qjax.experiments.rl.acrobot import Acrobot
from qjax.experiments.rl.cartpole import CartPole
from qjax.experiments.rl.frozen_lake import FrozenLake
from qjax.experiments.rl.minigrid import EmptyRoom, Pose, views

KEY = jax.random.key(0)
ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".peers" / "sequence" / "bin" / "python"
needed = pytest.mark.skipif(not PYTHON.exists(), reason="no environment in .peers/sequence")


def integer(value):
    return jnp.asarray(value, jnp.int32)


def test_the_cart_accelerates_as_its_equations_say():
    """The two coupled equations of motion, solved as a linear system for the accelerations."""
    state = np.array([0.3, -0.4, 0.1, 0.7])
    _, speed, angle, spin = state
    m, big, length, g = 0.1, 1.0, 0.5, 9.8
    for action, force in ((0, -10.0), (1, 10.0)):
        matrix = [[big + m, m * length * np.cos(angle)], [np.cos(angle), length * 4 / 3]]
        right = [force + m * length * spin**2 * np.sin(angle), g * np.sin(angle)]
        driven, turned = np.linalg.solve(matrix, right)
        new = CartPole().step(KEY, jnp.asarray(state), integer(action))
        exact = state + 0.02 * np.array([speed, driven, spin, turned])
        np.testing.assert_allclose(new.state, exact, rtol=0, atol=1e-14)
        assert float(new.reward) == 1.0
        assert not bool(new.terminated)
    out = CartPole().step(KEY, jnp.asarray([2.4, 1.0, 0.0, 0.0]), integer(1))
    assert bool(out.terminated)


def test_the_double_pendulum_keeps_its_energy_without_torque():
    state = jnp.asarray([0.9, -0.4, 0.5, -0.3])

    def energy(s):
        a, b, u, v = s
        heights = -0.5 * np.cos(a), -np.cos(a) - 0.5 * np.cos(a + b)
        x = 0.5 * np.cos(a + b) * (u + v) + np.cos(a) * u, 0.5 * np.sin(a + b) * (u + v)
        x = x[0], x[1] + np.sin(a) * u
        speeds = 0.25 * u**2, x[0] ** 2 + x[1] ** 2
        return 9.8 * sum(heights) + sum(speeds) / 2 + (u**2 + (u + v) ** 2) / 2

    step = jax.jit(Acrobot().step)
    first = energy(state)
    for _ in range(10):
        state = step(KEY, state, integer(1)).state
    assert abs(energy(state) - first) < 5e-3 * abs(first)
    assert float(step(KEY, jnp.asarray([np.pi, 0.0, 0.0, 0.0]), integer(1)).reward) == 0.0


def test_the_lake_has_its_map_and_its_slips():
    firm = FrozenLake(slippery=False)
    assert firm.optimum() == 1.0
    assert 0.7 < FrozenLake().optimum() < 0.75
    right = firm.step(KEY, integer(14), integer(2))
    assert (int(right.state), float(right.reward), bool(right.terminated)) == (15, 1.0, True)
    hole = firm.step(KEY, integer(1), integer(1))
    assert (int(hole.state), float(hole.reward), bool(hole.terminated)) == (5, 0.0, True)
    keys = jax.random.split(KEY, 600)
    cells = jax.jit(jax.vmap(lambda k: FrozenLake().step(k, integer(9), integer(2)).state))(keys)
    counts = np.bincount(cells, minlength=16)
    assert set(np.flatnonzero(counts)) == {10, 13, 5}  # right, down, up
    assert counts.max() < 260
    assert firm.observe(integer(6)).tolist() == [0.0, 1.0, 1.0, 0.0]


def test_the_room_rewards_the_shortest_way_most():
    env = EmptyRoom(5)
    state, total = env.reset(KEY), 0.0
    step = jax.jit(env.step)
    for action in (2, 2, 1, 2, 2):
        out = step(KEY, state, integer(action))
        state, total = out.state, total + float(out.reward)
    assert bool(out.terminated)
    assert abs(total - env.optimum()) < 1e-12
    assert abs(env.optimum() - (1 - 0.9 * 5 / 100)) < 1e-12
    wall = step(KEY, Pose(*map(integer, (1, 1, 3, 0))), integer(2)).state
    assert (int(wall.x), int(wall.y), int(wall.steps)) == (1, 1, 1)


def test_the_agent_sees_the_goal_ahead_and_walls_beyond():
    view = views(5)[1, 3, 0].reshape(7, 7, 3)  # facing right, along the row of the goal
    assert view[3, 4].tolist() == [8, 1, 0]  # two cells ahead
    assert view[3, 3].tolist() == [2, 5, 0]  # the wall behind it
    assert view[3, 2].tolist() == [2, 5, 0]  # and what is outside counts as wall
    assert view[3, 6].tolist() == [1, 0, 0]  # the agent does not see itself


@needed
@pytest.mark.verify
def test_every_environment_is_that_of_gymnasium_and_minigrid():
    program = str(Path(__file__).parent / "gym_rollouts.py")
    done = subprocess.run([str(PYTHON), program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    for name, env, tolerance in (
        ("CartPole-v1", CartPole(), 1e-12),
        ("Acrobot-v1", Acrobot(), 1e-9),
    ):
        step, see = jax.jit(env.step), jax.jit(env.observe)
        for state, action, new, reward, terminated, seen in found[name]:
            out = step(KEY, jnp.asarray(state), integer(action))
            np.testing.assert_allclose(out.state, new, rtol=0, atol=tolerance)
            np.testing.assert_allclose(see(out.state), seen, rtol=1e-5, atol=1e-5)  # float32 there
            assert (float(out.reward), bool(out.terminated)) == (reward, terminated)
    for slippery in (False, True):
        env = FrozenLake(slippery=slippery)
        step = jax.jit(jax.vmap(env.step, (0, None, None)))
        keys = jax.random.split(KEY, 300)
        ended = np.isin(env.cells, ["G", "H"])
        for cell, action, table in found[f"FrozenLake-{slippery}"]:
            if ended[cell]:
                continue
            out = step(keys, integer(cell), integer(action))
            expected = {}
            for chance, new, reward, terminated in table:
                expected[new, reward, terminated] = (
                    expected.get((new, reward, terminated), 0) + chance
                )
            drawn = list(zip(*(np.asarray(x).tolist() for x in out), strict=True))
            assert set(drawn) == set(expected)
            for kind, chance in expected.items():
                assert abs(drawn.count(kind) / len(drawn) - chance) < 0.13
    for size in (5, 8):
        env = EmptyRoom(size)
        step, see = jax.jit(env.step), jax.jit(env.observe)
        for rows in found[f"Empty-{size}"]:
            state = env.reset(KEY)
            for action, image, reward, terminated, truncated in rows:
                if action is not None:
                    out = step(KEY, state, integer(action))
                    state = out.state
                    assert abs(float(out.reward) - reward) < 1e-12
                    assert bool(out.terminated) == terminated
                    assert (int(state.steps) >= env.horizon) == truncated
                shown = 10 * np.asarray(see(state)).reshape(7, 7, 3)
                np.testing.assert_allclose(shown, image, rtol=0, atol=1e-12)
