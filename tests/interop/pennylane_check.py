"""Run in the environment of PennyLane: jit, vmap, grad and shots on the device, as JSON."""

import json
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

warnings.simplefilter("ignore")
jax.config.update("jax_enable_x64", True)
ours, theirs = (qml.device(name, wires=4) for name in ("qjax.qubit", "default.qubit"))
H = qml.Hamiltonian([0.3, -0.7, 0.5], [qml.Z(0) @ qml.X(1), qml.Y(2), qml.Z(1) @ qml.Z(3)])


def ansatz(w):
    qml.AngleEmbedding(w[0], wires=range(4))
    qml.StronglyEntanglingLayers(w.reshape(1, 4, -1), wires=range(4))
    qml.ctrl(qml.Rot(w[0, 0], w[0, 1], w[0, 2], wires=2), control=[0, 3], control_values=[1, 0])
    qml.adjoint(qml.S(1))
    qml.IsingXY(w[1, 1], wires=[1, 2])
    return qml.expval(H)


w = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4)))
f, g = qml.QNode(ansatz, ours), qml.QNode(ansatz, theirs)
gap = lambda a, b: float(np.max(np.abs(np.asarray(a) - np.asarray(b))))  # noqa: E731
out = {
    "value": gap(f(w), g(w)),
    "jit": gap(jax.jit(f)(w), g(w)),
    "gradient": gap(jax.jit(jax.grad(f))(w), jax.grad(g)(w)),
    "Hessian": gap(jax.hessian(f)(w), jax.hessian(g)(w)),
    "vmap": gap(jax.vmap(f)(jnp.stack([w, w + 1])), jnp.stack([g(w), g(w + 1)])),
}
inner = qml.numpy.array(np.asarray(w), requires_grad=True)
out["autograd"] = gap(qml.grad(f)(inner), qml.grad(g)(inner))
sampled = qml.set_shots(qml.QNode(ansatz, qml.device("qjax.qubit", wires=4, seed=1)), 20_000)
out["shots"] = gap(sampled(np.asarray(w)), g(w))
sys.stdout.write(json.dumps(out))
