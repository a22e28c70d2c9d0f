"""Run in the environment of referees: the hardware path against Aer, as JSON."""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2, SamplerV2

import qjax as qj
from qjax.hardware import Device, QiskitBackend

jax.config.update("jax_enable_x64", True)
H = qj.X(0) @ qj.X(1) + 0.5 * qj.Z(1) - 0.3 * qj.Y(0) @ qj.Z(2) + 0.2


class Counting(QiskitBackend):
    """Notes how many circuits each job holds."""

    def expectations(self, program, angles, words, *, shots, seeds):
        jobs.append(len(angles))
        return super().expectations(program, angles, words, shots=shots, seeds=seeds)


def ansatz(w):
    layer = lambda x: [qj.RY(x[0], 0), qj.RZ(x[1], 1), qj.CX(0, 1), qj.RX(x[2], 2), qj.CZ(1, 2)]  # noqa: E731
    return qj.Circuit(3, [qj.Layers(layer, w), qj.CRX(w[0, 0], 0, 2)])


def energy(w, sim=None, key=None):
    return qj.expval(ansatz(w), H, sim=sim or qj.Statevector(), key=key)


def taken(call):
    """A result, and how many jobs it took."""
    jobs.clear()
    out = jax.block_until_ready(call())
    return out, len(jobs)


def gap(a, b):
    return float(max(np.max(np.abs(np.asarray(x) - y)) for x, y in zip(a, b, strict=True)))


jobs = []
w = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3)))
exact = Device(Counting(estimator=EstimatorV2()))
f = lambda w: energy(w, exact)  # noqa: E731
out = {}
got, count = taken(lambda: jax.value_and_grad(f)(w))
out["value and gradient"] = gap(got, jax.value_and_grad(energy)(w)), count
batch = jnp.stack([w + k for k in range(8)])
got, count = taken(lambda: jax.jit(jax.vmap(jax.value_and_grad(f)))(batch))
out["batch of 8"] = gap(got, jax.vmap(jax.value_and_grad(energy))(batch)), count
got, count = taken(lambda: jax.hessian(f)(w))
out["Hessian"] = gap([got], [jax.hessian(energy)(w)]), count

fake = GenericBackendV2(5, coupling_map=[[0, 1], [1, 2], [2, 3], [3, 4]], seed=1)
noisy = AerSimulator.from_backend(fake)
options = {"backend_options": {"method": "density_matrix"}}
sim = Device(Counting(backend=noisy), shots=4096)
slope, count = taken(lambda: jax.grad(energy)(w, sim, jax.random.key(0)))
want = np.asarray(jax.grad(energy)(w)).ravel()
slope = np.asarray(slope).ravel()
cosine = float(slope @ want / np.linalg.norm(slope) / np.linalg.norm(want))
out["noisy gradient"] = cosine, count
again = np.asarray(jax.grad(energy)(w, sim, jax.random.key(0))).ravel()
out["same key, same gradient"] = float(np.max(np.abs(again - slope))), 1

sampled = Device(QiskitBackend(sampler=lambda seed: SamplerV2(seed=seed)))
bits = np.asarray(qj.sample(ansatz(w), jax.random.key(1), 20_000, sim=sampled))
counts = np.bincount(bits @ [4, 2, 1], minlength=8) / 20_000
distance = 0.5 * np.sum(np.abs(counts - np.abs(np.asarray(qj.run(ansatz(w)))) ** 2))
out["samples"] = float(distance), 1
sys.stdout.write(json.dumps(out))
