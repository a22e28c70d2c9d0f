"""The Flax modules and the tools around them."""

import jax
import jax.numpy as jnp
import matplotlib.figure
import numpy as np
import optax
import pytest
from flax import nnx

import qjax as qj
from qjax.errors import DataError, ParameterError, UnsupportedError
from qjax.nn.qkan import (
    DARUAN,
    HQKAN,
    QKAN,
    HQKANLSTMCell,
    QKANLayer,
    QKANLSTMCell,
    attribution,
    edge_values,
    extend,
    fourier_coefficients,
    from_qkan_state_dict,
    minimise,
    plot,
    prune,
    qkan_layer,
    regularisation,
    remove_edge,
    remove_node,
    spectrum,
    suggest,
    to_fourierkan,
)

X = jax.random.uniform(jax.random.key(7), (6, 2), jnp.float32, -1.0, 1.0)


@nnx.jit
def call(model, x):
    """The model compiled as a whole, instead of operation by operation."""
    return model(x)


def test_layers_of_one_shape_start_differently():
    model = QKAN([3, 3, 3], rngs=nnx.Rngs(0))
    assert jnp.abs(model.layers[0].theta[...] - model.layers[1].theta[...]).max() > 1e-3


def test_module_is_the_pure_function():
    layer = QKANLayer(2, 5, rngs=nnx.Rngs(0))
    np.testing.assert_array_equal(layer(X), qkan_layer(X, layer.params()))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(layer, nnx.Param))) == 170


def test_masks_are_not_trained():
    model = QKAN([2, 3, 1], rngs=nnx.Rngs(0))
    remove_node(model, 1, 0)
    trained = nnx.state(model, nnx.Param)
    assert not any("mask" in str(path) for path, _ in jax.tree.leaves_with_path(trained))
    assert float(jnp.abs(edge_values(model.layers[0], X)[:, 0]).max()) == 0.0


def test_hybrid_cells_and_activation_have_the_shapes_of_what_they_replace():
    hybrid = HQKAN(64, None, None, 10, rngs=nnx.Rngs(0))
    assert call(hybrid, jnp.zeros((4, 64), jnp.float32)).shape == (4, 10)
    assert call(DARUAN(8, rngs=nnx.Rngs(0)), jnp.zeros((4, 8))).shape == (4, 8)
    for cell in (QKANLSTMCell(1, 2, rngs=nnx.Rngs(0)), HQKANLSTMCell(1, 2, rngs=nnx.Rngs(0))):
        assert call(nnx.RNN(cell), jnp.zeros((3, 5, 1), jnp.float32)).shape == (3, 5, 2)


@pytest.mark.parametrize(
    "ansatz",
    ["pz", "mix", *(pytest.param(a, marks=pytest.mark.verify) for a in ("minimal", "real"))],
)
def test_extension_keeps_the_function_and_the_mask(ansatz):
    model = QKAN([2, 2], reps=1, ansatz=ansatz, rngs=nnx.Rngs(0))
    remove_edge(model, 0, 1, 0)
    before = call(model, X)
    extend(model, 2)
    assert model.layers[0].reps == 2
    np.testing.assert_allclose(call(model, X), before, atol=2e-6)
    assert float(model.layers[0].mask[...][1, 0]) == 0.0


def test_extension_of_px_is_refused():
    with pytest.raises(UnsupportedError, match="px"):
        extend(QKAN([2, 1], ansatz="px", rngs=nnx.Rngs(0)), 5)
    with pytest.raises(ParameterError, match="shrink"):
        extend(QKAN([2, 1], reps=3, rngs=nnx.Rngs(0)), 2)


def test_regulariser_reaches_every_layer():
    model = QKAN([2, 3, 1], rngs=nnx.Rngs(0))
    graph, state = nnx.split(model)
    gradient = jax.jit(jax.grad(lambda state: regularisation(nnx.merge(graph, state), X)))(state)
    for layer in range(2):
        assert float(jnp.abs(gradient["layers"][layer]["theta"][...]).max()) > 1e-6


def test_regularised_training_sparsifies():
    """Only the first input matters; descent on the penalty makes the second one's edge vanish."""
    model = QKAN([2, 1], reps=1, rngs=nnx.Rngs(0))
    graph, state = nnx.split(model)
    target = jnp.sin(X[:, :1])

    def loss(state):
        model = nnx.merge(graph, state)
        return jnp.mean((model(X) - target) ** 2) + 0.01 * regularisation(model, X)

    state, _ = jax.jit(lambda s: minimise(loss, s, [(optax.adam(3e-2), 300)]))(state)
    spread = jnp.std(edge_values(nnx.merge(graph, state).layers[0], X), axis=0)[0]
    assert float(spread[1]) < 0.1 * float(spread[0])


def test_attribution_and_pruning_find_the_dead_input():
    model = QKAN([2, 3, 1], rngs=nnx.Rngs(0))
    layer = model.layers[0]
    params = layer.params()
    layer.set_params(params._replace(
        post_weight=params.post_weight.at[:, 1].set(0.0),
        base_weight=params.base_weight.at[:, 1].set(0.0),
    ))  # fmt: skip
    scores = attribution(model, X)
    assert float(scores.nodes[0][1]) == 0.0
    before = call(model, X)
    prune(model, X, edges=1e-6, nodes=0.0)
    assert model.layers[0].mask[...][:, 1].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(call(model, X), before, atol=1e-6)


def test_fourier_coefficients_spectrum_and_fourierkan():
    layer = QKANLayer(2, 3, reps=2, preact="fixed", rngs=nnx.Rngs(3), dtype=jnp.float64)
    layer.set_params(layer.params()._replace(
        theta=jax.random.normal(jax.random.key(1), (3, 2, 3, 2), jnp.float64)))  # fmt: skip
    x = X.astype(jnp.float64)
    np.testing.assert_allclose(to_fourierkan(layer)(x), layer(x), atol=1e-12)
    assert fourier_coefficients(layer).shape == (3, 2, 5)
    waves = spectrum(layer, 2, 1)
    assert waves.frequencies.tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    series = waves.coefficients @ np.exp(1j * np.outer(waves.frequencies, x[:, 1]))
    exact = [qj.expval(layer.edge_circuit(2, 1, point), qj.Z(0)) for point in x[:, 1]]
    np.testing.assert_allclose(series, exact, atol=1e-10)


def test_spectrum_of_trainable_frequencies():
    layer = QKANLayer(
        1, 1, reps=3, frequencies=(1.0, 3.0, 9.0), rngs=nnx.Rngs(3), dtype=jnp.float64
    )
    waves = spectrum(layer, 0, 0)
    assert waves.frequencies.tolist() == [float(k) for k in range(-13, 14)]
    point = 0.37
    series = (waves.coefficients * np.exp(1j * waves.frequencies * point)).sum()
    assert abs(series - float(qj.expval(layer.edge_circuit(0, 0, point), qj.Z(0)))) < 1e-10
    with pytest.raises(UnsupportedError, match="trainable"):
        fourier_coefficients(layer)


def test_symbolic_suggestion_recovers_formulas():
    x = np.linspace(-2.0, 2.0, 80)
    for y, name in ((3 * np.sin(2 * x) + 1, "sin"), (2 * x - 1, "x"), (np.exp(x), "exp")):
        best = suggest(x, y)[0]
        assert best.name == name
        assert best.r2 > 1 - 1e-6


def test_plot_is_one_figure_with_one_graph_per_kept_edge():
    model = QKAN([2, 2, 1], rngs=nnx.Rngs(0))
    remove_edge(model, 0, 0, 0)
    figure = plot(model, X, matplotlib.figure.Figure())
    assert len(figure.axes) == 1 + 5


def test_state_dict_of_the_pytorch_package():
    rng = np.random.default_rng(0)
    shapes = {"theta": (5, 2, 4, 2), "preacts_weight": (5, 2, 3), "preacts_bias": (5, 2, 3)}
    edges = ("postact_weights", "postact_bias", "base_weight", "mask")
    shapes |= dict.fromkeys(edges, (5, 2))
    state = {f"layers.0.{name}": rng.normal(size=shape) for name, shape in shapes.items()}
    model = from_qkan_state_dict(state, dtype=jnp.float64)
    assert model.layers[0].measure == "amplitude"
    np.testing.assert_array_equal(model.layers[0].theta[...], state["layers.0.theta"])
    fixed = from_qkan_state_dict(state, preact_trainable=False)
    assert fixed.layers[0].weight is None
    with pytest.raises(DataError, match="theta"):
        from_qkan_state_dict({"weight": np.zeros(3)})


def test_adam_then_lbfgs_over_seeds():
    """Both phases in one compiled call, vmapped over seeds; the second phase goes far lower."""
    x = jnp.linspace(-1.0, 1.0, 32)[:, None]
    target = jnp.sin(2.0 * x)

    def start(seed):
        return nnx.state(QKAN([1, 1], reps=2, rngs=nnx.Rngs(seed), dtype=jnp.float64))

    graph = nnx.graphdef(QKAN([1, 1], reps=2, rngs=nnx.Rngs(0), dtype=jnp.float64))
    states = jax.tree.map(lambda *leaves: jnp.stack(leaves), start(0), start(1))

    def loss(state):
        return jnp.mean((nnx.merge(graph, state)(x) - target) ** 2)

    phases = [(optax.adam(1e-2), 30), (optax.lbfgs(), 40)]
    _, losses = jax.jit(jax.vmap(lambda s: minimise(loss, s, phases)))(states)
    assert losses.shape == (2, 70)
    assert float((losses[:, -1] / losses[:, 30]).max()) < 1e-2
