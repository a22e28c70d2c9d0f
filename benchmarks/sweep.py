"""A sweep of 10,000 points against a loop over a jitted function and against one `jax.vmap`.

    python -m benchmarks.sweep [--points 10000] [--rounds 5] [--layers 4] [--value]

Each point is one energy of a 6-qubit model, with its gradient unless ``--value``. The three take
turns in one process; processor time and wall time, medians over the rounds. The ratios compare
programs that are all compiled before (the sweep keeps its own for a function that it has seen);
``first`` is the first call of each, with tracing and with compilation (or a look into JAX's
compilation cache). The sweep writes its run folder, from which it could go on; the others keep
arrays.
"""

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import qjax as qj
from benchmarks import report
from qjax.train import Random, Uniform, sweep

QUBITS = 6
HAMILTONIAN = qj.tfim(QUBITS, J=1.0, h=0.5)
RESULTS = Path(__file__).parent / "results"


def model(layers, gradient):
    """A function of two angles: energy (and slopes) of a chain after layers of turns."""

    def energy(point):
        def layer(w):
            turns = [[qj.RY(w[0] * (q + 1), q), qj.RZ(w[1] + q, q)] for q in range(QUBITS)]
            return [turns, [qj.CZ(q, (q + 1) % QUBITS) for q in range(QUBITS)]]

        weights = jnp.stack([jnp.stack([point["a"], point["b"]])] * layers)
        return qj.expval(qj.Circuit(QUBITS, [qj.Layers(layer, weights)]), HAMILTONIAN)

    def both(point):
        value, slopes = jax.value_and_grad(energy)(point)
        return {"value": value, **{f"slope {name}": slope for name, slope in slopes.items()}}

    return both if gradient else lambda point: {"value": energy(point)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--value", action="store_true", help="without the gradient")
    options = parser.parse_args()
    energy = model(options.layers, not options.value)
    design = Random(options.points, jax.random.key(0), a=Uniform(0, 3), b=Uniform(0, 3))
    points = {name: jnp.asarray(values, jnp.float32) for name, values in design.points().items()}
    one = jax.jit(energy)
    many = jax.jit(jax.vmap(energy))
    columns = [
        dict(zip(points, row, strict=True)) for row in zip(*map(list, points.values()), strict=True)
    ]

    def by_loop():
        return np.array([one(point)["value"] for point in columns])

    def by_vmap():
        return jax.tree.map(np.asarray, many(points))["value"]

    def by_sweep():
        with tempfile.TemporaryDirectory() as folder:
            return sweep(energy, design, folder=folder)["value"]

    ways = {"loop": by_loop, "vmap": by_vmap, "sweep": by_sweep}
    wall = {name: [] for name in ways}
    processor = {name: [] for name in ways}
    first, values = {}, {}
    for name, way in ways.items():
        began = time.perf_counter()
        values[name] = way()
        first[name] = time.perf_counter() - began
    for _ in range(options.rounds):
        for name, way in ways.items():
            began, cpu = time.perf_counter(), time.process_time()
            way()
            wall[name].append(time.perf_counter() - began)
            processor[name].append(time.process_time() - cpu)
    apart = max(float(np.max(np.abs(values[name] - values["loop"]))) for name in ways)
    record = {
        "points": options.points,
        "largest difference of values": apart,
        "first": first,
        "wall": {name: statistics.median(times) for name, times in wall.items()},
        "processor": {name: statistics.median(times) for name, times in processor.items()},
    }
    print(f"{options.points} points, {QUBITS} qubits; values within {apart:.1e} of each other")
    print(f"{'':8}{'wall s':>10}{'processor s':>13}{'first s':>10}")
    for name in ways:
        print(
            f"{name:8}{record['wall'][name]:10.4f}{record['processor'][name]:13.4f}{first[name]:10.2f}"
        )
    for name, kind in (("wall", wall), ("processor", processor)):
        faster = statistics.median(a / b for a, b in zip(kind["loop"], kind["sweep"], strict=True))
        slower = statistics.median(a / b for a, b in zip(kind["sweep"], kind["vmap"], strict=True))
        record[f"{name}: sweep over loop"], record[f"{name}: sweep to vmap"] = faster, slower
        print(
            f"{name}: {faster:.1f} times faster than the loop (asked: 5), "
            f"{slower:.2f} of one vmap (asked: at most 1.2)"
        )
    folder = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-sweep"
    folder.mkdir(parents=True)
    record |= {
        "title": "A sweep against a loop and against one vmap",
        "command": "python -m benchmarks.sweep",
        "columns": ["", "wall s", "processor s", "processor, of one vmap", "first call s"],
        "rows": [
            [
                name,
                f"{record['wall'][name]:.4f}",
                f"{record['processor'][name]:.4f}",
                f"{record['processor'][name] / record['processor']['vmap']:.2f}",
                f"{first[name]:.2f}",
            ]
            for name in ways
        ],
        "machine": report.machine(),
    }
    (folder / "sweep.json").write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
