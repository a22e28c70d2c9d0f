"""Quantum policies learn to balance a pole: re-uploading, unentangled and decoding agents, an MLP.

Source: Jerbi et al., arXiv:2103.05577 (re-uploading policies); Hsiao et al., arXiv:2203.14348
(unentangled single qubits, there with PPO); Meyer et al., arXiv:2212.06663 (action decoding). All
learn by REINFORCE here, ten episodes per update. A run counts as solved at 475.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ExperimentError
from .frame import Experiment, Run
from .rl.acrobot import Acrobot
from .rl.agents import Agent, decoding, mlp, reuploading, reuploading_circuit, single_qubits, size
from .rl.cartpole import CartPole
from .rl.reinforce import optimiser_of, play, reinforce, start
from .settings import Settings, at_least
from .table import Row


@dataclass(frozen=True)
class AgentSettings(Settings):
    """Settings of ``cartpole-agents``.

    Attributes:
        environment: cartpole or acrobot (where decoding, with three actions, is left out).
        episodes: of training, per seed.
        batch: episodes per update.
        layers: of every circuit.
        agents: of reuploading, single, global, local, mlp.
        horizon: steps of the longest episode.
        fresh: episodes that the chosen checkpoint is judged by.
    """

    seeds: int = 10
    environment: Literal["cartpole", "acrobot"] = "cartpole"
    episodes: int = 1000
    batch: int = 10
    layers: int = 5
    agents: tuple[str, ...] = ("reuploading", "single", "global", "local", "mlp")
    horizon: int = 500
    fresh: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, episodes=1, batch=1, layers=1, horizon=1, fresh=1)


def agents(env: Any, layers: int) -> dict[str, Agent]:
    """The agents that an environment admits."""
    about = env.features, env.actions, env.scale
    found = {
        "reuploading": reuploading(*about, layers=layers),
        "single": single_qubits(*about, layers=layers),
        "mlp": mlp(*about),
    }
    if env.actions & (env.actions - 1) == 0:
        found |= {how: decoding(*about, how, layers) for how in ("global", "local")}
    return found


def run(run: Run) -> list[Row]:
    """Every agent by the same recipe; the checkpoint with the best training return is judged."""
    settings: AgentSettings = run.settings
    room = CartPole if settings.environment == "cartpole" else Acrobot
    env: Any = room(settings.horizon)
    known = agents(env, settings.layers)
    names = [name for name in settings.agents if name in known or env.actions == 2]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ExperimentError(
            "agents: there is no such agent", expected=", ".join(known), got=unknown
        )
    curves, judged, sizes = {}, {}, {}
    for name in names:
        agent = known[name]
        steps = -(-settings.episodes // settings.batch)
        optimiser = optimiser_of(agent, steps)
        update = reinforce(agent, env, optimiser, episodes=settings.batch)
        learn, judge = jax.random.split(run.key)
        carry = start(agent, optimiser, learn, settings.seeds)
        trained = run.train(
            name, update, carry, steps, chunk=min(10, steps),
            show=lambda m: f"median return {np.median(m['return'][-1]):.0f}",
        )  # fmt: skip
        best = trained.carry[2]["params"]
        fresh = jax.jit(lambda p, k, a=agent: play(a, env, p, k, settings.fresh))(best, judge)
        judged[name] = np.asarray(fresh.returns.mean(axis=1))
        curves[name] = trained.metrics["return"]
        sizes[name] = size(best) // settings.seeds
        if name == "reuploading":
            top = int(np.argmax(judged[name]))
            own = jax.tree.map(lambda leaf, k=top: leaf[k], best)
            place = jnp.full(env.features, 0.1)
            run.circuit("reuploading", reuploading_circuit(place, own))
    run.figure("returns", _draw(curves, settings.batch, settings.environment))
    classical = [("MLP", float(np.median(judged["mlp"])))] if "mlp" in judged else []
    random = play_random(env, run.key, settings.fresh)
    rows = []
    for name in names:
        label = f"{known[name].name} ({sizes[name]})"
        asked = (450.0, np.inf) if settings.environment == "cartpole" else None
        baseline = [*(classical if name != "mlp" else []), ("random", random)]
        rows.append(
            Row(
                f"{label}: mean return of {settings.fresh} fresh episodes",
                "475 is solved" if settings.environment == "cartpole" else "",
                judged[name].tolist(),
                baseline,
                asked if name == "reuploading" else None,
                ".0f",
            )
        )
        last = np.median(curves[name][-20:], axis=0)
        rows.append(
            Row(f"{label}: training return, last 20 updates", "", last.tolist(), form=".0f")
        )
    return rows


def play_random(env: Any, key: jax.Array, count: int) -> float:
    """Mean return of actions at random."""
    even = Agent("random", lambda k: {}, lambda p, x: jnp.zeros(env.actions) + 0.0 * p["none"], {})
    params = {"none": jnp.zeros(1)}
    record = jax.jit(lambda k: play(even, env, params, k, count))(key)
    return float(record.returns.mean())


def _draw(curves: dict[str, np.ndarray], batch: int, title: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, returns in curves.items():
        episodes = batch * np.arange(1, len(returns) + 1)
        (line,) = axes.plot(episodes, np.median(returns, axis=1), label=name)
        low, high = np.quantile(returns, (0.25, 0.75), axis=1)
        axes.fill_between(episodes, low, high, color=line.get_color(), alpha=0.2, lw=0)
    axes.set(xlabel="training episodes", ylabel="return", title=f"{title}: median and quartiles")
    axes.legend()
    return figure


def example(settings: AgentSettings) -> Any:
    """The re-uploading circuit for a pole that stands."""
    layers = settings.layers
    params = {"angles": jnp.zeros((layers + 1, 4, 2)), "scales": jnp.ones((layers, 4))}
    return reuploading_circuit(jnp.zeros(4), params)


EXPERIMENT = Experiment(
    name="cartpole-agents",
    title="Quantum policies balance a pole",
    paper="arXiv:2103.05577",
    minutes=6,
    settings=AgentSettings(),
    run=run,
    circuit=example,
    quick={
        "episodes": 4,
        "batch": 2,
        "seeds": 2,
        "layers": 1,
        "horizon": 20,
        "fresh": 3,
        "agents": ("global", "mlp"),
    },
)
