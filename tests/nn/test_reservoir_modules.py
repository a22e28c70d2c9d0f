"""NNX modules around reservoirs: the same numbers, trained in closed form or by gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from qjax.errors import DataError
from qjax.nn.reservoir import ReservoirLayer, ReservoirRegressor, freeze
from qjax.reservoir import (
    FeedbackReservoir,
    IsingReservoir,
    Multiplex,
    NoiseInducedReservoir,
    ridge,
    ridge_path,
)

U = np.random.default_rng(0).uniform(size=(2, 60))


def ising():
    return IsingReservoir.random(jax.random.key(0), 2, nodes=2, tau=2.0)


def test_a_layer_has_the_features_of_its_reservoir_in_any_batch():
    reservoir = ising()
    found = ReservoirLayer(reservoir)(jnp.asarray(U))
    single = np.stack([reservoir.features(u) for u in U])
    np.testing.assert_allclose(found, single, atol=1e-12)
    layer = ReservoirLayer(reservoir)
    assert len(jax.tree.leaves(nnx.state(layer, nnx.Param))) == 3  # couplings, fields, tau


@pytest.mark.verify
@pytest.mark.parametrize(
    "reservoir",
    [
        NoiseInducedReservoir.of([0.2, 0.5]),
        FeedbackReservoir.random(jax.random.key(1), 2),
        Multiplex(
            jax.vmap(lambda k: IsingReservoir.random(k, 2, nodes=2))(
                jax.random.split(jax.random.key(2))
            )
        ),
    ],
    ids=lambda r: type(r).__name__,
)
def test_every_kind_is_a_layer(reservoir):
    found = ReservoirLayer(reservoir)(jnp.asarray(U[0]))
    np.testing.assert_allclose(found, reservoir.features(U[0]), atol=1e-12)


def test_a_regressor_is_ridge_after_the_washout():
    reservoir, y = ising(), np.roll(U[0], 1)
    model = ReservoirRegressor(reservoir, washout=10)
    model.fit(jnp.asarray(U[0]), jnp.asarray(y), 1e-4)
    features = reservoir.features(U[0])
    exact = ridge(features[10:], y[10:], 1e-4)(features)
    np.testing.assert_allclose(model(jnp.asarray(U[0]))[:, 0], exact, atol=1e-10)
    model.fit(jnp.asarray(U[0]), jnp.asarray(y), [1e-6, 1e-4, 1e-2])
    best = ridge_path(features[10:], y[10:], [1e-6, 1e-4, 1e-2]).best()
    np.testing.assert_allclose(model.readout.kernel[...], best.weight, atol=1e-10)
    with pytest.raises(DataError, match="washout"):
        model.fit(jnp.asarray(U[0][:8]), jnp.asarray(y[:8]), 1e-4)


def test_physical_parameters_train_by_gradients():
    """One small step against the gradient lowers the loss."""
    model = ReservoirRegressor(ising(), washout=10)
    u, y = jnp.asarray(U[0]), jnp.asarray(np.roll(U[0], 1))
    model.fit(u, y, 1e-4)
    graph, params, rest = nnx.split(model, nnx.Param, ...)

    @jax.jit
    def loss(params):
        return jnp.mean((nnx.merge(graph, params, rest)(u)[10:, 0] - y[10:]) ** 2)

    slopes = jax.jit(jax.grad(loss))(params)
    assert np.abs(slopes["layer"]["physical"][0][...]).max() > 0
    moved = jax.tree.map(lambda p, g: p - 1e-3 * g, params, slopes)
    assert loss(moved) < loss(params)


def test_a_frozen_cell_gives_what_flax_gives():
    cell = nnx.GRUCell(1, 3, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    found = freeze(cell).features(U[0])
    exact = nnx.RNN(cell)(jnp.asarray(U[0])[:, None])
    np.testing.assert_allclose(found, exact, atol=1e-12)
