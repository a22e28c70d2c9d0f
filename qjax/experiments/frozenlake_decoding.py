"""Crossing a frozen lake: how the measured bits are read as actions, and a quantum Q-network.

Source: Meyer et al., arXiv:2212.06663 (global and local action decoding, REINFORCE); Chen et al.,
arXiv:1907.00397 (deep Q-learning by a variational circuit). The optimum is found by dynamic
programming on the same map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..errors import ExperimentError
from .frame import Experiment, Run
from .rl import dqn
from .rl.agents import Agent, decoding, mlp, reuploading_circuit, size, value_circuit
from .rl.frozen_lake import MAPS, FrozenLake
from .rl.reinforce import optimiser_of, play, reinforce, start
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class LakeSettings(Settings):
    """Settings of ``frozenlake-decoding``.

    Attributes:
        lake: cells along a side, 4 or 8.
        slippery: whether steps may slip to either side.
        episodes: of training, per seed, of the policies.
        batch: episodes per update.
        discount: of later rewards.
        layers: of every circuit.
        steps: updates of the Q-network, each with a step in eight environments.
        agents: of global, local, mlp, dqn.
        fresh: episodes that a trained agent is judged by.
    """

    seeds: int = 10
    lake: int = 4
    slippery: bool = False
    episodes: int = 2000
    batch: int = 20
    discount: float = 0.95
    layers: int = 5
    steps: int = 2000
    agents: tuple[str, ...] = ("global", "local", "mlp", "dqn")
    fresh: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, episodes=1, batch=1, layers=1, steps=1, fresh=1)
        if self.lake not in MAPS:
            raise ExperimentError("lake: there is no such map", expected="4 or 8", got=self.lake)


def run(run: Run) -> list[Row]:
    """Every agent on the same lake."""
    settings: LakeSettings = run.settings
    env = FrozenLake(settings.lake, settings.slippery, 100 if settings.lake == 4 else 200)
    n, layers = env.features, settings.layers
    policies = {
        "global": decoding(n, 4, None, "global", layers),
        "local": decoding(n, 4, None, "local", layers),
        "mlp": mlp(n, 4, None),
    }
    known = [*policies, "dqn"]
    unknown = [name for name in settings.agents if name not in known]
    if unknown:
        raise ExperimentError(
            "agents: there is no such agent", expected=", ".join(known), got=unknown
        )
    optimum = env.optimum()
    judged, curves, sizes = {}, {}, {}
    for name in settings.agents:
        learned = _q(run, env) if name == "dqn" else _policy(run, env, name, policies[name])
        judged[name], curves[name], sizes[name] = learned
    run.figure("returns", _draw(curves, optimum))
    kind = "slippery" if settings.slippery else "firm"
    classical = float(np.median(judged["mlp"])) if "mlp" in judged else None
    rows = []
    for name in settings.agents:
        baseline = [("optimum", optimum)]
        if classical is not None and name != "mlp":
            baseline.append(("MLP", classical))
        label = f"{settings.lake}x{settings.lake} {kind}, {name} ({sizes[name]} parameters)"
        rows.append(
            Row(
                f"{label}: success in {settings.fresh} fresh episodes",
                "curve only",
                judged[name].tolist(),
                baseline,
                form=".2f",
            )
        )
    return rows


def _policy(run: Run, env: FrozenLake, name: str, agent: Agent) -> tuple[np.ndarray, Any, int]:
    """By REINFORCE: success of the best checkpoint, training returns, parameters."""
    settings: LakeSettings = run.settings
    steps = -(-settings.episodes // settings.batch)
    optimiser = optimiser_of(agent, steps, 5.0 if name != "mlp" else 2.0)
    update = reinforce(agent, env, optimiser, episodes=settings.batch, discount=settings.discount)
    learn, judge = jax.random.split(run.key)
    trained = run.train(
        name, update, start(agent, optimiser, learn, settings.seeds), steps,
        chunk=min(20, steps),
        show=lambda m: f"median return {np.median(m['return'][-1]):.2f}",
    )  # fmt: skip
    best = trained.carry[2]["params"]
    record = jax.jit(lambda p, k: play(agent, env, p, k, settings.fresh))(best, judge)
    returns = np.asarray(record.returns.mean(axis=1))
    return returns, trained.metrics["return"], size(best) // settings.seeds


def _q(run: Run, env: FrozenLake) -> tuple[np.ndarray, Any, int]:
    """By deep Q-learning: success of the last greedy policy, training returns, parameters."""
    settings: LakeSettings = run.settings
    agent = value_circuit(env.features, env.actions, settings.layers)
    optimiser = optax.adam(1e-2)
    step = dqn.dqn(
        agent,
        env,
        optimiser,
        discount=settings.discount,
        explore=(1.0, 0.05, max(1, settings.steps // 2)),
    )
    learn, judge = jax.random.split(run.key)
    keys = jax.random.split(learn, settings.seeds)
    carry = jax.vmap(lambda k: dqn.start(agent, env, optimiser, k, envs=8, capacity=2048))(keys)

    def update(carry: Any, number: jax.Array, data: Any) -> Any:
        return jax.vmap(step, (0, None))(carry, number)

    trained = run.train(
        "dqn", update, carry, settings.steps, chunk=min(200, settings.steps),
        show=lambda m: f"median return {np.median(m['return'][-1]):.2f}",
    )  # fmt: skip
    params = trained.carry.params
    greedy = agent._replace(outputs=lambda p, x: 1e6 * agent.outputs(p, x))
    record = jax.jit(lambda p, k: play(greedy, env, p, k, settings.fresh))(params, judge)
    returns = np.asarray(record.returns.mean(axis=1))
    return returns, trained.metrics["return"], size(params) // settings.seeds


def _draw(curves: dict[str, Any], optimum: float) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, returns in curves.items():
        part = np.linspace(0, 1, len(returns))
        (line,) = axes.plot(part, np.median(returns, axis=1), label=name)
        low, high = np.quantile(returns, (0.25, 0.75), axis=1)
        axes.fill_between(part, low, high, color=line.get_color(), alpha=0.2, lw=0)
    axes.axhline(optimum, ls=":", color="0.4")
    axes.set(xlabel="share of the training", ylabel="return", title="median and quartiles")
    axes.legend()
    return figure


def example(settings: LakeSettings) -> Any:
    """The circuit of the policies on the first cell."""
    n, layers = FrozenLake(settings.lake).features, settings.layers
    params = {"angles": jnp.zeros((layers + 1, n, 2)), "scales": jnp.ones((layers, n))}
    return reuploading_circuit(jnp.zeros(n), params)


EXPERIMENT = Experiment(
    name="frozenlake-decoding",
    title="Action decoding on a frozen lake",
    paper="arXiv:2212.06663",
    minutes=5,
    settings=LakeSettings(),
    run=run,
    circuit=example,
    quick={
        "episodes": 4,
        "batch": 2,
        "seeds": 2,
        "layers": 1,
        "steps": 4,
        "fresh": 4,
        "agents": ("local", "dqn"),
    },
)
