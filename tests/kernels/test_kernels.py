"""Kernels against dense NumPy states, closed forms and statistics of shots."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

import qjax as qj
from qjax.errors import DataError, KeyRequiredError, ParameterError, ShotsError, UnsupportedError
from qjax.kernels import (
    FidelityKernel,
    ProjectedKernel,
    centred,
    concentration,
    covariant_encoding,
    graph_fiducial,
    kernel_target_alignment,
)
from qjax.kernels.gram import of_all_pairs, product

MIXED = pytest.param(qj.DensityMatrix(), marks=pytest.mark.verify)
CHAIN = pytest.param(qj.MPS(4), marks=pytest.mark.verify)
POINTS = np.random.default_rng(0).uniform(0, np.pi, (5, 3))
OTHERS = np.random.default_rng(1).uniform(0, np.pi, (2, 3))


def zz_state(x):
    """The ZZ feature map of 3 features twice, from its definition."""
    n = len(x)
    signs = np.array([[1 - 2 * (k >> (n - 1 - q) & 1) for q in range(n)] for k in range(2**n)])
    phase = sum(x[q] * (1 - signs[:, q]) for q in range(n)) - sum(
        (np.pi - x[i]) * (np.pi - x[j]) * signs[:, i] * signs[:, j]
        for i in range(n)
        for j in range(i + 1, n)
    )
    hadamard = np.array([[1.0]])
    for _ in range(n):
        hadamard = np.kron(hadamard, np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    state = np.eye(2**n)[0]
    for _ in range(2):
        state = np.exp(1j * phase) * (hadamard @ state)
    return state


def dense(x, z):
    a, b = (np.array([zz_state(p) for p in points]) for points in (x, z))
    return abs(a.conj() @ b.T) ** 2


@pytest.mark.parametrize("sim", [qj.Statevector(), CHAIN, MIXED], ids=repr)
def test_fidelities_are_those_of_dense_states_on_every_simulator(sim):
    kernel = FidelityKernel(qj.templates.zz_feature_map, sim)
    np.testing.assert_allclose(kernel(POINTS), dense(POINTS, POINTS), atol=1e-10)
    np.testing.assert_allclose(kernel(POINTS, OTHERS), dense(POINTS, OTHERS), atol=1e-10)


def test_a_symmetric_matrix_is_made_of_its_upper_blocks():
    rows = np.random.default_rng(0).normal(size=(517, 3))
    seen = []

    def block(a, b):
        seen.append(a.shape[0] * b.shape[0])
        return product(a, b)

    np.testing.assert_allclose(of_all_pairs(block, jnp.asarray(rows)), rows @ rows.T, atol=1e-12)
    assert sum(seen) < 0.6 * 517**2
    seen.clear()
    of_all_pairs(block, jnp.asarray(rows), jnp.asarray(rows[:3]))
    assert seen == [517 * 3]


def test_real_circuits_are_compared_in_real_arithmetic():
    kernel = FidelityKernel(qj.templates.angle_encoding)
    assert kernel.embed(jnp.asarray(POINTS)).shape == (5, 1, 8)
    differences = POINTS[:, None] - POINTS[None]
    np.testing.assert_allclose(
        kernel(POINTS), np.prod(np.cos(differences / 2) ** 2, axis=-1), atol=1e-12
    )


def test_noise_lowers_the_overlap_as_its_closed_form_says():
    def encoding(x):
        return qj.Circuit(1, [qj.RY(x[0], 0), qj.Depolarizing(0.3, 0)])

    x = np.array([[0.2], [1.5]])
    kernel = FidelityKernel(encoding, qj.DensityMatrix())
    shrink = 1 - 4 * 0.3 / 3  # of the Bloch vector
    expected = (1 + shrink**2 * np.cos(x - x.T)) / 2
    np.testing.assert_allclose(kernel(x), expected, atol=1e-12)


@pytest.mark.parametrize("sim", [qj.Statevector(), MIXED], ids=repr)
def test_shots_scatter_about_the_exact_entries_as_binomials_do(sim):
    kernel, key, shots = FidelityKernel(qj.templates.zz_feature_map, sim), jax.random.key(3), 200
    exact = dense(POINTS, POINTS)
    drawn = np.stack([kernel(POINTS, key=k, shots=shots) for k in jax.random.split(key, 100)])
    assert (drawn == np.swapaxes(drawn, 1, 2)).all()
    np.testing.assert_allclose(drawn.mean(axis=0), exact, atol=0.03)
    swap = isinstance(sim, qj.DensityMatrix)
    variance = (1 - exact**2 if swap else exact * (1 - exact)) / shots
    # A sample variance of 100 draws scatters by sqrt(2 / 99) of itself; 5 sigma of the mean of ten.
    pairs = np.triu_indices(len(POINTS), 1)
    ratios = drawn.var(axis=0, ddof=1)[pairs] / variance[pairs]
    assert abs(ratios.mean() - 1) < 5 * np.sqrt(2 / 99 / len(ratios))


def test_the_projected_kernel_is_a_gaussian_of_reduced_states():
    kernel = ProjectedKernel(qj.templates.zz_feature_map, gamma=0.7)

    def reduced(x):
        state = zz_state(x).reshape(2, 2, 2)
        axes = [[k for k in range(3) if k != q] for q in range(3)]
        return [np.tensordot(state, state.conj(), (a, a)) for a in axes]

    a, b = ([reduced(x) for x in points] for points in (POINTS, OTHERS))
    distances = [[sum(np.sum(abs(p - q) ** 2) for p, q in zip(x, z)) for z in b] for x in a]  # noqa: B905
    np.testing.assert_allclose(kernel(POINTS, OTHERS), np.exp(-0.7 * np.array(distances)))


@pytest.mark.verify
def test_the_projected_kernel_from_shots_is_near_the_exact_one():
    kernel = ProjectedKernel(qj.templates.zz_feature_map, gamma=0.7)
    estimated = kernel(POINTS, OTHERS, key=jax.random.key(0), shots=20_000)
    np.testing.assert_allclose(estimated, kernel(POINTS, OTHERS), atol=0.05)
    trajectories = ProjectedKernel(qj.templates.angle_encoding, qj.Trajectories(2))
    exact = ProjectedKernel(qj.templates.angle_encoding)(POINTS)
    np.testing.assert_allclose(trajectories(POINTS, key=jax.random.key(0)), exact, atol=1e-9)


def test_scikit_learn_takes_a_kernel_as_a_function_and_as_a_matrix():
    draw = np.random.default_rng(2)
    x = draw.uniform(0, 2, (24, 3))
    y = np.where(x.sum(axis=1) > 3, 1, -1)
    kernel = FidelityKernel(qj.templates.angle_encoding)
    called = SVC(kernel=kernel).fit(x[:16], y[:16])
    given = SVC(kernel="precomputed").fit(kernel(x[:16]), y[:16])
    both = called.decision_function(x[16:]), given.decision_function(kernel(x[16:], x[:16]))
    np.testing.assert_allclose(*both, atol=1e-8)
    search = GridSearchCV(SVC(kernel=kernel), {"C": [0.1, 1.0]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.5
    assert copy.deepcopy(kernel) is kernel
    assert "_compiled" in kernel.__dict__
    assert "_compiled" not in kernel.__getstate__()


def test_alignment_is_what_its_definition_says_and_its_gradient_what_differences_say():
    y = np.array([1, -1, 1, 1, -1])

    def alignment(scale, centre=False):
        kernel = FidelityKernel(lambda x: qj.templates.angle_encoding(scale * x))
        return kernel_target_alignment(kernel(POINTS), y, centre=centre)

    k = np.prod(np.cos(0.6 * (POINTS[:, None] - POINTS[None]) / 2) ** 2, axis=-1)
    t = np.outer(y, y).astype(float)
    np.testing.assert_allclose(
        alignment(0.6), np.sum(k * t) / np.linalg.norm(k) / np.linalg.norm(t), rtol=1e-12
    )
    h = np.eye(5) - 1 / 5
    k, t = h @ k @ h, h @ t @ h
    np.testing.assert_allclose(
        alignment(0.6, True), np.sum(k * t) / np.linalg.norm(k) / np.linalg.norm(t), rtol=1e-12
    )
    np.testing.assert_allclose(centred(centred(jnp.asarray(k))), k, atol=1e-12)
    step = 1e-5
    slope = (alignment(0.6 + step) - alignment(0.6 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(alignment)(0.6), slope, rtol=1e-7)
    np.testing.assert_allclose(kernel_target_alignment(t, np.eye(2)[(y + 1) // 2], centre=True), 1)


def test_concentration_of_random_states_is_the_closed_form_of_haar():
    draw = np.random.default_rng(0)
    states = draw.normal(size=(400, 8)) + 1j * draw.normal(size=(400, 8))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    found = concentration(abs(states.conj() @ states.T) ** 2)
    np.testing.assert_allclose(found.mean, 1 / 8, rtol=0.02)
    np.testing.assert_allclose(found.variance, 7 / (64 * 9), rtol=0.05)
    np.testing.assert_allclose(found.shots, (7 / 64) / (7 / (64 * 9)), rtol=0.06)


def test_covariant_kernels_are_invariant_and_know_their_stabiliser():
    encoding = covariant_encoding(graph_fiducial(np.pi / 2, 3, [(0, 1), (1, 2)]))
    kernel = FidelityKernel(encoding)
    x_angles, z_angles = [np.pi, 0, np.pi], [0, np.pi, 0]
    one = np.zeros((3, 3))
    stabiliser = np.array([z_angles, x_angles, z_angles])  # Z X Z
    np.testing.assert_allclose(kernel(np.stack([one, stabiliser])), np.ones((2, 2)), atol=1e-12)
    error = np.array([x_angles, [0, 0, 0], [0, 0, 0]])
    assert kernel(one[None], error[None])[0, 0] < 1e-12


def test_the_resource_efficient_map_packs_features_and_entangles_linearly():
    circuit = qj.templates.resource_efficient_map(np.arange(7.0), 3, layers=2)
    assert circuit.n == 3
    assert circuit.counts() == {"H": 6, "RZ": 6, "RY": 6, "RX": 2, "CX": 12}
    x = np.random.default_rng(0).uniform(0, 1, (4, 7))
    found = FidelityKernel(lambda p: qj.templates.resource_efficient_map(p, 3))(x)
    assert np.linalg.eigvalsh(found).min() > -1e-12
    np.testing.assert_allclose(np.diag(found), 1)
    for wrong in ({"n": 0}, {"n": 3, "layers": 0}):
        with pytest.raises(ParameterError, match="at least 1"):
            qj.templates.resource_efficient_map(x[0], **wrong)


def test_misuse_is_told():
    kernel = FidelityKernel(qj.templates.angle_encoding)
    with pytest.raises(DataError, match=r"x must hold points as rows(.|\n)*reshape"):
        kernel(np.zeros(3))
    with pytest.raises(DataError, match="finite"):
        kernel(np.array([[np.nan]]))
    with pytest.raises(DataError, match="same features"):
        kernel(POINTS, POINTS[:, :2])
    with pytest.raises(KeyRequiredError):
        kernel(POINTS, shots=10)
    with pytest.raises(ShotsError):
        kernel(POINTS, key=jax.random.key(0), shots=0)
    with pytest.raises(UnsupportedError, match="states that can be compared"):
        FidelityKernel(qj.templates.angle_encoding, qj.Trajectories(3))
    with pytest.raises(UnsupportedError, match="cannot be differentiated"):
        jax.grad(lambda x: kernel(x, key=jax.random.key(0), shots=3).sum())(jnp.asarray(POINTS))
    with pytest.raises(ParameterError, match="gamma"):
        ProjectedKernel(qj.templates.angle_encoding, gamma=0)
    with pytest.raises(DataError, match="same points"):
        kernel_target_alignment(np.eye(3), np.ones(2))
    with pytest.raises(DataError, match="at least 3"):
        concentration(np.eye(2))
