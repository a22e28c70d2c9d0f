"""QAOA against dense matrix exponentials, circuits, and the closed form of one layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qjax as qj
from qjax.combinatorial import (
    BinaryProblem,
    cvar,
    maxcut_problem,
    qaoa_energy,
    qaoa_state,
    random_regular,
    regular_graph_angles,
    regular_graph_cut,
)
from qjax.combinatorial.qaoa_angles import one_layer_cut
from qjax.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
VERIFY = pytest.mark.verify
X, Z = np.array([[0, 1.0], [1, 0]]), np.diag([1.0, -1])


def on(matrix, q, n):
    return np.kron(np.kron(np.eye(2**q), matrix), np.eye(2 ** (n - q - 1)))


def dense(energies, gammas, betas, start=None):
    """From the definition: exponentials of dense matrices."""
    n = len(energies).bit_length() - 1
    p = np.full(n, 0.5) if start is None else np.asarray(start)
    psi = np.ones(1, complex)
    for x in p:
        psi = np.kron(psi, [np.sqrt(1 - x), np.sqrt(x)])
    betas = np.broadcast_to(np.asarray(betas).T, (n, len(gammas))).T
    for gamma, beta in zip(gammas, betas, strict=True):
        psi = np.exp(-1j * gamma * energies) * psi
        for q in range(n):
            axis = (1 - 2 * p[q]) * Z + 2 * np.sqrt(p[q] * (1 - p[q])) * X
            psi = on(expm(-1j * beta[q] * axis), q, n) @ psi
    return psi


PROBLEMS = {
    "even, even n": maxcut_problem(random_regular(6, 3, 1)),
    "even, odd n": maxcut_problem([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2)]),
    "even, 7": maxcut_problem([(k, (k + 2) % 7) for k in range(7)]),
    "with fields": BinaryProblem(RNG.normal(size=(5, 5))),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(k, marks=VERIFY) if k in ("even, 7", "even, even n") else k for k in PROBLEMS],
)
def test_state_and_energy_are_those_of_the_definition(name):
    problem = PROBLEMS[name]
    gammas, betas = RNG.normal(size=(2, 3))
    energies = problem.energies()
    psi = dense(energies, gammas, betas)
    np.testing.assert_allclose(qaoa_state(problem, gammas, betas), psi, atol=1e-12)
    mean = np.sum(np.abs(psi) ** 2 * energies)
    assert float(qaoa_energy(problem, gammas, betas)) == pytest.approx(mean, abs=1e-12)
    tail = float(cvar(jnp.abs(psi) ** 2, jnp.asarray(energies), 0.2))
    found = qaoa_energy(problem, gammas, betas, alpha=0.2)
    assert float(found) == pytest.approx(tail, abs=1e-10)


@pytest.mark.verify
def test_it_is_the_circuit_of_the_template():
    problem = PROBLEMS["with fields"]
    gammas, betas = RNG.normal(size=(2, 2))
    circuit = qj.templates.qaoa(problem.hamiltonian(), gammas, betas)
    found = qaoa_state(problem, gammas, betas)
    assert abs(np.vdot(qj.run(circuit), found)) == pytest.approx(1, abs=1e-12)


@pytest.mark.verify
def test_many_angles_are_one_for_each_word_and_qubit():
    problem = PROBLEMS["with fields"]
    words = [w for w in problem.hamiltonian().words if w]
    gammas, betas = RNG.normal(size=(2, len(words))), RNG.normal(size=(2, 5))
    psi = np.ones(32, complex) / np.sqrt(32)
    coeffs = dict(zip(problem.hamiltonian().words, problem.hamiltonian().coeffs, strict=True))
    for layer in range(2):
        phase = sum(
            g * coeffs[w] * np.diag(qj.PauliSum([w], np.ones(1)).matrix(5)).real
            for g, w in zip(gammas[layer], words, strict=True)
        )
        psi = np.exp(-1j * phase) * psi
        for q in range(5):
            psi = on(expm(-1j * betas[layer, q] * X), q, 5) @ psi
    found = qaoa_state(problem, gammas, betas)
    np.testing.assert_allclose(found, psi, atol=1e-12)
    even = PROBLEMS["even, odd n"]
    gammas = RNG.normal(size=(2, len(even.hamiltonian().words) - 1))
    mean = np.sum(np.abs(qaoa_state(even, gammas, betas)) ** 2 * even.energies())
    assert float(qaoa_energy(even, gammas, betas)) == pytest.approx(float(mean), abs=1e-12)


def test_a_warm_start_turns_about_the_relaxed_solution():
    problem, start = PROBLEMS["even, odd n"], np.array([0.1, 0.9, 0.3, 0.5, 0.75])
    gammas, betas = RNG.normal(size=(2, 2))
    psi = dense(problem.energies(), gammas, betas, start)
    found = qaoa_state(problem, gammas, betas, start=start)
    np.testing.assert_allclose(found, psi, atol=1e-12)


@pytest.mark.verify
def test_the_gradient_is_that_of_finite_differences():
    for problem in (PROBLEMS["even, 7"], PROBLEMS["with fields"]):
        at = jnp.asarray(RNG.normal(size=(2, 3)))
        energy = jax.jit(lambda w, p=problem: qaoa_energy(p, w[0], w[1]))
        slope = jax.grad(energy)(at)
        h = 1e-6
        for k in np.ndindex(2, 3):
            d = jnp.zeros((2, 3)).at[k].set(h)
            difference = (energy(at + d) - energy(at - d)) / (2 * h)
            assert float(slope[k]) == pytest.approx(float(difference), abs=1e-7)


@pytest.mark.verify
@pytest.mark.parametrize(
    "name", ["even, odd n", *(pytest.param(n, marks=VERIFY) for n in ("even, 7", "with fields"))]
)
def test_undoing_the_layers_gives_the_same_gradient(name):
    problem = PROBLEMS[name]
    at = jnp.asarray(RNG.normal(size=(2, 3)))
    values = jnp.asarray(problem.energies())
    even = name != "with fields"

    def both(gradient):
        def energy(w, v):
            return qaoa_energy(v, w[0], w[1], even=even, gradient=gradient, alpha=0.5)

        return jax.jit(jax.value_and_grad(energy, (0, 1)))(at, values)

    for a, b in zip(
        *(jax.tree.leaves(both(g)) for g in (qj.Backprop(), qj.Adjoint())), strict=True
    ):
        if a.shape == values.shape and even:  # only one half of the values is looked at
            a, b = a[: len(a) // 2], b[: len(b) // 2]
        np.testing.assert_allclose(a, b, atol=1e-11)


@pytest.mark.parametrize("rule", [pytest.param(qj.Backprop(), marks=VERIFY), qj.Adjoint()])
def test_phases_of_few_values_are_looked_up(rule):
    """A ring of eight has five cuts."""
    problem = maxcut_problem([(k, (k + 1) % 8) for k in range(8)])
    energies, at = problem.energies(), RNG.normal(size=(2, 2))

    def mean(w):
        return np.sum(np.abs(dense(energies, *w)) ** 2 * energies)

    value, slope = jax.jit(jax.value_and_grad(lambda w: qaoa_energy(problem, *w, gradient=rule)))(
        jnp.asarray(at)
    )
    assert float(value) == pytest.approx(mean(at), abs=1e-12)
    h = 1e-5
    for k in np.ndindex(2, 2):
        d = np.zeros((2, 2))
        d[k] = h
        assert float(slope[k]) == pytest.approx((mean(at + d) - mean(at - d)) / (2 * h), abs=1e-7)


@pytest.mark.verify
def test_undoing_many_angles_gives_the_same_gradient():
    problem = PROBLEMS["even, 7"]
    gammas, betas = jnp.asarray(RNG.normal(size=(2, 7))), jnp.asarray(RNG.normal(size=(2, 7)))
    a, b = (
        jax.grad(lambda g, b, r=rule: qaoa_energy(problem, g, b, gradient=r), (0, 1))(gammas, betas)
        for rule in (qj.Backprop(), qj.Adjoint())
    )
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, atol=1e-11)


def minimum(problem, start):
    """By Newton's method, to rounding."""

    def energy(w):
        return qaoa_energy(problem, w[:1], w[1:])

    step = jax.jit(lambda w: w - jnp.linalg.solve(jax.hessian(energy)(w), jax.grad(energy)(w)))
    w = jnp.asarray(start)
    for _ in range(8):
        w = step(w)
    return np.asarray(w), float(energy(w))


def test_the_closed_form_of_one_layer_is_a_stationary_point_of_its_value():
    seed = next(s for s in range(40) if not triangles(random_regular(10, 3, s)))
    edges = random_regular(10, 3, seed)
    problem = maxcut_problem(edges)
    at = jnp.asarray(regular_graph_angles(3))

    def energy(w):
        return qaoa_energy(problem, w[:1], w[1:], gradient=qj.Adjoint())

    value, slope = jax.value_and_grad(energy)(at)
    assert -float(value) / len(edges) == pytest.approx(regular_graph_cut(3), abs=1e-12)
    np.testing.assert_allclose(slope, 0, atol=1e-11)


@pytest.mark.verify
def test_the_best_single_layer_on_regular_graphs_is_the_closed_form():
    """Of random 3-regular graphs without triangles, from a start that is off by 0.1."""
    seeds = [s for s in range(40) if not triangles(random_regular(10, 3, s))][:2]
    for seed in seeds:
        edges = random_regular(10, 3, seed)
        gamma, beta = regular_graph_angles(3)
        found, energy = minimum(maxcut_problem(edges), [gamma + 0.1, beta - 0.1])
        np.testing.assert_allclose(found, [gamma, beta], atol=1e-6)
        assert -energy / len(edges) == pytest.approx(regular_graph_cut(3), abs=1e-9)


@pytest.mark.verify
def test_one_layer_on_any_graph_is_the_closed_form_with_triangles():
    edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 0), (1, 4), (5, 1)]
    problem = maxcut_problem(edges)
    for gamma, beta in RNG.normal(size=(4, 2)):
        found = -float(qaoa_energy(problem, [gamma], [beta]))
        assert found == pytest.approx(float(one_layer_cut(edges, gamma, beta)), abs=1e-11)


def triangles(edges):
    a = np.zeros((10, 10), int)
    for i, j in edges:
        a[i, j] = a[j, i] = 1
    return np.trace(a @ a @ a)


def test_cvar_is_the_mean_of_the_best():
    p, e = jnp.asarray([0.1, 0.4, 0.2, 0.3]), jnp.asarray([2.0, -1.0, 5.0, 0.0])
    assert float(cvar(p, e, 1.0)) == pytest.approx(float(jnp.dot(p, e)), abs=1e-15)
    assert float(cvar(p, e, 0.5)) == pytest.approx((0.4 * -1 + 0.1 * 0) / 0.5, abs=1e-14)
    assert float(cvar(p, e, 1e-6)) == pytest.approx(-1, abs=1e-9)


@pytest.mark.verify
def test_annealing_angles_help_from_layer_to_layer():
    from qjax.combinatorial import linear_ramp

    problem = PROBLEMS["even, even n"]
    values = [float(qaoa_energy(problem, *linear_ramp(p))) for p in (1, 2, 4, 8)]
    assert np.all(np.diff(values) < 0)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda p: qaoa_energy(np.ones(6), [0.1], [0.1]), DataError, "each bit string"),
        (lambda p: qaoa_energy(p, [0.1], [0.1, 0.2]), ParameterError, "betas"),
        (lambda p: qaoa_energy(p, np.ones((1, 2)), [0.1]), ParameterError, "gammas"),
        (lambda p: qaoa_energy(p, [0.1], [0.1], start=[0.5]), ParameterError, "start"),
        (lambda p: qaoa_energy(p, [0.1], [0.1], alpha=0.0), ParameterError, "alpha"),
        (lambda p: regular_graph_angles(1), ParameterError, "degree"),
    ],
)
def test_misuse_is_explained(call, kind, words):
    with pytest.raises(kind, match=words):
        call(PROBLEMS["with fields"])
