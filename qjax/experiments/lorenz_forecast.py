"""Free-running forecasts of the Lorenz system by several Ising reservoirs side by side.

Source: arXiv:2006.08999 and its code: five reservoirs of six qubits see the first
component alone, scaled to [0, 1] and with noise of a thousandth of its deviation; all 15 virtual
nodes of all qubits are read out by ridge. The published results hold a valid prediction time (error
below half a standard deviation) of 3.74 +- 1.36 Lyapunov times over 100 initial conditions, for
10,000 training steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..reservoir import Fading, IsingReservoir, Multiplex, forecast, ridge
from ..tasks import (
    LYAPUNOV,
    EchoStateNetwork,
    fit_linear,
    fit_scaling,
    lorenz,
    nrmse,
    valid_prediction_time,
)
from ..tasks.arrays import generator
from .frame import Experiment, Run
from .progress import progress
from .settings import Settings, at_least
from .table import Row

DT = 0.01


@dataclass(frozen=True)
class LorenzSettings(Settings):
    """Settings of ``lorenz-forecast``.

    Attributes:
        qubits: of each reservoir.
        blocks: reservoirs side by side.
        nodes: virtual nodes.
        tau: evolution time of a step.
        coupling: couplings are uniform on [-coupling, coupling], fields are twice that.
        train: training steps, of 0.01 time units.
        washout: steps before them.
        warmup: steps that set the state before a forecast.
        starts: initial conditions per seed.
        horizon: steps of a forecast.
        noise: on the training input, in standard deviations.
        alpha: ridge penalty.
    """

    seeds: int = 3
    qubits: int = 6
    blocks: int = 5
    nodes: int = 15
    tau: float = 4.0
    coupling: float = 2.0
    train: int = 10_000
    washout: int = 500
    warmup: int = 300
    starts: int = 50
    horizon: int = 900
    noise: float = 1e-3
    alpha: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, blocks=1, nodes=1, train=100, warmup=1, starts=1, horizon=10)


def run(run: Run) -> list[Row]:
    """Train, and forecast from many initial conditions, for every seed."""
    settings: LorenzSettings = run.settings
    known = settings.washout + settings.train
    gap = 100  # steps between initial conditions: nine tenths of a Lyapunov time
    total = known + settings.warmup + gap * settings.starts + settings.horizon + 1
    times: list[float] = []
    per_seed: list[float] = []
    errors: list[float] = []
    others: dict[str, list[float]] = {}
    one_step: dict[str, list[float]] = {}
    figure: Any = None
    with progress(run.console, "seeds", settings.seeds) as advance:
        for seed in range(settings.seeds):
            advance(seed)
            keys = jax.random.split(jax.random.fold_in(run.key, seed), 4)
            series = lorenz(total, DT, key=keys[0])[:, 0]
            scale = fit_scaling(series[:known], 0.0, 1.0)
            u = scale.apply(series)
            spread = u[:known].std()
            noisy = u[:known] + settings.noise * spread * generator(keys[1]).normal(size=known)
            begins = known + gap * np.arange(1, settings.starts + 1)
            warm = np.stack([u[b : b + settings.warmup] for b in begins])
            after = begins + settings.warmup
            truth = np.stack([u[a : a + settings.horizon] for a in after])
            stack = jax.vmap(
                lambda k: IsingReservoir.random(
                    k,
                    settings.qubits,
                    tau=settings.tau,
                    nodes=settings.nodes,
                    coupling=2 * settings.coupling,
                    field=2 * settings.coupling,
                    input="mixed",
                )
            )(jax.random.split(keys[2], settings.blocks))
            reservoir = Multiplex(stack)
            predicted, one = _forecasts(reservoir, settings, noisy, warm)
            vpt = _times(truth, predicted, spread)
            times += vpt
            per_seed.append(float(np.median(vpt)))
            errors.append(float(nrmse(u[after], one)))
            found = _classical(keys[3], settings, noisy, warm)
            for name, (p, first) in found.items():
                others.setdefault(name, []).append(float(np.median(_times(truth, p, spread))))
                one_step.setdefault(name, []).append(float(nrmse(u[after], first)))
            if figure is None:
                best = int(np.argsort(vpt)[len(vpt) // 2])
                figure = truth[best], predicted[best], vpt[best]
            advance(seed + 1, f"{per_seed[-1]:.2f} Lyapunov times")
    run.folder.write_json("valid-prediction-times.json", {"all": times, "seeds": per_seed})
    if figure is not None:
        run.figure("forecast", _draw(figure[0], figure[1], figure[2], times))
    text = f"over {settings.starts} initial conditions"
    baseline = [(name, float(np.median(v))) for name, v in others.items()]
    first = [(name, float(np.median(v))) for name, v in one_step.items()]
    return [
        Row(
            f"valid prediction time, Lyapunov times: medians {text}",
            "3.74 ± 1.36",
            per_seed,
            baseline,
            (3.5, np.inf),
            ".2f",
        ),
        Row(
            "the same, every initial condition of every seed", "3.74 ± 1.36", times, (), None, ".2f"
        ),
        Row("one step ahead: NRMSE at the starts", "", errors, first, None, ".1e"),
    ]


def _forecasts(
    reservoir: Any, settings: LorenzSettings, train: np.ndarray, warm: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts (starts, horizon), and the first step of each."""
    # Chunks of time in parallel: matrix products in place of matrix-vector products.
    features = reservoir.features(train, parallel=Fading(warmup=min(250, len(train) // 4)))
    seen, target = features[settings.washout : -1], jnp.asarray(train[settings.washout + 1 :])
    readout = ridge(seen, target, settings.alpha)

    def one(u: Any) -> Any:
        done = reservoir.run(u)
        return forecast(reservoir, readout, done.state, done.features[-1], settings.horizon)

    out = np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(warm)))
    return out, out[:, 0]


def _times(truth: np.ndarray, predicted: np.ndarray, spread: float) -> list[float]:
    exponent = LYAPUNOV["lorenz"]
    return [
        float(valid_prediction_time(t, p, DT, exponent=exponent, spread=spread))
        for t, p in zip(truth, predicted, strict=True)
    ]


def _classical(
    key: Any, settings: LorenzSettings, train: np.ndarray, warm: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Forecasts of persistence, linear autoregression and echo-state networks of three sizes."""
    steps = settings.horizon
    held = np.repeat(warm[:, -1:], steps, axis=1)
    found = {"persistence": (held, held[:, 0])}
    # One fit serves all starts: the lags of the warm-up follow those of the training series.
    lags = 8
    model = _Autoregression(train, lags)
    out = np.stack([model.forecast(w, steps) for w in warm])
    found[f"AR({lags})"] = (out, out[:, 0])
    for units in (50, 100, 200):
        best: Any = None
        for radius, scale in ((0.4, 1.0), (0.7, 2.0), (0.9, 1.0)):
            network = EchoStateNetwork(units, radius, scale)
            states = network.features(key, train[:, None])[settings.washout : -1]
            target = train[settings.washout + 1 :, None]
            half = int(0.8 * len(states))
            readout = fit_linear(states[:half], target[:half], 1e-10)
            error = float(np.mean((readout(states[half:]) - target[half:]) ** 2))
            if best is None or error < best[0]:
                best = error, network, fit_linear(states, target, 1e-10)
        _, network, readout = best
        out = np.stack([network.forecast(key, w[:, None], readout, steps)[:, 0] for w in warm])
        found[f"ESN-{units}"] = (out, out[:, 0])
    return found


class _Autoregression:
    """A linear model on lags, fitted once."""

    def __init__(self, series: np.ndarray, lags: int) -> None:
        from ..tasks import lagged

        self.lags = lags
        self.model = fit_linear(lagged(series, lags)[lags - 1 : -1], series[lags:], 1e-10)

    def forecast(self, warm: np.ndarray, steps: int) -> np.ndarray:
        recent, out = warm[-self.lags :][::-1], np.empty(steps)
        for t in range(steps):
            out[t] = self.model(recent)
            recent = np.concatenate([out[t : t + 1], recent[:-1]])
        return out


def _draw(truth: np.ndarray, predicted: np.ndarray, valid: float, times: list[float]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    axis = np.arange(len(truth)) * DT * LYAPUNOV["lorenz"]
    left.plot(axis, truth, color="0.5", lw=2, label="Lorenz, x")
    left.plot(axis, np.clip(predicted, -0.2, 1.2), lw=1, label="forecast")
    left.axvline(valid, color="tab:red", lw=1)
    left.set(xlabel="Lyapunov times", ylabel="x, scaled")
    left.legend(frameon=False, fontsize=8)
    right.hist(times, bins=20)
    right.set(xlabel="valid prediction time")
    return figure


EXPERIMENT = Experiment(
    name="lorenz-forecast",
    title="Free-running forecasts of the Lorenz system",
    paper="arXiv:2006.08999",
    minutes=15,
    settings=LorenzSettings(),
    run=run,
    quick={
        "seeds": 1,
        "qubits": 3,
        "blocks": 2,
        "nodes": 5,
        "train": 1000,
        "starts": 3,
        "horizon": 50,
    },
    x64=True,
)
