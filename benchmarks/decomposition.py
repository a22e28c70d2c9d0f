"""Circuits from matrix product states, beside random gates optimised as long.

    python -m benchmarks.decomposition [--tasks tfim-12,tfim-16,heisenberg-16,tfim-50] [--seeds 3]

Ground states by DMRG become staircases of SU(4) gates, layer by layer. The random start has all
layers from the beginning, as many updates of a gate as the other has in all its stages, and as
many L-BFGS steps at the end.
"""

import argparse
import time

import numpy as np

# name: Hamiltonian, qubits, bond of the state, layers, sweeps after every layer, steps of L-BFGS at
# the end, infidelity asked.
TASKS = {
    "tfim-12": ("tfim", 12, 16, 3, 50, 200, 1e-5),
    "tfim-16": ("tfim", 16, 16, 3, 50, 200, 2.6e-4),
    "heisenberg-16": ("heisenberg", 16, 32, 4, 50, 200, 1.8e-2),
    "tfim-50": ("tfim", 50, 24, 3, 20, 100, 1e-2),
}


def random_gates(rng, layers, n):
    """Haar-random, ``(layers, n - 1, 4, 4)``."""
    z = rng.normal(size=(2, layers, n - 1, 4, 4))
    q, r = np.linalg.qr(z[0] + 1j * z[1])
    phases = np.diagonal(r, axis1=-2, axis2=-1)
    return q * (phases / np.abs(phases))[..., None, :]


def task(name, seeds):
    import qjax as qj
    from qjax.tensor import dmrg, to_circuit

    model, n, chi, layers, sweeps, polish, goal = TASKS[name]
    found = dmrg(getattr(qj, model)(n), max_bond=chi, tolerance=1e-12)
    start = time.process_time()
    fit = to_circuit(found.state, layers, sweeps=sweeps, polish=polish)
    took = time.process_time() - start
    stages = "  ".join(f"{1 - h[sweeps - 1]:.1e}" for h in fit.history)
    print(
        f"{name}: bond {chi}, {layers} layers: infidelity {1 - fit.fidelity:.2e} "
        f"(asked {goal:.1e}); after {sweeps} sweeps with each new layer "
        f"{stages}, then {polish} steps of L-BFGS; {took:.0f} CPU s",
        flush=True,
    )
    equal = round(sweeps * (layers + 1) / (2 * layers))  # times layers, on all layers
    before, ends = [], []
    for seed in range(seeds):
        gates = random_gates(np.random.default_rng(seed), layers, n)
        fit = to_circuit(found.state, layers, sweeps=equal, polish=polish, start=gates)
        before.append(1 - fit.history[0][equal * layers - 1])
        ends.append(1 - fit.fidelity)
    if ends:
        print(
            f"{name}: random start, as many updates, {seeds} seeds: median {np.median(ends):.2e}, "
            f"best {min(ends):.2e}; after the sweeps {np.median(before):.2e}, {min(before):.2e}",
            flush=True,
        )


def main():
    import jax

    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for name in options.tasks.split(","):
        task(name, options.seeds)


if __name__ == "__main__":
    main()
