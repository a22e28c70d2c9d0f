"""The experiments on kernels, diagnostics and robustness: their data, and their quick forms."""

import json
from functools import reduce
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import rich.console

import qjax as qj
from qjax.errors import DataError, ExperimentError
from qjax.experiments import adhoc_kernel as adhoc
from qjax.experiments import adversarial_digits as adversarial
from qjax.experiments import covariant_kernel as covariant
from qjax.experiments import effective_dimension as dimension
from qjax.experiments import execute, find, override
from qjax.experiments import qpc_causal as causal
from qjax.experiments import randomisation as random
from qjax.kernels import FidelityKernel, independence_test
from qjax.train import align

NAMES = [
    "adhoc-kernel",
    "effective-dimension",
    "covariant-kernel",
    "qpc-causal",
    "adversarial-digits",
    "randomisation",
]
KEY = jax.random.key(0)


@pytest.fixture
def as_installed():
    """JAX as a user of the command line has it."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


def check_run(name, folder):
    experiment = find(name)
    with open(folder / "console.txt", "w") as file:
        console = rich.console.Console(file=file, width=140)
        settings = override(experiment.settings, experiment.quick)
        rows = execute(experiment, settings, out=folder, console=console)
    assert any(row.baseline for row in rows)
    assert all(np.isfinite(row.ours).all() for row in rows)
    assert all(np.isfinite(number) for row in rows for _, number in row.baseline)
    (run,) = folder.glob(f"{name}-*")
    assert json.loads((run / "result.json").read_text())["rows"]
    pictures = list(run.glob("*.png"))
    assert pictures
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)
    assert list(run.glob("*.qasm"))
    assert "not written" not in Path(folder / "console.txt").read_text()


@pytest.mark.verify
@pytest.mark.usefixtures("as_installed")
@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_runs_end_to_end_at_reduced_size(name, tmp_path):
    check_run(name, tmp_path)


# --- adhoc-kernel ---


def test_the_labels_are_those_of_the_parity_behind_a_random_unitary():
    v = adhoc.haar_unitary(np.random.default_rng(0), 4)
    np.testing.assert_allclose(v.conj().T @ v, np.eye(4), atol=1e-12)
    data = adhoc.draw_set(np.random.default_rng(1), 6)
    assert data.x.shape == data.x_test.shape == (12, 2)
    v = adhoc.haar_unitary(np.random.default_rng(1), 4)
    for x, y in zip(data.x, data.y, strict=True):
        state = v @ np.asarray(qj.run(adhoc.encoding(x)))
        assert y * np.sum(np.array([1, -1, -1, 1]) * abs(state) ** 2) > adhoc.GAP - 1e-9


# --- effective-dimension ---


def test_the_networks_have_forty_parameters_and_probabilities():
    w, x = jnp.linspace(-1, 1, 40), jnp.array([0.1, -0.4, 0.9, 0.3])
    hidden = np.asarray(w[:16]).reshape(4, 4) @ np.asarray(x)
    for layer in (np.asarray(w[16:32]).reshape(4, 4), np.asarray(w[32:]).reshape(2, 4)):
        hidden = layer @ np.where(hidden > 0, hidden, 0.01 * hidden)
    for found, last in ((dimension.classical, hidden), (dimension.bounded, np.tanh(hidden))):
        scores = np.exp(last)
        np.testing.assert_allclose(found(w, x), scores / scores.sum(), rtol=1e-12)
    state = qj.run(dimension.encoding(x, True))
    p = np.asarray(qj.probs(dimension.network(w, state)))
    even = [k for k in range(16) if k.bit_count() % 2 == 0]
    np.testing.assert_allclose(dimension.quantum(w, state), [p[even].sum(), 1 - p[even].sum()])
    assert {len(v) for v in dimension.PUBLISHED.values()} == {len(dimension.SAMPLES)} == {11}


# --- covariant-kernel ---


def test_euler_angles_and_stabilisers_are_what_they_say():
    draw = np.random.default_rng(0)
    u = np.concatenate([covariant.rotations(draw, (5,), 3.0), 1j * covariant.PAULI])
    for angles, matrix in zip(covariant.euler(u), u, strict=True):
        made = np.asarray(qj.unitary(qj.Circuit(1, [qj.U3(*angles, 0)])))
        np.testing.assert_allclose(abs(np.vdot(made, matrix)), 2, rtol=1e-9)
    n = 4
    state = np.asarray(qj.run(qj.kernels.graph_fiducial(np.pi / 2, n, covariant.edges(n))))
    for element in covariant.stabilisers(draw, 6, n):
        moved = reduce(np.kron, element) @ state
        np.testing.assert_allclose(abs(np.vdot(state, moved)), 1, rtol=1e-9)


def test_alignment_finds_the_angle_at_which_the_kernel_knows_the_labels():
    """``RY(w x)`` on x = ±1 with labels of the sign: best where the states are orthogonal."""
    x, y = jnp.array([[1.0], [-1.0], [1.0], [-1.0]]), jnp.array([1.0, -1.0, 1.0, -1.0])

    def make(w):
        return FidelityKernel(lambda p: qj.templates.angle_encoding(w * p))

    found = align(make, jnp.array(0.5), x, y, optimiser=optax.adam(0.1), steps=60, batch=3, key=KEY)
    np.testing.assert_allclose(found.params, np.pi / 2, atol=0.1)
    assert found.path.shape == found.alignment.shape == (60,)
    with pytest.raises(ExperimentError, match="batch"):
        align(make, 0.5, x, y, optimiser=optax.adam(0.1), steps=3, batch=3)
    with pytest.raises(ExperimentError, match="steps"):
        align(make, 0.5, x, y, optimiser=optax.adam(0.1), steps=0)


# --- qpc-causal ---


def test_the_tests_of_independence_keep_their_level_and_have_power():
    def p_values(x, y, z):
        kx, ky, kz = (causal.gaussian(v, 1.0) for v in (x, y, z))
        return jnp.stack([independence_test(kx, ky), independence_test(kx, ky, kz)])

    def sets(key, strength, common):
        x, y, z = jax.random.normal(key, (3, 400, 40))
        x, y = x + common * 2 * z, strength * jnp.sin(2 * x) + y + common * 2 * z
        spread = [v / jnp.std(v, axis=1, keepdims=True) for v in (x, y, z)]
        return np.asarray(jax.jit(jax.vmap(p_values))(*spread))

    nothing = sets(KEY, 0.0, 0.0)
    share = (nothing < 0.05).mean(axis=0)
    assert 0.02 < share[0] < 0.09
    assert share[1] < 0.09
    assert (sets(KEY, 3.0, 0.0)[:, 0] < 0.05).mean() > 0.9
    fork = sets(KEY, 0.0, 1.0)
    assert (fork[:, 0] < 0.05).mean() > 0.9
    assert (fork[:, 1] < 0.05).mean() < 0.3
    with pytest.raises(DataError, match="one shape"):
        independence_test(np.eye(3), np.eye(4))


def test_the_skeleton_follows_from_the_tests():
    low, high = 0.001, 0.9
    chain = [[low, low, low], [high, low, low]]
    collider = [[high, low, low], [low, low, low]]
    alone = [[high, low, high], [high, low, high]]
    found = causal.skeleton(np.array([chain, collider, alone]), 0.05)
    np.testing.assert_array_equal(
        found.edges, [[False, True, True], [False, True, True], [False, True, False]]
    )
    np.testing.assert_array_equal(found.collider, [False, True, False])
    data = causal.draw_sets(KEY, "collider", 3, 50, 0.4)
    np.testing.assert_allclose(data.std(axis=1), 1, rtol=1e-9)


# --- adversarial-digits ---


def test_pixels_fill_the_blocks():
    w = adversarial.initial(KEY, 10)["w"]
    assert w.shape == (7, 3, 10)
    image = jnp.asarray(adversarial.load()[0][0])
    counts = adversarial.classifier(w, image).counts()
    assert counts == {"RX": 140, "RZ": 70, "CZ": 70}
    slope = jax.jacfwd(lambda x: jax.tree.leaves(adversarial.classifier(w, x))[0])(image)
    used = np.asarray(abs(slope).sum(axis=tuple(range(slope.ndim - 1)))) > 0
    assert used.sum() == 7  # the first leaf holds the first qubit's pixel of every block


# --- randomisation ---

# Couplings and labels of the training set of 20 states published with the paper.
PUBLISHED = """3.050 -3.248 1  .286 2.431 0  -1.384 -1.357 2  -.474 -1.750 0  3.574 1.540 1
-2.185 -3.136 2  1.156 -3.465 0  .952 4.000 0  -3.201 3.248 0  -.573 1.012 0  -.415 -3.319 0
2.810 .921 1  -.140 .298 3  -2.532 -.461 2  2.610 -2.722 1  3.320 -3.185 1  -3.888 1.240 2
-.144 -.644 3  -1.945 -1.107 2  -3.467 1.746 2"""


def test_phases_are_those_of_the_published_labels():
    table = np.array(PUBLISHED.split(), float).reshape(-1, 3)
    np.testing.assert_array_equal(random.phase(table[:, 0], table[:, 1]), table[:, 2])


def test_the_hamiltonian_and_the_correlators_are_those_of_pauli_words():
    n, j1, j2 = random.QUBITS, 0.7, -1.3
    z = {q: np.diag([1.0, -1.0]) for q in range(n)}

    def word(letters):
        return reduce(np.kron, [letters.get(q, np.eye(2)) for q in range(n)])

    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    parts = [np.zeros((2**n, 2**n)) for _ in range(3)]
    for q in range(n):
        a, b = (q + 1) % n, (q + 2) % n
        parts[0] += word({q: z[q]})
        parts[1] += word({q: x, a: x})
        parts[2] += word({q: x, a: z[a], b: x})
    full = parts[0] - j1 * parts[1] - j2 * parts[2]
    np.testing.assert_allclose(random.hamiltonian(j1, j2), full, atol=1e-12)
    state = np.random.default_rng(0).normal(size=2**n)
    state /= np.linalg.norm(state)
    expected = [state @ p @ state / n for p in parts]
    np.testing.assert_allclose(random.correlators(state[None])[0], expected, atol=1e-12)
    w = jnp.linspace(0, 1, random.PARAMETERS)
    assert random.network(w, jnp.asarray(state)).num_params() == 2**n + 13 * 13 + 6 * 3
