"""Free-running forecasts of the Lorenz system by several Ising reservoirs side by side.

Source: arXiv:2006.08999 and its code: five reservoirs of six qubits see the first
component alone, scaled to [0, 1]; all 15 virtual nodes of all qubits are read out by ridge. The
published results hold a valid prediction time (error below half a standard deviation) of
3.74 +- 1.36 Lyapunov times over 100 initial conditions, for 10,000 training steps.

Noise on the training input teaches the readout what errors of its own predictions look like. How
much of it, and the ridge penalty, are chosen by free-running forecasts of a validation part that
follows the training part; for the echo-state networks in the same way. The test part comes after.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..reservoir import (
    IsingReservoir,
    Multiplex,
    Readout,
    forecast,
    ridge_path,
)
from ..tasks import (
    LYAPUNOV,
    EchoStateNetwork,
    fit_linear,
    fit_scaling,
    lagged,
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
GAP = 100
"""Steps between initial conditions: nine tenths of a Lyapunov time."""


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
        validation: initial conditions that choose noise and penalty.
        starts: initial conditions per seed that are reported.
        horizon: steps of a forecast.
        noises: on the training input, in standard deviations, of which one is chosen.
        alphas: ridge penalties, of which one is chosen.
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
    validation: int = 12
    starts: int = 50
    horizon: int = 900
    noises: tuple[float, ...] = (1e-4, 1e-3)
    alphas: tuple[float, ...] = (1e-12, 1e-10, 1e-7)

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, qubits=2, blocks=1, nodes=1, train=100, warmup=1, starts=1, horizon=10)
        at_least(self, validation=1)


class Starts(NamedTuple):
    """Initial conditions: what was seen before each, (S, warmup), and what follows (S, horizon)."""

    warm: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True, eq=False)
class Data:
    """A series, scaled to [0, 1] by its training part.

    Attributes:
        clean: the training part and the washout before it.
        noisy: the same with each amount of noise, by which it is found.
        validation, test: initial conditions after it.
        spread: standard deviation of the training part.
        washout: steps that no readout is fitted on.
    """

    clean: np.ndarray
    noisy: dict[float, np.ndarray]
    validation: Starts
    test: Starts
    spread: float
    washout: int

    @classmethod
    def draw(cls, key: Any, settings: LorenzSettings) -> Data:
        keys = jax.random.split(key)
        known = settings.washout + settings.train
        reach = settings.warmup + settings.horizon
        sizes = [GAP * count + reach for count in (settings.validation, settings.starts)]
        series = lorenz(known + sum(sizes), DT, key=keys[0])[:, 0]
        u = fit_scaling(series[:known], 0.0, 1.0).apply(series)

        def starts(begin: int, count: int) -> Starts:
            parts = np.stack([u[b : b + reach] for b in begin + GAP * np.arange(count)])
            return Starts(parts[:, : settings.warmup], parts[:, settings.warmup :])

        spread = float(u[:known].std())
        draws = generator(keys[1]).normal(size=known) * spread
        return cls(
            u[:known],
            {size: u[:known] + size * draws for size in settings.noises},
            starts(known, settings.validation),
            starts(known + sizes[0], settings.starts),
            spread,
            settings.washout,
        )

    @property
    def target(self) -> np.ndarray:
        """What features from the washout to the last step but one are to predict."""
        return self.clean[self.washout + 1 :]

    def times(self, truth: np.ndarray, predicted: np.ndarray) -> list[float]:
        """Valid prediction times in Lyapunov times, of (S, horizon)."""
        exponent = LYAPUNOV["lorenz"]
        return [
            float(valid_prediction_time(t, p, DT, exponent=exponent, spread=self.spread))
            for t, p in zip(truth, predicted, strict=True)
        ]

    def best(self, candidates: Any) -> tuple[Any, Any]:
        """(which, readout) of the longest mean time on validation, of (which, readouts, forecasts
        (A, S, horizon))."""
        found: Any = None
        for which, readouts, forecasts in candidates:
            for k, predicted in enumerate(forecasts):
                score = float(np.mean(self.times(self.validation.truth, predicted)))
                if found is None or score > found[0]:
                    found = score, (*which, k), readouts(k)
        return found[1], found[2]


def run(run: Run) -> list[Row]:
    """Train, and forecast from many initial conditions, for every seed."""
    settings: LorenzSettings = run.settings
    times: list[float] = []
    per_seed: list[float] = []
    errors: list[float] = []
    chosen: list[list[float]] = []
    others: dict[str, list[float]] = {}
    one_step: dict[str, list[float]] = {}
    figure: Any = None
    with progress(run.console, "seeds", settings.seeds) as advance:
        for seed in range(settings.seeds):
            advance(seed)
            keys = jax.random.split(jax.random.fold_in(run.key, seed), 3)
            data = Data.draw(keys[0], settings)
            truth = data.test.truth
            which, predicted = _reservoirs(keys[1], settings, data)
            chosen.append(which)
            vpt = data.times(truth, predicted)
            times += vpt
            per_seed.append(float(np.median(vpt)))
            errors.append(float(nrmse(truth[:, 0], predicted[:, 0])))
            for name, p in _classical(keys[2], settings, data).items():
                others.setdefault(name, []).append(float(np.median(data.times(truth, p))))
                one_step.setdefault(name, []).append(float(nrmse(truth[:, 0], p[:, 0])))
            if figure is None:
                best = int(np.argsort(vpt)[len(vpt) // 2])
                figure = truth[best], predicted[best], vpt[best]
            advance(seed + 1, f"{per_seed[-1]:.2f} Lyapunov times")
    run.folder.write_json(
        "valid-prediction-times.json",
        {"all": times, "seeds": per_seed, "noise and penalty": chosen},
    )
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


def _reservoirs(key: Any, settings: LorenzSettings, data: Data) -> tuple[list[float], np.ndarray]:
    """Noise and penalty that validation chose, and forecasts (starts, horizon) of the test part."""
    stack = jax.vmap(
        lambda k: IsingReservoir.random(
            k,
            settings.qubits,
            tau=settings.tau,
            nodes=settings.nodes,
            coupling=2 * settings.coupling,
            field=2 * settings.coupling,
        )
    )(jax.random.split(key, settings.blocks))
    reservoir = Multiplex(stack)
    horizon = settings.horizon
    validation, test = (jnp.asarray(part.warm) for part in (data.validation, data.test))

    def candidates() -> Any:
        for noise, series in data.noisy.items():
            features = reservoir.features(series)[data.washout : -1]
            path = ridge_path(features, data.target, settings.alphas)
            readouts = Readout(path.weights[..., 0], path.biases[:, 0])
            found = np.asarray(_forecasts(reservoir, readouts, validation, horizon))
            yield (noise,), lambda k, r=readouts: jax.tree.map(lambda x: x[k], r), found

    (noise, k), readout = data.best(candidates())
    one = jax.tree.map(lambda x: x[None], readout)
    predicted = np.asarray(_forecasts(reservoir, one, test, horizon))[0]
    return [noise, settings.alphas[k]], predicted


@partial(jax.jit, static_argnums=3)
def _forecasts(reservoir: Any, readouts: Any, warm: Any, horizon: int) -> Any:
    """Forecasts (A, S, horizon) by A readouts from the ends of S series (S, warmup).

    One after the other: a step's matrices fit into the processor's cache for one state only.
    """

    def start(u: Any) -> Any:
        done = reservoir.run(u)

        def one(readout: Any) -> Any:
            return forecast(reservoir, readout, done.state, done.features[-1], horizon)

        return jax.lax.map(one, readouts)

    return jax.lax.map(start, warm).swapaxes(0, 1)


def _classical(key: Any, settings: LorenzSettings, data: Data) -> dict[str, np.ndarray]:
    """Forecasts (starts, horizon) of persistence, a linear model and echo-state networks of several
    sizes."""
    steps, warm = settings.horizon, data.test.warm
    found = {"persistence": np.repeat(warm[:, -1:], steps, axis=1)}
    lags = 8
    model = fit_linear(lagged(data.clean, lags)[lags - 1 : -1], data.clean[lags:], 1e-10)
    recent, out = warm[:, -lags:][:, ::-1], np.empty((len(warm), steps))
    for t in range(steps):
        out[:, t] = model(recent)
        recent = np.concatenate([out[:, t : t + 1], recent[:, :-1]], axis=1)
    found[f"AR({lags})"] = out
    # The last one has as many features as the reservoirs.
    for units in (50, 100, 200, settings.blocks * settings.nodes * settings.qubits):
        found[f"ESN-{units}"] = _networks(key, units, settings, data)
    return found


def _networks(key: Any, units: int, settings: LorenzSettings, data: Data) -> np.ndarray:
    """Forecasts of the echo-state network that does best on validation."""
    steps = settings.horizon

    def candidates() -> Any:
        kinds = product(((0.4, 1.0), (0.7, 2.0), (0.9, 1.0)), data.noisy.items())
        for (radius, scale), (_, series) in kinds:
            network = EchoStateNetwork(units, radius, scale)
            states = network.features(key, series[:, None])[data.washout : -1]
            path = ridge_path(states, data.target, settings.alphas)
            weights, biases = np.asarray(path.weights)[..., 0], np.asarray(path.biases)[:, 0]
            out = _drive(network, key, weights, biases, data.validation.warm, steps)
            yield (network,), lambda k, w=weights, b=biases: (w[k], b[k]), out

    (network, _), (weight, bias) = data.best(candidates())
    return _drive(network, key, weight[None], bias[None], data.test.warm, steps)[0]


def _drive(
    network: EchoStateNetwork, key: Any, weights: Any, biases: Any, warm: Any, steps: int
) -> np.ndarray:
    """Forecasts (A, S, steps) of a network without leak by A readouts, all of them at once."""
    w, v, b = network.weights(key, 1)
    state = np.zeros((len(warm), network.units))
    for value in warm.T:
        state = np.tanh(state @ w.T + value[:, None] * v[:, 0] + b)
    state = np.repeat(state[None], len(weights), axis=0)
    out = np.empty((*state.shape[:2], steps))
    for t in range(steps):
        out[..., t] = np.einsum("asn,an->as", state, weights) + biases[:, None]
        state = np.tanh(state @ w.T + out[..., t, None] * v[:, 0] + b)
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
    minutes=4,
    settings=LorenzSettings(),
    run=run,
    quick={
        "seeds": 1,
        "qubits": 3,
        "blocks": 2,
        "nodes": 5,
        "train": 1000,
        "validation": 2,
        "starts": 3,
        "horizon": 50,
    },
    x64=True,
)
