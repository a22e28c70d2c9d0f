"""A trained layer leaves as OpenQASM, comes back, and still computes the layer."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import qjax as qj
from qjax.nn.qkan import QKANLayer, minimise, packed_layer
from qjax.qasm import dumps, loads


@pytest.fixture(scope="module")
def trained():
    """A layer [2, 2] fitted to two functions by Adam, in float64."""
    layer = QKANLayer(2, 2, reps=2, rngs=nnx.Rngs(0), dtype=jnp.float64)
    graph, state = nnx.split(layer)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (32, 2))
    target = np.stack([np.sin(3 * x[:, 0]), np.exp(x[:, 1])], axis=-1)

    def loss(state):
        return jnp.mean((nnx.merge(graph, state)(jnp.asarray(x)) - target) ** 2)

    state, losses = jax.jit(lambda s: minimise(loss, s, [(optax.adam(5e-2), 100)]))(state)
    assert losses[-1] < 0.2 * losses[0]
    return nnx.merge(graph, state)


@pytest.mark.parametrize("dialect", [pytest.param("qasm2", marks=pytest.mark.verify), "qasm3"])
def test_circuits_of_a_trained_layer_read_back_give_the_layer(trained, dialect):
    """Each qubit's <Z> is one activation; with the classical factors they are the outputs."""
    params = trained.params()
    for x in np.random.default_rng(2).uniform(-1.0, 1.0, (3, 2)):
        (circuit,) = packed_layer(params, jnp.asarray(x))
        read = loads(dumps(circuit, dialect))
        # The verbs share one program between the texts of one structure.
        phi = np.reshape(qj.expval(read, [qj.Z(q) for q in range(4)]), (2, 2))
        silu = x / (1 + np.exp(-x))
        outputs = params.post_weight * (phi + params.post_bias) + params.base_weight * silu[None, :]
        np.testing.assert_allclose(outputs.sum(axis=1), trained(jnp.asarray(x)), atol=1e-10)


def test_single_edges_read_back_give_the_activations(trained):
    for output, source in ((0, 0), (1, 1)):
        circuit = trained.edge_circuit(output, source, 0.37)
        read = loads(dumps(circuit))
        before, after = (float(qj.expval(c, qj.Z(0))) for c in (circuit, read))
        assert abs(before - after) < 1e-12
