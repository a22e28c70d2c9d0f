"""What a state of 30 to 40 qubits would take on 8 to 1,024 GPUs: `python -m benchmarks.devices`.

The exchanges and the steps on each device are those of the planner, which runs here as it would
there; nothing is simulated. Times follow from five published figures of the hardware (an H200 in
nodes of eight); they are a model, not a measurement.
"""

from __future__ import annotations

import argparse
import time

import jax
import numpy as np

import qjax as qj
from qjax.simulators.plan import schedule
from qjax.simulators.sharded.plan import Journey, device_layout, make_journey
from qjax.simulators.sharded.program import Gates, Loop
from qjax.simulators.steps import Leaf

HBM = 4.8e12  # bytes per second, read or written (H200 data sheet)
FLOPS = 67e12  # per second in single precision (H200 SXM data sheet)
MEMORY = 141e9  # bytes (H200 data sheet)
NVLINK = 450e9  # bytes per second and direction between GPUs of one node (NVLink 4: 900 both ways)
NETWORK = 50e9  # bytes per second, GPU and direction, between nodes (one 400 Gb/s port per GPU)
NODE = 8  # GPUs in a node
COMPLEX = 8  # bytes of a complex64
LAYERS = 10


def hardware_efficient(n: int, rng: np.random.Generator) -> qj.Circuit:
    """RY and RZ on every qubit and a ring of CZ, ten times."""
    ops: list = []
    for _ in range(LAYERS):
        ops += [gate(0.1, q) for q in range(n) for gate in (qj.RY, qj.RZ)]
        ops += [qj.CZ(q, (q + 1) % n) for q in range(n)]
    return qj.Circuit(n, ops)


def qaoa(n: int, rng: np.random.Generator) -> qj.Circuit:
    """Ten rounds of QAOA for MaxCut on a random three-regular graph (n even)."""
    ops: list = [qj.H(q) for q in range(n)]
    edges = three_regular(n, rng)
    for _ in range(LAYERS):
        ops += [qj.RZZ(0.1, a, b) for a, b in edges]
        ops += [qj.RX(0.1, q) for q in range(n)]
    return qj.Circuit(n, ops)


def random_circuit(n: int, rng: np.random.Generator) -> qj.Circuit:
    """A random gate on every qubit, then CZ on pairs drawn anew, ten times."""
    ops: list = []
    for _ in range(LAYERS):
        ops += [qj.U3(0.1, 0.2, 0.3, q) for q in range(n)]
        order = rng.permutation(n).tolist()
        ops += [qj.CZ(a, b) for a, b in zip(order[::2], order[1::2], strict=False)]
    return qj.Circuit(n, ops)


CIRCUITS = {"hardware-efficient": hardware_efficient, "QAOA": qaoa, "random": random_circuit}


def three_regular(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A random three-regular graph, by drawing pairings of three stubs per vertex until simple."""
    while True:
        stubs = rng.permutation(np.repeat(np.arange(n), 3)).tolist()
        pairs = {tuple(sorted(p)) for p in zip(stubs[::2], stubs[1::2], strict=False)}
        if len(pairs) == 3 * n // 2 and all(a != b for a, b in pairs):
            return sorted(pairs)


def journey(circuit: qj.Circuit, g: int) -> Journey:
    """Where the planner would have every qubit when."""
    leaves, treedef = jax.tree.flatten(circuit)
    numbered = treedef.unflatten([Leaf(k) for k in range(len(leaves))])
    return make_journey(numbered, tuple(f"state.{k}" for k in range(g)))


def local_steps(found: Journey, m: int) -> list[tuple[float, float]]:
    """(flops, passes over its state) of every step on each device, by the ordinary planner.

    The steps are those of the gates that lie on the device; what touches qubits among the devices
    as well is a phase or a rotation more in them.
    """
    costs = []
    for part in found.parts:
        if isinstance(part, Loop):
            raise ValueError("the circuits here are laid out gate by gate")
        if isinstance(part, Gates):
            inside = [
                gate.map_qubits({p: p - found.g for p in gate.qubits})
                for gate in part.gates
                if all(p >= found.g for p in gate.qubits)
            ]
            costs += [step.cost() for step in schedule(m, inside, device_layout(m))]
    return costs


def local_seconds(costs: list[tuple[float, float]], state: float) -> float:
    """Each step takes as long as its flops or its bytes, read and written, whichever is more."""
    return sum(max(flops / FLOPS, 2 * swept * state / HBM) for flops, swept in costs)


def exchange_seconds(found: Journey, state: float) -> float:
    """The time of all exchanges: between nodes and within a node after one another."""
    between = max(0, found.g - (NODE.bit_length() - 1))  # the leading places are those of nodes
    seconds = 0.0
    for pairs, times in found.exchanges():
        far = sum(p < between for p, _ in pairs)
        near = len(pairs) - far
        over_network = 1 - 0.5**far
        over_nvlink = 0.5**far * (1 - 0.5**near)
        seconds += times * state * (over_network / NETWORK + over_nvlink / NVLINK)
    return seconds


def naive_seconds(found: Journey, state: float) -> float:
    """The same for one exchange of half a state per gate, its share between nodes as its qubit."""
    between = max(0, found.g - (NODE.bit_length() - 1))
    near = found.g - between
    each = (between / NETWORK + near / NVLINK) / max(found.g, 1)
    return found.naive * 0.5 * state * each


def print_counts(qubits: list[int], devices: list[int], seed: int) -> None:
    """Exchanges of every plan, and in brackets those of the naive one: rows are qubits."""
    print("| circuit | qubits | " + " | ".join(f"{d} GPUs" for d in devices) + " |")
    print("|" + "---|" * (2 + len(devices)))
    for name, make in CIRCUITS.items():
        for n in qubits:
            circuit = make(n, np.random.default_rng(seed))
            plans = [journey(circuit, d.bit_length() - 1) for d in devices]
            cells = [f"{plan.weight()[0]} ({plan.naive})" for plan in plans]
            print(f"| {name} | {n} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--qubits", type=int, nargs="+", default=[30, 32, 34, 36, 38, 40])
    parser.add_argument("--devices", type=int, nargs="+", default=[8, 64, 256, 1024])
    parser.add_argument("--circuits", nargs="+", choices=CIRCUITS, default=list(CIRCUITS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--counts", action="store_true", help="exchanges alone: a few seconds")
    options = parser.parse_args()
    if options.counts:
        print_counts(options.qubits, options.devices, options.seed)
        return
    print(
        "| circuit | qubits | GPUs | state per GPU | fits | exchanges | naive | ratio "
        "| sent per GPU | passes | local s | exchange s | naive exchange s | planner s |"
    )
    print("|" + "---|" * 14)
    for name in options.circuits:
        for n in options.qubits:
            circuit = CIRCUITS[name](n, np.random.default_rng(options.seed))
            for devices in options.devices:
                g = devices.bit_length() - 1
                start = time.process_time()
                found = journey(circuit, g)
                spent = time.process_time() - start
                count, volume = found.weight()
                state = COMPLEX * 2.0 ** (n - g)
                costs = local_steps(found, n - g)
                row = [
                    name,
                    n,
                    devices,
                    f"{state / 2**30:.3g} GiB",
                    "yes" if 11 * state <= MEMORY else "run only" if 5 * state <= MEMORY else "no",
                    count,
                    found.naive,
                    f"{found.naive / max(count, 1):.1f}",
                    f"{volume * state / 2**30:.3g} GiB",
                    f"{sum(swept for _, swept in costs):.0f}",
                    f"{local_seconds(costs, state):.3g}",
                    f"{exchange_seconds(found, state):.3g}",
                    f"{naive_seconds(found, state):.3g}",
                    f"{spent:.1f}",
                ]
                print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()
