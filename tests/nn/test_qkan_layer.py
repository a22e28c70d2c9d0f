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
    qkan_layer,
    spread_frequencies,
)

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
    rng = np.random.default_rng(seed)

    def shake(name, array):
        if array is None:
            return None
        width = 1.0 if name == "theta" else 0.1
        return jnp.asarray(array + width * rng.normal(size=array.shape))

    return params._replace(**{name: shake(name, getattr(params, name)) for name in params._fields})


def points(*shape, seed=5):
    return jnp.asarray(np.random.default_rng(seed).uniform(-3.0, 3.0, shape))


@pytest.mark.parametrize(("ansatz", "reps"), [*((a, 2) for a in ANSATZE), ("pz", 1), ("pz", 7)])
def test_daruan_is_the_statevector(ansatz, reps):
    params = random_params(ansatz, 1, 1, reps)
    theta, w, b = params.theta[0, 0], params.weight[0, 0] * 0.6, params.bias[0, 0]
    x = np.linspace(-0.9, 0.9, 7)
    states = [np.abs(reference_state(ansatz, theta, w, b, point)) for point in x]
    up, down = np.array(states).T
    expval = daruan(jnp.asarray(x), theta, w, b, ansatz=ansatz)
    np.testing.assert_allclose(expval, up**2 - down**2, atol=1e-12)
    if reps == 2:  # the measurement follows the circuit, whatever its depth
        amplitude = daruan(jnp.asarray(x), theta, w, b, ansatz=ansatz, measure="amplitude")
        np.testing.assert_allclose(amplitude, up - down, atol=1e-12)


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


@pytest.mark.parametrize("ansatz", [name if name == "pz" else full(name) for name in ANSATZE])
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
    ("pz", "fixed", 2), full("pz", "shared", 2), full("pz", "fixed", 7), full("mix", "fixed", 2),
    full("mix", "shared", 2), full("real", "fixed", 2), full("rpz", "shared", 2),
    full("minimal", "fixed", 2),
])  # fmt: skip
def test_fourier_and_scan_agree(ansatz, preact, reps):
    """Values and gradients, which are those of a difference quotient too."""
    params, x = random_params(ansatz, preact=preact, reps=reps), points(6, 3)

    def loss(arguments, method):
        params, x = arguments
        return jnp.sum(jnp.sin(qkan_layer(x, params, ansatz=ansatz, method=method)))

    # Two inputs per step: a loop of two steps, whose body is worked out again backwards.
    slopes = jax.jit(jax.value_and_grad(loss), static_argnames="method")
    (value, scan), fourier = (
        slopes((params, x), method) for method in (Scan(inputs_per_step=2), "fourier")
    )
    jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, atol=1e-10), (value, scan), fourier)
    rng, step = np.random.default_rng(0), 1e-5
    direction = jax.tree.map(lambda a: rng.normal(size=a.shape), (params, x))
    ahead, behind = (
        loss(jax.tree.map(lambda a, d, s=s: a + s * step * d, (params, x), direction), "fourier")
        for s in (1, -1)
    )
    parts = jax.tree.map(lambda g, d: np.sum(np.asarray(g) * d), scan, direction)
    assert abs((ahead - behind) / (2 * step) - sum(jax.tree.leaves(parts))) < 1e-7


@pytest.mark.parametrize(("ansatz", "preact"), [("pz", "integer"), ("mix", "shared")])
def test_common_frequencies_by_fourier_and_scan(ansatz, preact):
    params, x = random_params(ansatz, preact=preact, reps=2), points(6, 3)
    how = {"ansatz": ansatz, "frequencies": spread_frequencies(2) if preact == "integer" else None}
    a = qkan_layer(x, params, method="dense", **how)
    b = qkan_layer(x, params, method="fourier", **how)
    assert jnp.abs(a - b).max() < 1e-10


def test_methods_agree():
    params, x = random_params("pz", reps=2), points(6, 3)
    expected = qkan_layer(x, params, method="dense")
    for method in ("auto", Scan(inputs_per_step=2)):
        assert jnp.abs(qkan_layer(x, params, method=method) - expected).max() < 1e-12


def test_group_is_one_activation_per_input():
    params, x = random_params("pz", reps=2, group=2), points(6, 3)
    own = ("theta", "weight", "bias")
    edges = {name: np.asarray(getattr(params, name)) for name in own}
    edges = {name: jnp.asarray(a[np.zeros(4, int)][:, [0, 1, 0]]) for name, a in edges.items()}
    expected = qkan_layer(x, params._replace(**edges), method="dense")
    for method in ("group", "dense"):
        assert jnp.abs(qkan_layer(x, params, method=method) - expected).max() < 1e-12


def test_leading_axes_are_one_parameter_set_per_entry():
    sets = [random_params("pz", reps=2, seed=seed) for seed in range(2)]
    stacked = jax.tree.map(lambda *arrays: jnp.asarray(np.stack(arrays)), *sets)
    x = points(2, 6, 3)
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
    params = random_params("pz", reps=2)
    x, step = jnp.linspace(0.1, 0.9, 3), 1e-5

    def f(x):
        return qkan_layer(x, params)

    forward, hessian = jax.jit(lambda x: (jax.jacfwd(f)(x), jax.hessian(lambda x: f(x).sum())(x)))(
        x
    )
    backward = jax.jit(jax.jacrev(f))
    np.testing.assert_allclose(forward, backward(x), atol=1e-12)
    for i in range(3):
        shift = jnp.asarray(step * np.eye(3)[i])
        slope = (backward(x + shift) - backward(x - shift)).sum(axis=0) / (2 * step)
        np.testing.assert_allclose(hessian[i], slope, atol=1e-8)


def test_px_outside_its_domain_is_finite():
    params, x = random_params("px", reps=1), 10.0 * jnp.ones((2, 3))
    both = jax.jit(jax.value_and_grad(lambda p: qkan_layer(x, p, ansatz="px").sum()))(params)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(both))


def test_amplitude_gradient_at_a_pole_is_finite():
    theta = jnp.asarray([[0.0, -np.pi / 2], [0.0, 0.0]])  # |+> to |0>: z = 1
    gradient = jax.jit(jax.grad(lambda t: daruan(jnp.asarray(0.3), t, measure="amplitude")))(theta)
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
