"""Run in the environment that has gymnasium and minigrid: transitions of the originals, as JSON."""

import json
import sys
import warnings

import gymnasium
import minigrid  # noqa: F401  (registers its environments)
import numpy as np

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
out = {}

for name in ("CartPole-v1", "Acrobot-v1"):
    env = gymnasium.make(name).unwrapped
    env.reset(seed=0)
    rows = []
    for _ in range(200):
        # States from far and near the limits, so that every branch is taken.
        if name == "CartPole-v1":
            state = rng.uniform([-2.4, -3, -0.21, -3], [2.4, 3, 0.21, 3])
        else:
            state = rng.uniform([-3.1, -3.1, -13, -29], [3.1, 3.1, 13, 29])
        env.state = np.array(state) if name == "Acrobot-v1" else tuple(state)
        if name == "CartPole-v1":
            env.steps_beyond_terminated = None
        action = int(rng.integers(env.action_space.n))
        seen, reward, terminated, _, _ = env.step(action)
        rows.append(
            [list(map(float, state)), action, list(map(float, env.state)), float(reward),
             bool(terminated), list(map(float, seen))]
        )  # fmt: skip
    out[name] = rows

for slippery in (False, True):
    env = gymnasium.make("FrozenLake-v1", is_slippery=slippery).unwrapped
    out[f"FrozenLake-{slippery}"] = [
        [s, a, [[float(p), int(n), float(r), bool(t)] for p, n, r, t in env.P[s][a]]]
        for s in env.P
        for a in env.P[s]
    ]

for size in (5, 8):
    env = gymnasium.make(f"MiniGrid-Empty-{size}x{size}-v0")
    episodes = []
    for _ in range(20):
        seen, _ = env.reset(seed=0)
        rows = [[None, np.asarray(seen["image"]).tolist(), 0.0, False, False]]
        ended = False
        while not ended:
            action = int(rng.choice(7, p=[0.2, 0.2, 0.4, 0.05, 0.05, 0.05, 0.05]))
            seen, reward, terminated, truncated, _ = env.step(action)
            ended = terminated or truncated
            image = np.asarray(seen["image"]).tolist()
            rows.append([action, image, float(reward), bool(terminated), bool(truncated)])
        episodes.append(rows)
    out[f"Empty-{size}"] = episodes

sys.stdout.write(json.dumps(out))
