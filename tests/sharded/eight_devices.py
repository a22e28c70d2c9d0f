"""Run by `test_sharded.py` in a process of its own with eight devices: measures, prints JSON.

Arguments: names of the functions below. Every number is an error against an independent reference
or against one device, or a count.
"""

import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import conftest  # noqa: F401  (the strict settings of every test)
import jax
import jax.numpy as jnp
import numpy as np
import optax
import random_circuits as rc
import reference as ref
from systems import SYSTEMS

import qjax as qj
from qjax.kernels import FidelityKernel, ProjectedKernel
from qjax.measure.program import structure_of
from qjax.simulators import protocol as ask
from qjax.simulators.sharded import demands, program
from qjax.simulators.sharded import plan as planning
from qjax.simulators.steps import Leaf
from qjax.train import Grid, fit, run_chunks, sweep

EIGHT = qj.Sharded(qj.device_mesh(state=8))
ONE = qj.Statevector()


def layered(n, layers, weights, entangle=qj.CZ):
    """The hardware-efficient circuit: RY and RZ (or RY alone) on every qubit and a ring."""
    ops = []
    for k in range(layers):
        ops += layer(weights[k], entangle)
    return qj.Circuit(n, ops)


def layer(w, entangle=qj.CZ):
    n, gates = w.shape
    turns = [g(w[q, i], q) for q in range(n) for i, g in enumerate((qj.RY, qj.RZ)[:gates])]
    return [*turns, *(entangle(q, (q + 1) % n) for q in range(n))]


def weights_for(n, layers, seed=0, gates=2):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(layers, n, gates)))


def distance(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.max(np.abs(np.asarray(x) - np.asarray(y)))) for x, y in pairs)


def collectives(text):
    """How many of each collective a compiled program has."""
    names = ("all-to-all", "all-gather", "collective-permute", "all-reduce", "reduce-scatter")
    lines = text.splitlines()
    return {name: sum(f" {name}(" in x or f" {name}-start(" in x for x in lines) for name in names}


def most_places(circuit):
    """How many qubits may lie among at most eight devices, so that every gate fits on one."""
    leaves, treedef = jax.tree.flatten(circuit)
    numbered = treedef.unflatten([Leaf(k, np.iscomplexobj(x)) for k, x in enumerate(leaves)])
    return min(3, circuit.n - max(demands.widest(numbered.ops)[0], 1))


def systems():
    """Systems with closed forms, on as many devices as each has use for."""
    out = {}
    for name, system in SYSTEMS.items():
        circuit = system.circuit(system.params)
        g = most_places(circuit)
        sim = qj.Sharded(qj.device_mesh(state=2**g))

        def value(p, system=system, sim=sim):
            return qj.expval(system.circuit(p), system.observable, sim=sim, gradient=qj.Adjoint())

        v, slope = jax.value_and_grad(value)(jnp.asarray(system.params))
        state = qj.run(circuit, sim=sim)
        out[name] = max(
            abs(float(v) - system.expectation),
            distance(slope, system.gradient),
            distance(state, system.state),
        )
    return out


def random_structures(first=0, last=10, looped=False):
    """Random circuits against the dense reference; ``looped``: as if every block were too long to
    be laid out, so that loops restore the order of the qubits."""
    out = {}
    kept = program.LARGEST_RUN, program.LARGEST_BODY
    if looped:
        program.LARGEST_RUN, program.LARGEST_BODY = 3, 12
    for seed in range(first, last):
        structure = rc.seeded_structure(10_000 + seed, 7, (5, 22))
        circuit = structure.circuit(np.random.default_rng([seed, 0]))
        g = most_places(circuit)
        if g > 0:
            sim = qj.Sharded(qj.device_mesh(state=2**g))
            out[seed] = distance(qj.run(circuit, sim=sim), ref.state(circuit))
    program.LARGEST_RUN, program.LARGEST_BODY = kept
    return out


def ring(n=8, layers=10, gates=1, forward=False):
    """Ten layers of the hardware-efficient circuit: values, gradients, and what was compiled."""
    weights, energy = weights_for(n, layers, 0, gates), qj.tfim(n, 1.0, 0.7)

    def value(w, gradient):
        return qj.expval(layered(n, layers, w), energy, sim=EIGHT, gradient=gradient)

    def on_one(w):
        made = qj.Circuit(n, [qj.Layers(layer, w)])
        return qj.expval(made, energy, sim=ONE, gradient=qj.Adjoint())

    structure, _ = structure_of(layered(n, layers, weights))
    plan = EIGHT.plan(structure, ask.ExpvalQuery(jax.tree.structure(energy)))
    out = {"planned": plan.compiled_exchanges(), "run": plan.exchanges(), "naive": plan.naive}
    if forward:
        compiled = jax.jit(lambda w: value(w, qj.Backprop())).lower(weights).compile()
        out["forward"] = collectives(compiled.as_text())
    gradient = jax.jit(jax.value_and_grad(lambda w: value(w, qj.Adjoint())))
    compiled = gradient.lower(weights).compile()
    out["gradient"] = collectives(compiled.as_text())
    got, expected = compiled(weights), jax.jit(jax.value_and_grad(on_one))(weights)
    out["value error"] = distance(got[0], expected[0])
    out["gradient error"] = distance(got[1], expected[1])
    return out


def answers():
    """Every verb on a small circuit, with CNOTs, under both gradients and in both precisions."""
    n = 7
    weights = weights_for(n, 2, 1)
    circuit = layered(n, 2, weights, qj.CNOT)
    psi = ref.state(circuit)
    observables = [
        qj.tfim(n, 1.0, 0.7) + 0.3 * qj.Y(0) @ qj.X(5) @ qj.Z(1),
        qj.PauliSum.from_terms({"XYZXYXY": 0.5, "ZZZZZZZ": 1.0}),
        qj.Hermitian(rc.random_hermitian(np.random.default_rng(2), 8), (6, 0, 3)),
        qj.Projector("101", (0, 6, 2)),
    ]

    def values(w, sim, gradient):
        made = layered(n, 2, w, qj.CNOT)
        return jnp.stack(qj.expval(made, observables, sim=sim, gradient=gradient))

    slopes = jax.jacrev(values)(weights, ONE, qj.Backprop())
    p = np.abs(psi) ** 2
    grid = p.reshape((2,) * n)
    some = grid.sum(axis=(1, 2, 3, 4)).transpose(1, 0, 2)
    half = (0, 1, 2)
    single = qj.Sharded(qj.device_mesh(state=8), dtype="complex64")
    bits = ["0110011", "1000000"]
    index = [int(b, 2) for b in bits]
    out = {
        "run": distance(qj.run(circuit, sim=EIGHT), psi),
        "probs": distance(qj.probs(circuit, sim=EIGHT), p),
        "some probs": distance(qj.probs(circuit, (5, 0, 6), sim=EIGHT), some.reshape(-1)),
        "amplitudes": distance(qj.amplitudes(circuit, bits, sim=EIGHT), psi[index]),
        "density": distance(
            qj.reduced_density_matrix(circuit, (5, 0, 6), sim=EIGHT), ref.reduced(psi, (5, 0, 6), n)
        ),
        "entropy": distance(qj.entropy(circuit, half, sim=EIGHT), qj.entropy(circuit, half)),
        "overlap": distance(qj.overlap(circuit, circuit, sim=EIGHT), 1.0),
        "expval": distance(
            values(weights, EIGHT, qj.Backprop()), values(weights, ONE, qj.Backprop())
        ),
        "backprop": distance(jax.jacrev(values)(weights, EIGHT, qj.Backprop()), slopes),
        "adjoint": distance(jax.jacrev(values)(weights, EIGHT, qj.Adjoint()), slopes),
        "forward": distance(
            jax.jvp(lambda w: values(w, EIGHT, qj.Backprop()), (weights,), (weights,))[1],
            jnp.sum(slopes * weights[None], axis=(1, 2, 3)),
        ),
    }
    low = qj.run(circuit, sim=single)
    assert low.dtype == np.complex64
    out["single"] = distance(low, psi)
    return out


def shots(count=4096):
    """Samples and estimates: how many standard errors off, and whether a key repeats them."""
    n = 6
    circuit = layered(n, 2, weights_for(n, 2, 3), qj.CNOT)
    p = np.abs(ref.state(circuit)) ** 2
    key = jax.random.key(4)
    got = np.asarray(qj.sample(circuit, key, count, sim=EIGHT))
    seen = np.bincount(got @ (1 << np.arange(n - 1, -1, -1)), minlength=2**n)
    expected = count * p
    chi = float(np.sum((seen - expected) ** 2 / expected))
    observables = [
        0.4 * qj.X(0) @ qj.Y(4) + qj.Z(1) + 0.2 * qj.Z(0) @ qj.Z(5),
        qj.Projector("10", (0, 3)),
        qj.Hermitian(rc.random_hermitian(np.random.default_rng(5), 4), (4, 0)),
    ]
    mean, error = qj.estimate(circuit, observables, key, count, sim=EIGHT)
    exact = qj.expval(circuit, observables)
    off = [abs(float((m - e) / s)) for m, e, s in zip(mean, exact, error, strict=True)]
    again = np.asarray(qj.sample(circuit, key, count, sim=EIGHT))
    return {
        "chi": chi,
        "outcomes": 2**n,
        "off": off,
        "errors": [float(e) for e in error],
        "same": bool(np.all(got == again)),
    }


def memory(n=20, layers=4, compare=True):
    """Bytes of a gradient's buffers on each of eight devices, and on one; nothing is run.

    ``promised``: what `explain` says; ``exchanged``: those of one device's part of the state.
    """
    weights, energy = weights_for(n, layers), qj.tfim(n, 1.0, 0.7)
    structure, _ = structure_of(layered(n, layers, weights))
    plan = EIGHT.plan(structure, ask.ExpvalQuery(jax.tree.structure(energy)))
    out = {"exchanged": 16 * 2.0 ** (n - 3), "promised": plan.memory(8)[2]}
    for name, sim in (("eight", EIGHT), ("one", ONE))[: 1 + compare]:

        def value(w, sim=sim):
            return qj.expval(layered(n, layers, w), energy, sim=sim, gradient=qj.Adjoint())

        compiled = jax.jit(jax.value_and_grad(value)).lower(weights).compile()
        out[name] = compiled.memory_analysis().temp_size_in_bytes
    return out


def batch(full=False):
    """`spread` against `jax.vmap`: values and gradients; kernels; and a training on shared data."""
    mesh, n = qj.device_mesh(batch=8), 4
    weights = jnp.asarray(np.random.default_rng(6).normal(size=(16, 1, n, 2)))
    energy = qj.tfim(n, 1.0, 0.7)

    def value(w):
        return qj.expval(layered(n, 1, w), energy)

    both = jax.value_and_grad(value)
    compiled = jax.jit(qj.spread(both, mesh)).lower(weights).compile()
    got = compiled(weights)
    points = np.random.default_rng(9).normal(size=(11, 2))  # no multiple of the devices
    out = {
        "shards": len({s.device for s in got[0].addressable_shards}),
        "collectives": sum(collectives(compiled.as_text()).values()),
        "errors": {"gradients": distance(got, jax.jit(jax.vmap(both))(weights))},
    }
    for kernel in (FidelityKernel, ProjectedKernel)[: 1 + full]:
        made = kernel(qj.templates.angle_encoding, mesh=mesh)(points)
        one = kernel(qj.templates.angle_encoding)(points)
        out["errors"][kernel.__name__] = distance(made, one)
    if not full:
        return out
    out["errors"]["values"] = distance(qj.spread(value, mesh)(weights), jax.vmap(value)(weights))
    data = weights[:, 0, 0, 0]

    def model(w, x):
        return qj.expval(qj.Circuit(n, [qj.RX(x, 0), *layered(n, 1, w).ops]), energy)

    def loss(w, over):
        return jnp.mean((over(w, data) - 1.0) ** 2)

    def over_devices(w, x):
        return qj.spread(model, mesh, in_axes=(None, 0))(w, x)

    def on_one(w, x):
        return jax.vmap(model, (None, 0))(w, x)

    def descended(over):
        def step(w, k, given):
            v, g = jax.value_and_grad(loss)(w, over)
            return w - 0.1 * g, {"loss": v}

        return run_chunks(step, weights[0], 4, chunk=2)

    out["errors"]["training"] = distance(tuple(descended(over_devices)), tuple(descended(on_one)))
    return out


def trained(whole=False):
    """`fit` and `sweep` with a mesh against the same calls without."""
    mesh = qj.device_mesh(batch=8)
    rng = np.random.default_rng(11)
    data = {"x": jnp.asarray(rng.normal(size=24)), "y": jnp.asarray(rng.normal(size=24))}
    first = jnp.asarray(rng.normal(size=2))

    def model(w, x):
        ops = [qj.RX(x, 0), qj.RY(w[0], 0), qj.CNOT(0, 1), qj.RY(w[1], 1)]
        return qj.expval(qj.Circuit(2, ops), qj.Z(1))

    def loss(w, batch, key):
        return jnp.mean((jax.vmap(model, (None, 0))(w, batch["x"]) - batch["y"]) ** 2)

    # Not Adam, which makes steps of roundings where a slope is zero.
    def fitted(**more):
        own = {} if whole else {"batch_size": 8}
        key, rule = jax.random.key(12), optax.sgd(0.1)
        return fit(loss, first, data, steps=4, optimiser=rule, key=key, chunk=2, **own, **more)

    one, eight = fitted(), fitted(mesh=mesh)
    with tempfile.TemporaryDirectory() as folder:
        stopped = fitted(mesh=mesh, folder=folder, callbacks=[lambda report: report.step == 2])
        again = fitted(mesh=mesh, folder=folder)
    out = {
        "fit": distance((one.params, one.metrics["loss"]), (eight.params, eight.metrics["loss"])),
        "best": abs(one.best_value - eight.best_value),
        "devices": len(eight.params.sharding.device_set),
        "stopped": stopped.steps,
        "resumed": distance(again.params, eight.params),
    }

    def lane(point):
        return qj.expval(qj.Circuit(2, [qj.RX(point["a"], 0), qj.CNOT(0, 1)]), qj.Z(1))

    design = Grid(a=list(np.linspace(0, 3, 11)))  # no multiple of the devices
    got = sweep(lane, design, mesh=mesh)["value"]
    out["sweep"] = distance(got, sweep(lane, design, devices=jax.devices()[:1])["value"])
    return out


def two_dimensional():
    """Lanes over one axis of a mesh, their states over the other."""
    mesh, n = qj.device_mesh(batch=2, state=4), 5
    kept, planning.LARGE = planning.LARGE, 0  # as if the states were large: in order
    sim = qj.Sharded(mesh)
    weights = jnp.asarray(np.random.default_rng(7).normal(size=(4, 1, n, 2)))
    energy = qj.tfim(n, 1.0, 0.7)

    def both(w, sim):
        return jax.value_and_grad(
            lambda w: qj.expval(layered(n, 1, w), energy, sim=sim, gradient=qj.Adjoint())
        )(w)

    run = jax.jit(qj.spread(lambda w: both(w, sim), mesh))
    expected = jax.vmap(lambda w: both(w, ONE))(weights)
    compiled = run.lower(weights).compile()
    structure, _ = structure_of(layered(n, 1, weights[0]))
    plan = sim.plan(structure, ask.ExpvalQuery(jax.tree.structure(energy)))
    planning.LARGE = kept
    return {
        "ordered": plan.local.layout.ordered,
        "error": distance(compiled(weights), expected),
        "planned": plan.compiled_exchanges(),
        "collectives": collectives(compiled.as_text()),
    }


def noise():
    """Density matrices and trajectories over the batch axis."""
    mesh = qj.device_mesh(batch=8)
    strengths = jnp.linspace(0.05, 0.4, 8)

    def noisy(p):
        ops = [qj.H(0), qj.Depolarizing(p, 0), qj.CNOT(0, 1), qj.BitFlip(p, 1)]
        return qj.Circuit(2, [*ops, qj.RX(0.3, 0)])

    zz = qj.Z(0) @ qj.Z(1)

    def mixed(p):
        return qj.expval(noisy(p), zz, sim=qj.DensityMatrix())

    both = jax.value_and_grad(mixed)
    spread = qj.spread(both, mesh)(strengths)

    def sampled(key):
        return qj.expval(noisy(0.2), zz, sim=qj.Trajectories(250), key=key)

    keys = jax.random.split(jax.random.key(8), 16)
    groups = np.asarray(qj.spread(sampled, mesh)(keys))
    # The pair has ZZ = 1 whatever is depolarised before; the flip turns its sign, RX tilts it.
    exact = (1 - 2 * strengths) * np.cos(0.3), jnp.full(8, -2 * np.cos(0.3))
    return {
        "density": distance(spread, exact),
        "lane": abs(float(groups[11]) - float(sampled(keys[11]))),
        "off": abs(groups.mean() - 0.6 * np.cos(0.3)) / (groups.std(ddof=1) / 4),
        "different": len(set(groups.tolist())),
    }


def misuse():
    """The messages of what is refused."""
    small = qj.Circuit(3, [qj.H(q) for q in range(3)])
    wide = qj.Circuit(4, [qj.Unitary(np.eye(4), (0, 1))])
    noisy = qj.Circuit(5, [qj.BitFlip(0.1, 0)])
    mesh = qj.device_mesh(batch=2, state=4)

    def three():
        return qj.Sharded(jax.sharding.Mesh(np.array(jax.devices()[:6]), ("state",)))

    rows = jnp.zeros((12, 2))

    def loss(w, x):
        return jnp.mean((x - w) ** 2)

    def fitted(mesh, data=rows, **more):
        return fit(loss, jnp.zeros(2), data, steps=1, mesh=mesh, **more)

    lanes = qj.device_mesh(batch=8)
    cases = {
        "uneven rows": lambda: fitted(lanes),
        "uneven batch_size": lambda: fitted(lanes, batch_size=6, key=jax.random.key(0)),
        "rows of nothing": lambda: fitted(lanes, None),
        "no mesh for fit": lambda: fitted(8),
        "no batch axis for fit": lambda: fitted(qj.device_mesh(a=2, b=2)),
        "lanes over two axes": lambda: sweep(lambda p: p["a"], Grid(a=[1.0]), mesh=mesh),
        "no mesh for sweep": lambda: sweep(lambda p: p["a"], Grid(a=[1.0]), mesh=8),
        "mesh and devices": lambda: sweep(
            lambda p: p["a"], Grid(a=[1.0]), mesh=lanes, devices=jax.devices()
        ),
        "too many devices": lambda: qj.device_mesh(state=16),
        "no power of two": three,
        "no mesh": lambda: qj.Sharded(8),
        "unknown axis": lambda: qj.Sharded(mesh, axis="model"),
        "which axis": lambda: qj.Sharded(qj.device_mesh(a=2, b=2)),
        "too few qubits": lambda: qj.run(small, sim=EIGHT),
        "wide gate": lambda: qj.run(wide, sim=EIGHT),
        "channel": lambda: qj.run(noisy, sim=EIGHT),
        "too large": lambda: qj.run(qj.Circuit(45, [qj.H(0)]), sim=EIGHT),
        "uneven batch": lambda: qj.spread(jnp.sin, mesh)(jnp.zeros(5)),
        "two sizes": lambda: qj.spread(jnp.add, mesh)(jnp.zeros(4), jnp.zeros(6)),
        "unknown batch axis": lambda: qj.spread(jnp.sin, mesh, axis="lanes"),
        "second order": lambda: jax.hessian(
            lambda t: qj.expval(
                qj.Circuit(4, [qj.RX(t, 0)]), qj.Z(0), sim=EIGHT, gradient=qj.Adjoint()
            )
        )(0.3),
    }
    out = {}
    for name, case in cases.items():
        try:
            case()
            out[name] = None
        except qj.errors.QjaxError as error:
            out[name] = [type(error).__name__, str(error)]
    return out


def said():
    """What `explain` says."""
    n = 12
    return str(qj.explain(layered(n, 3, weights_for(n, 3)), sim=EIGHT))


def measured(each):
    """The result of one function, or how it failed, so that the others still tell theirs."""
    name, *numbers = each.split(":")
    start = time.process_time()
    try:
        return globals()[name](*(json.loads(x) for x in numbers))
    except Exception:
        return {"failed": traceback.format_exc()[-3000:]}
    finally:
        sys.stderr.write(f"{each}: {time.process_time() - start:.1f} s\n")


if __name__ == "__main__":
    sys.stdout.write(json.dumps({each: measured(each) for each in sys.argv[1:]}))
