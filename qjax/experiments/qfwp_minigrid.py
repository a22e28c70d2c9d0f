"""A quantum fast-weight programmer walks to the goal of an empty MiniGrid room.

Source: the agent is that of Chen's fast-weight programmer, arXiv:2402.17760, in its
reinforcement-learning form: 8 qubits, 2 layers, all qubits measured. The algorithm is synchronous
advantage actor-critic (A2C) with many environments side by side; the published runs are
asynchronous (A3C) with 80 processes over 10,000 episodes. There the update replays the last five
steps from empty fast weights though the agent acted with those of the whole episode; here both
start from the weights that acting had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..errors import ExperimentError
from ..nn.fast_weights import Additive, Gated, brickwork_ry
from .frame import Experiment, Run
from .qkan_models import parameters, stacked
from .rl import a2c
from .rl.memory_agents import LAYERS, QUBITS, FastWeightAgent, MemorylessAgent
from .rl.minigrid import EmptyRoom
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class RoomSettings(Settings):
    """Settings of ``qfwp-minigrid``.

    Attributes:
        rooms: cells along a side of every room.
        agents: of gated, additive, mlp.
        updates: of training, in each room.
        envs: environments per seed.
        steps: per update, in each of them.
        rate: of Adam.
        fresh: episodes that a trained agent is judged by.
    """

    seeds: int = 3
    rooms: tuple[int, ...] = (5, 8)
    agents: tuple[str, ...] = ("gated", "additive", "mlp")
    updates: int = 600
    envs: int = 32
    steps: int = 16
    rate: float = 3e-3
    fresh: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, updates=1, envs=1, steps=1, fresh=1)


def run(run: Run) -> list[Row]:
    """Every agent in every room."""
    settings: RoomSettings = run.settings
    known = ("gated", "additive", "mlp")
    unknown = [name for name in settings.agents if name not in known]
    if unknown:
        raise ExperimentError(
            "agents: there is no such agent", expected=", ".join(known), got=unknown
        )
    rows = []
    for room in settings.rooms:
        env = EmptyRoom(room)
        learned = {name: _learn(run, env, name) for name in settings.agents}
        run.figure(f"returns-{room}", _draw({k: v[1] for k, v in learned.items()}, env, settings))
        classical = float(np.median(learned["mlp"][0])) if "mlp" in learned else None
        for name, (returns, _, count) in learned.items():
            baseline = [("optimum", env.optimum())]
            if classical is not None and name != "mlp":
                baseline.append(("MLP", classical))
            asked = (0.9 * env.optimum(), np.inf) if name != "mlp" else None
            rows.append(
                Row(
                    f"{room}x{room}, A2C, {name} ({count} parameters): mean return",
                    "curve only",
                    returns.tolist(),
                    baseline,
                    asked,
                    ".3f",
                )
            )
    return rows


def build(name: str, env: EmptyRoom, seed: int) -> nnx.Module:
    """An agent by name."""
    rngs = nnx.Rngs(seed)
    if name == "mlp":
        return MemorylessAgent(env.features, env.actions, rngs=rngs)
    rule = Gated() if name == "gated" else Additive()
    return FastWeightAgent(env.features, env.actions, rule, rngs=rngs)


def _learn(run: Run, env: EmptyRoom, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean returns of fresh episodes, training returns, parameters."""
    settings: RoomSettings = run.settings
    graph, params = stacked(lambda s: build(name, env, settings.seed + s), settings.seeds)
    agent = build(name, env, 0)
    optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(settings.rate))
    learn, judge = jax.random.split(run.key)
    keys = jax.random.split(learn, settings.seeds)
    carry = jax.vmap(lambda k, p: a2c.start(agent, env, optimiser, k, p, settings.envs))(
        keys, params
    )
    step = a2c.a2c(graph, env, optimiser, steps=settings.steps)

    def update(carry: Any, number: jax.Array, data: Any) -> Any:
        return jax.vmap(step, (0, None))(carry, number)

    trained = run.train(
        f"{env.size}-{name}", update, carry, settings.updates, chunk=min(50, settings.updates),
        show=lambda m: f"median return {np.median(m['return'][-1]):.2f}",
    )  # fmt: skip
    judges = jax.random.split(judge, settings.seeds)

    def fresh(params: Any, key: jax.Array) -> jax.Array:
        return a2c.evaluate(graph, params, env, key, settings.fresh).mean()

    returns = jax.jit(jax.vmap(fresh))(trained.carry.params, judges)
    return np.asarray(returns), trained.metrics["return"], parameters(params)


def _draw(curves: dict[str, np.ndarray], env: EmptyRoom, settings: RoomSettings) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, returns in curves.items():
        played = settings.envs * settings.steps * np.arange(1, len(returns) + 1)
        (line,) = axes.plot(played, np.median(returns, axis=1), label=name)
        low, high = returns.min(axis=1), returns.max(axis=1)
        axes.fill_between(played, low, high, color=line.get_color(), alpha=0.2, lw=0)
    axes.axhline(env.optimum(), ls=":", color="0.4")
    axes.set(xlabel="steps per seed", ylabel="running mean of returns", title=f"{env.size} cells")
    axes.legend()
    return figure


def example(settings: RoomSettings) -> Any:
    """The fast circuit at the beginning of an episode."""
    del settings
    return brickwork_ry(jnp.zeros(QUBITS), jnp.zeros((LAYERS, QUBITS)))


EXPERIMENT = Experiment(
    name="qfwp-minigrid",
    title="A fast-weight programmer in an empty room, by A2C",
    paper="arXiv:2402.17760",
    minutes=3,
    settings=RoomSettings(),
    run=run,
    circuit=example,
    quick={
        "rooms": (5,),
        "updates": 2,
        "envs": 3,
        "steps": 3,
        "seeds": 2,
        "fresh": 3,
        "agents": ("gated",),
    },
)
