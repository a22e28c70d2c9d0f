"""Templates against Qiskit's circuits, and against their definitions written out densely."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference

import qjax as qj
from qjax import templates as tp
from qjax.errors import DataError, ObservableError, ParameterError, QjaxError, QubitError
from qjax.observables import ising, maxcut

PATTERNS = ["linear", "reverse_linear", "circular", "full", "pairwise"]


def qiskit_state(circuit):
    """The amplitudes with qubit 0 as the most significant bit."""
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    state = quantum_info.Statevector(circuit).data
    n = circuit.num_qubits
    return state.reshape((2,) * n).transpose(range(n)[::-1]).reshape(-1)


def assert_same_up_to_phase(a, b):
    assert abs(np.vdot(a, b)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("entanglement", PATTERNS)
@pytest.mark.parametrize(("n", "layers"), [(1, 2), (2, 1), (4, 3), (3, 0)])
def test_two_local_circuits_are_those_of_qiskit(n, layers, entanglement):
    library = pytest.importorskip("qiskit.circuit.library")
    rng = np.random.default_rng(n)
    for name in ("real_amplitudes", "efficient_su2"):
        ours, theirs = getattr(tp, name), getattr(library, name)
        params = rng.normal(size=getattr(tp, name + "_shape")(n, layers))
        circuit = theirs(n, reps=layers, entanglement=entanglement if n > 1 else [])
        expected = qiskit_state(circuit.assign_parameters(params.reshape(-1)))
        got = reference.state(ours(params, entanglement))
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_default_entanglement_is_that_of_qiskit():
    library = pytest.importorskip("qiskit.circuit.library")
    params = np.random.default_rng(0).normal(size=(3, 4))
    circuit = library.real_amplitudes(4, reps=2).assign_parameters(params.reshape(-1))
    np.testing.assert_allclose(
        reference.state(tp.real_amplitudes(params)), qiskit_state(circuit), atol=1e-12
    )


@pytest.mark.parametrize("layers", [1, 2])
def test_zz_feature_map_is_that_of_qiskit(layers):
    library = pytest.importorskip("qiskit.circuit.library")
    x = np.array([0.3, -1.2, 2.5])
    for entanglement in ("full", "linear"):
        circuit = library.zz_feature_map(3, reps=layers, entanglement=entanglement)
        # Its parameters are sorted by index
        expected = qiskit_state(circuit.assign_parameters(x))
        assert_same_up_to_phase(
            reference.state(tp.zz_feature_map(x, layers, entanglement)), expected
        )


def hadamards(n):
    return reference.kron(*[np.array([[1, 1], [1, -1]]) / np.sqrt(2)] * n)


def z_values(n):
    """Row q holds the eigenvalues of Z on qubit q."""
    index = np.arange(2**n)
    return np.array([1 - 2 * ((index >> (n - 1 - q)) & 1) for q in range(n)])


def test_iqp_encoding_is_diagonal_between_hadamards():
    n, x = 4, np.array([0.3, -1.2, 2.5, 0.7])
    z = z_values(n)
    angles = sum(x[q] * z[q] for q in range(n))
    angles = angles + sum(x[i] * x[j] * z[i] * z[j] for i in range(n) for j in range(i + 1, n))
    step = np.exp(-0.5j * angles)[:, None] * hadamards(n)
    expected = step @ step @ step[:, 0]
    np.testing.assert_allclose(reference.state(tp.iqp_encoding(x, 3)), expected, atol=1e-13)


@pytest.mark.parametrize("axis", ["X", "Y", "Z"])
def test_angle_encoding_is_a_product_of_rotations(axis):
    x = np.array([0.4, -0.9])
    expected = reference.kron(*(reference.pauli_rotation(t, axis) for t in x))[:, 0]
    np.testing.assert_allclose(reference.state(tp.angle_encoding(x, axis)), expected, atol=1e-15)


def test_basis_encoding_prepares_the_bits():
    for bits in ("0110", (0, 1, 1, 0), np.array([0, 1, 1, 0])):
        assert np.argmax(np.abs(reference.state(tp.basis_encoding(bits)))) == 0b0110


def test_amplitude_encoding_pads_and_normalises():
    x = np.array([3.0, -1.0, 2.0, 1j, 0.5])
    padded = np.concatenate([x, [0.25] * 3])
    got = reference.state(tp.amplitude_encoding(x, pad=0.25))
    np.testing.assert_allclose(got, padded / np.linalg.norm(padded), atol=1e-15)
    assert tp.amplitude_encoding(x, n=4).n == 4
    assert tp.amplitude_encoding(np.array([5])).n == 1


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_amplitude_encoding_neither_overflows_nor_underflows(scale):
    x = jnp.array([3.0, 4.0], jnp.float32) * jnp.float32(scale)
    amplitudes = jax.jit(lambda x: tp.amplitude_encoding(x)[0].params[0])(x)
    np.testing.assert_allclose(amplitudes, [0.6, 0.8], rtol=2e-7)


def test_amplitude_encoding_has_the_gradient_of_normalisation():
    def amplitudes(x):
        return tp.amplitude_encoding(x)[0].params[0]

    x = jnp.array([0.3, -2.0, 0.7, 1.1])
    unit, norm = x / jnp.linalg.norm(x), np.linalg.norm(x)
    projection = (np.eye(4) - np.outer(unit, unit)) / norm
    np.testing.assert_allclose(jax.jit(jax.jacrev(amplitudes))(x), projection, atol=1e-14)
    assert np.all(np.isfinite(jax.jit(jax.hessian(amplitudes))(x)))


def test_an_empty_sample_in_a_batch_brings_no_nan():
    def loss(x):
        return jnp.sum(tp.amplitude_encoding(x)[0].params[0] ** 3)

    batch = jnp.array([[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0]])
    values, gradients = jax.vmap(jax.value_and_grad(loss))(batch)
    assert values[0] == 1
    assert np.all(np.isfinite(gradients))
    np.testing.assert_array_equal(gradients[0], 0)


@pytest.mark.parametrize("ranges", [None, (2, 1, 2, 1, 2), (1, 1, 1, 1, 1), (1, 2, 2, 1, 1)])
def test_strongly_entangling_layers_follow_their_definition(ranges):
    n, layers = 3, 5
    params = np.random.default_rng(3).normal(size=tp.strongly_entangling_shape(n, layers))
    gates = []
    for k in range(layers):
        r = ranges[k] if ranges else 1 + k % (n - 1)
        for q in range(n):
            phi, theta, omega = params[k, q]
            gates += [qj.RZ(phi, q), qj.RY(theta, q), qj.RZ(omega, q)]
        gates += [qj.CNOT(q, (q + r) % n) for q in range(n)]
    expected = reference.state(qj.Circuit(n, gates))
    got = reference.state(tp.strongly_entangling(params, ranges))
    np.testing.assert_allclose(got, expected, atol=1e-13)


def test_strongly_entangling_works_on_one_and_two_qubits():
    assert tp.strongly_entangling(np.zeros((4, 1, 3))).counts() == {"RZ": 8, "RY": 4}
    assert tp.strongly_entangling(np.zeros((4, 2, 3))).counts()["CX"] == 8


def test_brickwork_is_even_bonds_then_odd_bonds():
    n = 4
    params = np.random.default_rng(4).normal(size=tp.brickwork_su4_shape(n, 2)) / 4
    state = np.eye(2**n)[:, 0]
    for layer in params:
        for k in (0, 2, 1):
            words = [reference.word_matrix(w) for w in reference.SU4_WORDS]
            gate = reference.expi(sum(c * w for c, w in zip(layer[k], words, strict=True)))
            state = reference.kron(np.eye(2**k), gate, np.eye(2 ** (n - 2 - k))) @ state
    np.testing.assert_allclose(reference.state(tp.brickwork_su4(params)), state, atol=1e-12)


def test_hardware_efficient_follows_its_definition():
    n, layers = 3, 2
    params = np.random.default_rng(5).normal(size=tp.hardware_efficient_shape(n, layers))
    gates = []
    for k in range(layers + 1):
        for q in range(n):
            gates += [qj.RY(params[k, q, 0], q), qj.RZ(params[k, q, 1], q)]
        if k < layers:
            gates += [qj.CZ(0, 1), qj.CZ(1, 2)]
    expected = reference.state(qj.Circuit(n, gates))
    np.testing.assert_allclose(reference.state(tp.hardware_efficient(params)), expected, atol=1e-13)


@pytest.mark.parametrize("features", [1, 3, 5])
@pytest.mark.parametrize("layers", [1, 3])
def test_data_reuploading_follows_its_definition(features, layers):
    n, rng = 2, np.random.default_rng(6)
    shape = tp.data_reuploading_shape(features, n, layers)
    x, w, b = rng.normal(size=features), rng.normal(size=shape), rng.normal(size=shape)
    gates = []
    for k in range(layers):
        for start in range(0, shape[2], 3):
            for q in range(n):
                data = [x[i] if i < features else 0.0 for i in range(start, start + 3)]
                part = slice(start, start + 3)
                gates.append(qj.U3(*(b[k, q, part] + w[k, q, part] * data), q))
        if k < layers - 1:
            gates.append(qj.CZ(0, 1))
    expected = reference.state(qj.Circuit(n, gates))
    np.testing.assert_allclose(reference.state(tp.data_reuploading(x, w, b)), expected, atol=1e-13)


def dense_qaoa(energies, gammas, betas):
    n = int(np.log2(len(energies)))
    state = np.full(2**n, 2 ** (-n / 2))
    for gamma, beta in zip(gammas, betas, strict=True):
        mixer = reference.kron(*[reference.pauli_rotation(2 * beta, "X")] * n)
        state = mixer @ (np.exp(-1j * gamma * energies) * state)
    return state


def test_qaoa_follows_its_definition():
    gammas, betas = [0.4, -0.7, 1.1], [0.6, 0.3, -0.2]
    edges = [(0, 1), (1, 2), (2, 3), (3, 0)]
    energies = np.diag(maxcut(edges).matrix()).real
    got = reference.state(tp.qaoa(edges, gammas, betas))
    assert_same_up_to_phase(got, dense_qaoa(energies, gammas, betas))
    cost = 0.3 * qj.Z(0) @ qj.Z(1) @ qj.Z(2) - 1.5 * qj.Z(1) + 2.0 * qj.Z(0) @ qj.Z(2)
    got = reference.state(tp.qaoa(cost, gammas, betas))
    energies = np.diag(cost.matrix()).real
    np.testing.assert_allclose(got, dense_qaoa(energies, gammas, betas), atol=1e-13)
    assert tp.qaoa(cost, gammas, betas, n=5).n == 5


def test_qaoa_of_one_layer_has_the_known_energy_on_a_triangle_free_regular_graph():
    # Wang, Hadfield, Jiang and Rieffel, arXiv:1706.02998: for a ring (degree 2, no triangles) one
    # layer cuts at best 3/4 of the edges, at gamma = pi/4 and beta = pi/8 for C = sum ZZ / 2.
    n = 6
    edges = [(k, (k + 1) % n) for k in range(n)]
    probabilities = []
    for sign in (1, -1):
        state = reference.state(tp.qaoa(edges, [np.pi / 4], [sign * np.pi / 8]))
        energies = np.diag(maxcut(edges).matrix()).real
        probabilities.append(float(np.abs(state) ** 2 @ energies))
    assert min(probabilities) == pytest.approx(-0.75 * n, abs=1e-12)


def built(seed, dtype):
    """Every template with data and parameters of one dtype, as functions of one vector."""
    rng = np.random.default_rng(seed)

    def draw(shape):
        return jnp.asarray(rng.normal(size=shape), dtype)

    shape = tp.data_reuploading_shape(2, 2, 3)
    return {
        "real_amplitudes": (tp.real_amplitudes, draw(tp.real_amplitudes_shape(3, 2))),
        "efficient_su2": (tp.efficient_su2, draw(tp.efficient_su2_shape(3, 2))),
        "hardware_efficient": (tp.hardware_efficient, draw(tp.hardware_efficient_shape(3, 2))),
        "strongly_entangling": (tp.strongly_entangling, draw(tp.strongly_entangling_shape(3, 3))),
        "brickwork_su4": (tp.brickwork_su4, draw(tp.brickwork_su4_shape(3, 2))),
        "qaoa": (lambda p: tp.qaoa([(0, 1), (1, 2)], p[0], p[1]), draw((2, 3))),
        "data_reuploading": (lambda p: tp.data_reuploading(p[0, 0, :2], p, p), draw(shape)),
        "angle_encoding": (tp.angle_encoding, draw(3)),
        "amplitude_encoding": (tp.amplitude_encoding, draw(5)),
        "iqp_encoding": (tp.iqp_encoding, draw(3)),
        "zz_feature_map": (tp.zz_feature_map, draw(3)),
    }


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("name", list(built(0, jnp.float64)))
def test_templates_are_traced_and_batched_in_any_precision(name, dtype):
    build, params = built(7, dtype)[name]
    eager = build(params)
    traced = jax.jit(build)(params)
    assert jax.tree.structure(eager) == jax.tree.structure(traced)
    tolerance = 1e-5 if dtype == jnp.float32 else 1e-12
    np.testing.assert_allclose(reference.state(eager), reference.state(traced), atol=tolerance)
    batch = jax.vmap(build)(jnp.stack([params, params]))
    assert jax.tree.structure(batch) == jax.tree.structure(eager)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (tp.real_amplitudes, tp.real_amplitudes_shape),
        (tp.efficient_su2, tp.efficient_su2_shape),
        (tp.hardware_efficient, tp.hardware_efficient_shape),
        (tp.strongly_entangling, tp.strongly_entangling_shape),
        (tp.brickwork_su4, tp.brickwork_su4_shape),
        (lambda p: tp.data_reuploading(np.ones(2), p, p), lambda n, k: (k, n, 3)),
        (lambda p: tp.qaoa([(0, 1), (1, 2), (2, 3)], p, p), lambda n, k: (k,)),
    ],
)
def test_structures_do_not_grow_with_depth(build, shape):
    sizes = [len(jax.tree.leaves(build(np.zeros(shape(4, layers))))) for layers in (9, 90)]
    assert sizes[0] == sizes[1]


def test_coefficients_of_a_cost_may_be_traced():
    def final(c):
        return tp.qaoa(ising({(0, 1): c, (1, 2): 1.0}), [0.4], [0.6])

    circuit = jax.jit(final)(jnp.array(0.5, jnp.float32))
    expected = final(0.5)
    np.testing.assert_allclose(reference.state(circuit), reference.state(expected), atol=1e-7)


ONES = np.ones
MISUSE = [
    (lambda: tp.real_amplitudes(ONES(6)), ParameterError, "shape (layers + 1, n)"),
    (lambda: tp.real_amplitudes(ONES((0, 3))), ParameterError, "real_amplitudes_shape"),
    (lambda: tp.real_amplitudes([[1.0], [1.0, 2.0]]), ParameterError, "array of real numbers"),
    (lambda: tp.real_amplitudes(ONES((2, 2)) * np.nan), ParameterError, "must be finite"),
    (lambda: tp.real_amplitudes(ONES((2, 2)) * 1j), ParameterError, "real numbers"),
    (lambda: tp.real_amplitudes(ONES((2, 2)), "ring"), ParameterError, "one of linear"),
    (lambda: tp.real_amplitudes(ONES((2, 2)), [(0, 2)]), QubitError, "beyond the 2 qubits"),
    (lambda: tp.real_amplitudes(ONES((2, 2)), [(0, 0)]), QubitError, "once only"),
    (lambda: tp.real_amplitudes(ONES((2, 2)), [(0, 1, 1)]), ParameterError, "pairs of qubits"),
    (lambda: tp.real_amplitudes(ONES((2, 2)), 3), ParameterError, "pairs of qubits"),
    (lambda: tp.efficient_su2(ONES((2, 3))), ParameterError, "shape (layers + 1, 2, n)"),
    (lambda: tp.hardware_efficient(ONES((2, 3, 3))), ParameterError, "(layers + 1, n, 2)"),
    (lambda: tp.strongly_entangling(ONES((2, 3, 2))), ParameterError, "(layers, n, 3)"),
    (lambda: tp.strongly_entangling(ONES((2, 3, 3)), [1]), ParameterError, "one distance"),
    (lambda: tp.strongly_entangling(ONES((1, 3, 3)), [3]), ParameterError, "from 1 to 2"),
    (lambda: tp.brickwork_su4(ONES((2, 3, 16))), ParameterError, "(layers, n - 1, 15)"),
    (
        lambda: tp.data_reuploading(ONES(4), ONES((2, 2, 4)), ONES((2, 2, 4))),
        ParameterError,
        "data_reuploading_shape(4, n, layers)",
    ),
    (
        lambda: tp.data_reuploading(ONES(3), ONES((2, 2, 3)), ONES((2, 1, 3))),
        ParameterError,
        "data_reuploading: biases",
    ),
    (lambda: tp.qaoa([(0, 1)], [0.1, 0.2], [0.1]), ParameterError, "qaoa: betas"),
    (lambda: tp.qaoa([(0, 1)], 0.1, 0.1), ParameterError, "qaoa: gammas"),
    (lambda: tp.qaoa(qj.X(0) + qj.Z(1), [0.1], [0.1]), ObservableError, "must be diagonal"),
    (lambda: tp.qaoa(1j * qj.Z(1), [0.1], [0.1]), ObservableError, "real coefficients"),
    (lambda: tp.qaoa([(0, 3)], [0.1], [0.1], n=3), ParameterError, "at least 4"),
    (lambda: tp.angle_encoding(0.3), ParameterError, "shape (n,)"),
    (lambda: tp.angle_encoding(ONES(2), "W"), ParameterError, "axis must be"),
    (lambda: tp.basis_encoding("012"), ParameterError, "zeros and ones"),
    (lambda: tp.basis_encoding([]), ParameterError, "zeros and ones"),
    (lambda: jax.jit(tp.basis_encoding)(jnp.array([0, 1])), ParameterError, "angle_encoding"),
    (lambda: tp.amplitude_encoding(np.zeros(4)), DataError, "zeros only"),
    (lambda: tp.amplitude_encoding([1.0, np.inf]), DataError, "infinity"),
    (lambda: tp.amplitude_encoding(ONES((2, 2))), ParameterError, "flatten images"),
    (lambda: tp.amplitude_encoding(ONES(5), n=2), ParameterError, "at least 3"),
    (lambda: tp.amplitude_encoding(["a"]), ParameterError, "vector of numbers"),
    (lambda: tp.iqp_encoding(ONES((2, 2))), ParameterError, "batch with jax.vmap"),
    (lambda: tp.iqp_encoding(ONES(2), layers=0), ParameterError, "iqp_encoding: layers"),
    (lambda: tp.zz_feature_map(ONES(0)), ParameterError, "shape (n,)"),
]


@pytest.mark.parametrize("case", MISUSE, ids=lambda c: c[2][:32])
def test_misuse_is_explained(case):
    call, kind, message = case
    with pytest.raises(QjaxError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
