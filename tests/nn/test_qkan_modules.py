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

X = jnp.asarray(np.random.default_rng(7).uniform(-1.0, 1.0, (6, 2)), jnp.float32)


def network():
    """The network of most of these tests: of one shape, so that its programs are shared."""
    return QKAN([2, 3, 1], reps=2, rngs=nnx.Rngs(0))


def test_layers_of_one_shape_start_differently():
    model = QKAN([2, 2, 2], reps=1, rngs=nnx.Rngs(0))
    assert jnp.abs(model.layers[0].theta[...] - model.layers[1].theta[...]).max() > 1e-3


def test_module_is_the_pure_function():
    layer = network().layers[0]
    np.testing.assert_array_equal(layer(X), qkan_layer(X, layer.params()))
    # 6 edges of 2 (r + 1) angles, r frequencies, r phases, 2 post factors and a base factor.
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(layer, nnx.Param))) == 6 * 13


def test_masks_are_not_trained():
    model = network()
    remove_node(model, 1, 0)
    trained = nnx.state(model, nnx.Param)
    assert not any("mask" in str(path) for path, _ in jax.tree.leaves_with_path(trained))
    assert float(jnp.abs(edge_values(model.layers[0], X)[:, 0]).max()) == 0.0


def test_hybrids_and_activation_have_the_shapes_of_what_they_replace():
    def shape(build, *inputs):
        """Of the output, by tracing alone."""
        return jax.eval_shape(lambda x: build(nnx.Rngs(0))(x), jnp.zeros(inputs, jnp.float32)).shape

    assert shape(lambda rngs: HQKAN(64, None, None, 10, rngs=rngs), 4, 64) == (4, 10)
    assert shape(lambda rngs: DARUAN(8, rngs=rngs), 4, 8) == (4, 8)
    for kind in (QKANLSTMCell, HQKANLSTMCell):
        assert shape(lambda rngs, kind=kind: nnx.RNN(kind(1, 2, rngs=rngs)), 3, 5, 1) == (3, 5, 2)


def test_lstm_cell_is_the_recurrence_over_its_gates():
    cell = QKANLSTMCell(1, 1, rngs=nnx.Rngs(0))
    c, h, x = (np.full((6, 1), value, np.float32) for value in (0.3, -0.2, 0.7))
    gates = np.asarray(cell.gates(jnp.asarray(np.concatenate([h, x], axis=-1))))
    forget, admit, emit = (1 / (1 + np.exp(-gates[:, [k]])) for k in (0, 1, 3))
    after = forget * c + admit * np.tanh(gates[:, [2]])
    (found, hidden), output = jax.jit(cell)((jnp.asarray(c), jnp.asarray(h)), jnp.asarray(x))
    np.testing.assert_allclose(found, after, atol=1e-6)
    np.testing.assert_allclose(output, emit * np.tanh(after), atol=1e-6)
    np.testing.assert_array_equal(output, hidden)


@pytest.mark.parametrize(
    "ansatz",
    ["pz", "mix", *(pytest.param(a, marks=pytest.mark.verify) for a in ("minimal", "real"))],
)
def test_extension_keeps_the_function_and_the_mask(ansatz):
    model = QKAN([2, 2], reps=1, ansatz=ansatz, rngs=nnx.Rngs(0))
    remove_edge(model, 0, 1, 0)
    before = model(X)
    extend(model, 2)
    assert model.layers[0].reps == 2
    np.testing.assert_allclose(model(X), before, atol=2e-6)
    assert float(model.layers[0].mask[...][1, 0]) == 0.0


def test_extension_of_px_is_refused():
    with pytest.raises(UnsupportedError, match="px"):
        extend(QKAN([2, 2], reps=1, ansatz="px", rngs=nnx.Rngs(0)), 5)
    with pytest.raises(ParameterError, match="shrink"):
        extend(QKAN([2, 2], reps=1, rngs=nnx.Rngs(0)), 0)


def test_regulariser_reaches_every_layer():
    graph, state = nnx.split(QKAN([2, 2, 1], reps=1, rngs=nnx.Rngs(0)))
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
    model = network()
    layer = model.layers[0]
    params = layer.params()
    without = np.array([[1.0, 0.0]], np.float32)
    layer.set_params(params._replace(
        post_weight=params.post_weight * without, base_weight=params.base_weight * without
    ))  # fmt: skip
    scores = attribution(model, X)
    assert float(scores.nodes[0][1]) == 0.0
    before = model(X)
    prune(model, X, edges=1e-6, nodes=0.0)
    assert model.layers[0].mask[...][:, 1].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(model(X), before, atol=1e-6)


def test_fourier_coefficients_spectrum_and_fourierkan():
    layer = QKANLayer(2, 3, reps=2, preact="fixed", rngs=nnx.Rngs(3), dtype=jnp.float64)
    layer.set_params(layer.params()._replace(
        theta=jnp.asarray(np.random.default_rng(1).normal(size=(3, 2, 3, 2)))))  # fmt: skip
    x = X.astype(jnp.float64)
    np.testing.assert_allclose(jax.jit(to_fourierkan(layer))(x), layer(x), atol=1e-12)
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
    x = np.linspace(-2.0, 2.0, 40)
    for y, name in ((3 * np.sin(2 * x) + 1, "sin"), (2 * x - 1, "x"), (np.exp(x), "exp")):
        best = suggest(x, y)[0]
        assert best.name == name
        assert best.r2 > 1 - 1e-6


def test_plot_is_one_figure_with_one_graph_per_kept_edge():
    model = network()
    remove_edge(model, 0, 0, 0)
    figure = plot(model, X, matplotlib.figure.Figure())
    assert len(figure.axes) == 1 + 8


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


def test_adam_then_lbfgs_over_starts():
    """Both phases in one compiled call, vmapped; the second one reaches Rosenbrock's minimum."""

    def loss(p):
        return 100.0 * (p[1] - p[0] ** 2) ** 2 + (1.0 - p[0]) ** 2

    starts = jnp.asarray([[-1.2, 1.0], [0.5, -0.5]])
    phases = [(optax.adam(1e-2), 30), (optax.lbfgs(memory_size=5), 60)]
    found, losses = jax.jit(jax.vmap(lambda p: minimise(loss, p, phases)))(starts)
    assert losses.shape == (2, 90)
    assert float(losses[:, 30].min()) > 1e-3
    np.testing.assert_allclose(found, 1.0, atol=1e-6)
