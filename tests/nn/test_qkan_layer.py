"""The activation and the layer against an independent statevector, written here in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.errors import DataError, ParameterError, UnsupportedError
from qjax.nn.qkan import (
    ANSATZE,
    CircuitAnsatz,
    Scan,
    daruan,
    edge_circuit,
    init_qkan,
    packed_layer,
    spread_frequencies,
)
from qjax.nn.qkan import qkan_layer as eager_layer

# Compiled as a whole: call by call, each of its operations would be compiled on its own.
qkan_layer = jax.jit(eager_layer, static_argnames=("ansatz", "frequencies", "method"))

PAULI = {
    "x": np.array([[0, 1], [1, 0]], complex),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.array([[1, 0], [0, -1]], complex),
}
HADAMARD = np.array([[1, 1], [1, -1]]) / np.sqrt(2)


def full(*values):
    """A case for the full counts."""
    return pytest.param(*values, marks=pytest.mark.verify)


def rotation(axis, angle):
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * PAULI[axis]


def reference_state(ansatz, theta, w, b, x):
    """The state of one edge, gate by gate, written from the definitions of the ansaetze."""
    state = np.array([1, 0], complex)
    if ansatz != "minimal":
        state = HADAMARD @ state
    for rep in range(len(w)):
        u = w[rep] * x + b[rep]
        gates = {
            "pz": lambda t, u: [("z", t[0]), ("y", t[1]), ("z", u)],
            "rpz": lambda t, u: [("y", t[0]), ("z", u)],
            "minimal": lambda t, u: [("y", t[0]), ("z", u)],
            "px": lambda t, u: [("z", t[0]), ("x", np.arccos(u))],
            "real": lambda t, u: [("x", np.pi), ("y", t[0]), ("z", np.pi), ("y", u)],
            "mix": lambda t, u: [("z", t[0]), ("x", t[1]), ("y", u)],
        }[ansatz](theta[rep], u)
        for axis, angle in gates:
            state = rotation(axis, angle) @ state
    last = {
        "pz": lambda t: [("z", t[0]), ("y", t[1])],
        "rpz": lambda t: [("y", t[0])],
        "minimal": lambda t: [("y", t[0])],
        "px": lambda t: [("z", t[0])],
        "real": lambda t: [],
        "mix": lambda t: [("z", t[0]), ("x", t[1])],
    }[ansatz](theta[-1])
    for axis, angle in last:
        state = rotation(axis, angle) @ state
    return state


def random_params(ansatz, inputs=3, outputs=4, reps=3, seed=0, **kwargs):
    params = init_qkan(
        jax.random.key(seed), inputs, outputs, reps, ansatz=ansatz, dtype=jnp.float64, **kwargs
    )
    keys = iter(jax.random.split(jax.random.key(seed + 1), 8))
    scale = {"theta": 1.0}

    def shake(name, array):
        if array is None:
            return None
        width = scale.get(name, 0.1)
        return array + width * jax.random.normal(next(keys), array.shape, jnp.float64)

    return params._replace(**{name: shake(name, getattr(params, name)) for name in params._fields})


@pytest.mark.parametrize(("ansatz", "reps"), [*((a, 2) for a in ANSATZE), ("pz", 1), ("pz", 7)])
def test_daruan_is_the_statevector(ansatz, reps):
    params = random_params(ansatz, 1, 1, reps)
    theta, w, b = params.theta[0, 0], params.weight[0, 0] * 0.6, params.bias[0, 0]
    x = np.linspace(-0.9, 0.9, 7)
    expval = daruan(jnp.asarray(x), theta, w, b, ansatz=ansatz)
    amplitude = daruan(jnp.asarray(x), theta, w, b, ansatz=ansatz, measure="amplitude")
    for z, difference, point in zip(expval, amplitude, x, strict=True):
        up, down = abs(reference_state(ansatz, theta, w, b, point))
        assert abs(z - (up**2 - down**2)) < 1e-12
        assert abs(difference - (up - down)) < 1e-12


def test_layer_is_its_edges():
    ansatz = "mix"
    params = random_params(ansatz)
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (5, 3))
    expected = np.zeros((5, 4))
    for sample, output, source in np.ndindex(5, 4, 3):
        point = x[sample, source]
        state = reference_state(
            ansatz,
            params.theta[output, source],
            params.weight[output, source],
            params.bias[output, source],
            point,
        )
        phi = abs(state[0]) ** 2 - abs(state[1]) ** 2
        post = params.post_weight[output, source] * (phi + params.post_bias[output, source])
        base = params.base_weight[output, source] * point / (1 + np.exp(-point))
        expected[sample, output] += post + base
    assert np.abs(qkan_layer(jnp.asarray(x), params, ansatz=ansatz) - expected).max() < 1e-12


@pytest.mark.parametrize(
    "ansatz", [name if name in ("pz", "mix") else full(name) for name in ANSATZE]
)
def test_values_and_gradients_are_those_of_the_exported_circuit(ansatz):
    """Value, input gradient and parameter gradient against qjax's statevector simulator."""
    params = random_params(ansatz, 2, 2, 2)

    def through_circuit(params, x):
        return qj.expval(edge_circuit(params, 1, 0, x, ansatz=ansatz), qj.Z(0))

    def ours(params, x):
        return daruan(x, params.theta[1, 0], params.weight[1, 0], params.bias[1, 0], ansatz=ansatz)

    x = jnp.asarray(0.37)
    a = jax.jit(jax.value_and_grad(through_circuit, (0, 1)))(params, x)
    b = jax.jit(jax.value_and_grad(ours, (0, 1)))(params, x)
    jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, atol=1e-10), a, b)


@pytest.mark.parametrize(("ansatz", "preact", "reps"), [
    ("pz", "fixed", 3), full("pz", "shared", 2), full("pz", "fixed", 7), full("mix", "fixed", 2),
    ("mix", "shared", 2), full("real", "fixed", 2), full("rpz", "shared", 2),
    full("minimal", "fixed", 2),
])  # fmt: skip
def test_fourier_and_scan_agree(ansatz, preact, reps):
    params = random_params(ansatz, preact=preact, reps=reps)
    x = jax.random.uniform(jax.random.key(5), (6, 3), jnp.float64, -3.0, 3.0)

    def loss(method):
        def total(params, x):
            return jnp.sum(jnp.sin(qkan_layer(x, params, ansatz=ansatz, method=method)))

        return jax.jit(jax.value_and_grad(total, (0, 1)))(params, x)

    scan, fourier = loss("scan"), loss("fourier")
    jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, atol=1e-10), scan, fourier)


def test_integer_frequencies_by_fourier_and_scan():
    frequencies = spread_frequencies(3)
    params = random_params("pz", preact="integer")
    x = jax.random.uniform(jax.random.key(5), (6, 3), jnp.float64, -3.0, 3.0)
    a = qkan_layer(x, params, frequencies=frequencies, method="scan")
    b = qkan_layer(x, params, frequencies=frequencies, method="fourier")
    assert jnp.abs(a - b).max() < 1e-10


def test_methods_agree():
    params = random_params("pz")
    x = jax.random.uniform(jax.random.key(5), (6, 3), jnp.float64, -3.0, 3.0)
    expected = qkan_layer(x, params, method="dense")
    for method in ("scan", "auto", Scan(inputs_per_step=2)):
        assert jnp.abs(qkan_layer(x, params, method=method) - expected).max() < 1e-12


def test_group_is_one_activation_per_input():
    params = random_params("pz", inputs=5, group=2)
    x = jax.random.uniform(jax.random.key(5), (6, 5), jnp.float64)
    full = params._replace(
        theta=jnp.take(jnp.tile(params.theta, (4, 3, 1, 1)), jnp.arange(5), axis=1),
        weight=jnp.take(jnp.tile(params.weight, (4, 3, 1)), jnp.arange(5), axis=1),
        bias=jnp.take(jnp.tile(params.bias, (4, 3, 1)), jnp.arange(5), axis=1),
    )
    expected = qkan_layer(x, full, method="scan")
    for method in ("group", "scan", "auto"):
        assert jnp.abs(qkan_layer(x, params, method=method) - expected).max() < 1e-12


def test_leading_axes_are_one_parameter_set_per_entry():
    sets = [random_params("pz", seed=seed) for seed in range(2)]
    stacked = jax.tree.map(lambda *arrays: jnp.stack(arrays), *sets)
    x = jax.random.uniform(jax.random.key(5), (2, 6, 3), jnp.float64)
    ours = qkan_layer(x, stacked)
    for index in range(2):
        assert jnp.abs(ours[index] - qkan_layer(x[index], sets[index])).max() < 1e-12
    # The fast-weight case: only theta is batched, one set per sample.
    shared = sets[0]._replace(theta=stacked.theta)
    ours = qkan_layer(x[:, 0], shared)
    for index in range(2):
        one = sets[0]._replace(theta=stacked.theta[index])
        assert jnp.abs(ours[index] - qkan_layer(x[index, 0], one)).max() < 1e-12


def test_forward_mode_and_second_derivatives():
    params = random_params("pz")
    x = jnp.linspace(0.1, 0.9, 3)

    def f(x):
        return qkan_layer(x, params)

    step = 1e-5
    forward, backward = jax.jit(jax.jacfwd(f))(x), jax.jit(jax.jacrev(f))(x)
    np.testing.assert_allclose(forward, backward, atol=1e-12)
    hessian = jax.jit(jax.hessian(lambda x: f(x).sum()))(x)
    gradient = jax.jit(jax.grad(lambda x: f(x).sum()))
    for i in range(3):
        shift = step * jnp.eye(3)[i]
        slope = (gradient(x + shift) - gradient(x - shift)) / (2 * step)
        np.testing.assert_allclose(hessian[i], slope, atol=1e-8)


def test_parameter_gradient_is_the_difference_quotient():
    params = random_params("mix")
    x = jax.random.uniform(jax.random.key(5), (6, 3), jnp.float64)

    def f(params):
        return jnp.sum(jnp.cos(qkan_layer(x, params, ansatz="mix")))

    direction = jax.tree.map(lambda a: jnp.cos(jnp.arange(float(a.size))).reshape(a.shape), params)
    step = 1e-6
    ahead, behind = (
        f(jax.tree.map(lambda a, d, s=s: a + s * step * d, params, direction)) for s in (1, -1)
    )
    exact = jax.tree.reduce(
        jnp.add, jax.tree.map(lambda g, d: jnp.sum(g * d), jax.jit(jax.grad(f))(params), direction)
    )
    assert abs((ahead - behind) / (2 * step) - exact) < 1e-7


def test_px_outside_its_domain_is_finite():
    params, x = random_params("px"), 10.0 * jnp.ones((2, 3))
    both = jax.jit(jax.value_and_grad(lambda p: qkan_layer(x, p, ansatz="px").sum()))(params)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(both))


def test_amplitude_gradient_at_a_pole_is_finite():
    theta = jnp.zeros((2, 2)).at[0, 1].set(-jnp.pi / 2)  # |+> to |0>: z = 1
    gradient = jax.grad(lambda t: daruan(jnp.asarray(0.3), t, measure="amplitude"))(theta)
    assert jnp.isfinite(gradient).all()


def test_packed_layer_measures_every_activation():
    params = random_params("pz", reps=2)
    x = jnp.asarray([0.2, -0.4, 0.9])
    phi = daruan(x[None, :], params.theta, params.weight, params.bias).reshape(-1)
    circuits = packed_layer(params, x, qubits=5)
    measured = [qj.expval(c, [qj.Z(q) for q in range(c.n)]) for c in circuits]
    np.testing.assert_allclose(np.concatenate(measured), phi, atol=1e-10)


def test_user_circuit_of_two_qubits():
    def entangled(angles, theta):
        data = [qj.RX(angles[0], 0), qj.RX(angles[1], 1)]
        return qj.Circuit(2, [*data, qj.CNOT(0, 1), qj.RY(theta[0], 0), qj.CNOT(1, 0)])

    ansatz = CircuitAnsatz(entangled, shape=(1,), reps=2)
    params = init_qkan(jax.random.key(0), 2, 3, 2, ansatz=ansatz, dtype=jnp.float64)
    x = jnp.asarray([[0.1, 0.7]])
    y = qkan_layer(x, params, ansatz=ansatz)
    expected = np.array(0.5 * jax.nn.silu(x).sum() * jnp.ones(3))
    for output, source in np.ndindex(3, 2):
        circuit = edge_circuit(params, output, source, x[0, source], ansatz=ansatz)
        expected[output] += qj.expval(circuit, qj.Z(0))
    np.testing.assert_allclose(y[0], expected, atol=1e-12)


def test_errors_name_the_argument():
    params = init_qkan(jax.random.key(0), 2, 3)
    x = jnp.zeros((4, 2))
    with pytest.raises(UnsupportedError, match="every edge has its own frequencies"):
        qkan_layer(x, params, method="fourier")
    with pytest.raises(UnsupportedError, match="no such ansatz"):
        qkan_layer(x, params, ansatz="pzz")
    with pytest.raises(UnsupportedError, match="no such method"):
        qkan_layer(x, params, method="fast")
    with pytest.raises(ParameterError, match=r"params\.post_weight"):
        qkan_layer(jnp.zeros((4, 5)), params)
    with pytest.raises(ParameterError, match="frequencies"):
        qkan_layer(x, params, frequencies=(1, 2, 3))
    with pytest.raises(ParameterError, match="theta"):
        daruan(x, jnp.zeros((4, 3)))
    with pytest.raises(DataError, match="leading axes"):
        qkan_layer(x, params._replace(theta=jnp.zeros((7, 3, 2, 4, 2))))
    with pytest.raises(DataError, match="no such edge"):
        edge_circuit(params, 3, 0, 0.1)
