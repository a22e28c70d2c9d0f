"""Trees of two-qubit nodes, against circuits on density matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rich.console

import qjax as qj
from qjax.experiments import execute, find, override
from qjax.experiments.ttn_digits import PAIRS, TtnSettings, load_pairs, tree_order
from qjax.tensor import orthogonal_nodes, tree_bloch, tree_circuit


def unitaries(rng, count):
    z = rng.normal(size=(count, 4, 4)) + 1j * rng.normal(size=(count, 4, 4))
    return np.linalg.qr(z)[0]


def partial_trees(leaves, gates, strength):
    """The root's density matrix by Kronecker products and partial traces."""
    level = [np.outer(v, v.conj()) for v in leaves]
    gates = iter(gates)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = []
        for a, b in pairs:
            u = next(gates)
            rho = (u @ np.kron(a, b) @ u.conj().T).reshape(2, 2, 2, 2)
            kept = np.einsum("ikjk->ij", rho)
            level.append((1 - strength) * kept + strength * np.eye(2) / 2)
    return level[0]


@pytest.mark.parametrize("real", [True, False])
def test_roots_are_those_of_the_density_matrices(real):
    """Eight leaves, with and without depolarising nodes, real and complex; a batch at once."""
    rng = np.random.default_rng(0)
    gates, leaves = unitaries(rng, 7), rng.normal(size=(3, 8, 2))
    if real:
        gates = np.asarray(orthogonal_nodes(jnp.asarray(rng.normal(size=(7, 2, 4)))))
    else:
        leaves = leaves + 1j * rng.normal(size=leaves.shape)
    leaves /= np.linalg.norm(leaves, axis=-1, keepdims=True)
    paulis = [np.array(p) for p in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
    for strength in (0.0, 0.3):
        got = tree_bloch(leaves, gates, strength)
        for vector, one in zip(got, leaves, strict=True):
            rho = partial_trees(one, gates, strength)
            expected = [np.trace(p @ rho).real for p in paulis]
            np.testing.assert_allclose(vector, expected, rtol=0, atol=1e-12)


def test_a_tree_is_a_circuit():
    """The root of four leaves, by the statevector; with noise, by the density matrix."""
    rng = np.random.default_rng(1)
    gates, angles = unitaries(rng, 3), rng.normal(size=4)
    leaves = np.stack([np.cos(angles / 2), np.sin(angles / 2)], axis=-1)
    start = qj.Circuit(4, [qj.RY(angles[q], q) for q in range(4)])
    tree = tree_circuit(gates)
    words = [qj.X(0), qj.Y(0), qj.Z(0)]
    expected = qj.expval(start + tree, words)
    np.testing.assert_allclose(tree_bloch(leaves + 0j, gates), expected, rtol=0, atol=1e-12)
    strength = 0.2  # (1 - l) rho + l I/2 is a Pauli error with probability 3 l / 4
    noisy = list(start.ops)
    for op in tree.ops:
        noisy += [op, qj.Depolarizing(0.75 * strength, op.targets[0])]
    expected = qj.expval(qj.Circuit(4, noisy), words, sim=qj.DensityMatrix())
    got = tree_bloch(leaves + 0j, gates, strength)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_quaternions_give_every_kind_of_rotation():
    """Orthogonal, of determinant one, and with the six dimensions of all rotations."""
    q = jnp.asarray(np.random.default_rng(2).normal(size=(5, 2, 4)))
    r = np.asarray(orthogonal_nodes(q))
    np.testing.assert_allclose(r @ r.transpose(0, 2, 1), np.tile(np.eye(4), (5, 1, 1)), atol=1e-14)
    np.testing.assert_allclose(np.linalg.det(r), 1, rtol=0, atol=1e-13)
    slope = np.asarray(jax.jacobian(lambda x: orthogonal_nodes(x).reshape(-1))(q[0]))
    assert np.linalg.matrix_rank(slope.reshape(16, 8), tol=1e-10) == 6


def test_what_does_not_fit_a_tree():
    """Errors name what they expect."""
    eye = jnp.eye(4)[None]
    with pytest.raises(qj.errors.ParameterError, match="binary tree"):
        tree_bloch(jnp.ones((3, 2)), jnp.tile(eye, (2, 1, 1)))
    with pytest.raises(qj.errors.ParameterError, match="complex"):
        tree_bloch(jnp.ones((2, 2), complex), eye)
    with pytest.raises(qj.errors.ParameterError, match="binary tree"):
        tree_circuit(jnp.tile(eye, (2, 1, 1)))


def test_pixels_meet_their_neighbours():
    """In the tree's order the first node joins two pixels of a row, the third level squares of
    four, and every pixel occurs once."""
    order = tree_order()
    assert sorted(order) == list(range(64))
    assert list(order[:4]) == [0, 1, 8, 9]
    assert list(order[16:20]) == [4, 5, 12, 13]


def test_pairs_hold_all_their_images_once():
    """Signs by digit, padding never teaches, the shares are as asked."""
    settings = TtnSettings(seeds=2, pairs=3)
    data, chosen = load_pairs(jax.random.key(0), settings)
    signs, training = np.asarray(data.signs), np.asarray(data.training)
    for k, members in enumerate(chosen):
        assert np.count_nonzero(signs[k]) == len(members)
        np.testing.assert_array_equal(training[:, k].sum(-1), [round(0.7 * len(members))] * 2)
    assert not training[:, signs == 0].any()
    assert PAIRS[2] == (0, 3)


def ttn_rows(tmp_path, changes):
    chosen = find("ttn-digits")
    with open(tmp_path / "console.txt", "w") as file, jax.numpy_dtype_promotion("standard"):
        console = rich.console.Console(file=file)
        return execute(chosen, override(chosen.settings, changes), out=tmp_path, console=console)


def test_the_experiment_runs_in_its_quick_form(tmp_path):
    """Two pairs in five steps are better than chance."""
    rows = ttn_rows(tmp_path, find("ttn-digits").quick)
    assert rows[0].median > 0.6
    assert len(rows) == 4


@pytest.mark.verify
def test_digits_by_trees(tmp_path):
    """All 45 pairs: 95 % at least, and less than two points lost by trees that were taught under
    strong noise."""
    rows = ttn_rows(tmp_path, ["seeds=1"])
    asked = {r.quantity: r.reproduced for r in rows if r.accept}
    assert asked["mean test accuracy over 45 pairs, noise 0"]
    assert asked["points lost at noise 0.4, taught under noise 0.4"]
