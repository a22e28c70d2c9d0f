"""Problems over bits: values, exact answers, penalties and reductions, each against enumeration."""

import itertools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_array

import qjax as qj
from qjax.combinatorial import (
    BinaryProblem,
    anneal,
    as_weighted_edges,
    assignment,
    augmented_lagrangian,
    brute_force,
    independent_set,
    knapsack,
    market_split,
    maxcut_problem,
    milp,
    random_access,
    random_regular,
    shrink,
    with_penalties,
)
from qjax.errors import CapacityError, DataError

RNG = np.random.default_rng(0)
EDGES = [(0, 1, 1.0), (1, 2, 2.0), (2, 3, 0.5), (3, 0, 1.5), (0, 2, 3.0)]


def strings(n):
    return list(itertools.product((0, 1), repeat=n))


def test_values_are_those_of_the_matrix_in_every_form():
    q = RNG.normal(size=(5, 5))
    problem = BinaryProblem(q, offset=0.7)
    expected = [np.array(x) @ q @ np.array(x) + 0.7 for x in strings(5)]
    np.testing.assert_allclose(problem.energies(), expected, atol=1e-12)
    np.testing.assert_allclose(problem.value(strings(5)), expected, atol=1e-12)
    diagonal = np.diag(problem.hamiltonian().matrix(5)).real
    np.testing.assert_allclose(diagonal, expected, atol=1e-12)


def test_graphs_in_every_form_are_one_graph():
    matrix = np.zeros((4, 4))
    for i, j, w in EDGES:
        matrix[i, j] = matrix[j, i] = w
    graph = SimpleNamespace(nodes=range(4), edges=lambda data, default: iter(EDGES))
    for given in (EDGES, matrix, jnp.asarray(matrix), csr_array(matrix), graph):
        assert sorted(as_weighted_edges(given)[1]) == sorted(
            (min(i, j), max(i, j), w) for i, j, w in EDGES
        )
    assert as_weighted_edges([(1, 0), (0, 1)], 2.0) == (2, [(0, 1, 4.0)])


def test_a_networkx_graph_is_taken_as_it_is():
    networkx = pytest.importorskip("networkx")
    graph = networkx.Graph()
    graph.add_edge("a", "b", weight=2.0)
    graph.add_edge("b", "c")
    assert as_weighted_edges(graph) == (3, [(0, 1, 2.0), (1, 2, 1.0)])


def test_named_problems_are_what_they_say():
    cut = maxcut_problem(EDGES)
    values, weights = RNG.integers(1, 9, 5), RNG.integers(1, 9, (2, 5))
    bag = knapsack(values, weights, [12, 10])
    vertices = independent_set(EDGES)
    costs = RNG.normal(size=(2, 2))
    jobs = assignment(costs)
    market = market_split([[3, 5, 2], [1, 4, 4]], [5, 5])
    for x in strings(4):
        assert cut.value(x) == pytest.approx(-sum(w for i, j, w in EDGES if x[i] != x[j]))
        assert vertices.feasible(x) == (not any(x[i] and x[j] for i, j, _ in EDGES))
        y = np.array(x).reshape(2, 2)
        assert jobs.feasible(x) == (np.all(y.sum(0) == 1) and np.all(y.sum(1) == 1))
        assert jobs.value(x) == pytest.approx(np.sum(costs * y))
    for x in strings(5):
        assert bag.value(x) == -np.dot(values, x)
        assert bag.feasible(x) == np.all(weights @ np.array(x) <= [12, 10])
    for x in strings(3):
        gap = np.array([[3, 5, 2], [1, 4, 4]]) @ np.array(x) - 5
        assert market.value(x) == pytest.approx(gap @ gap)


def test_quadratic_assignment_counts_pairs_of_jobs():
    flow, distance = RNG.integers(0, 5, (3, 3)), RNG.integers(1, 5, (3, 3))
    problem = assignment(np.einsum("wv,jk->wjvk", flow, distance).astype(float))
    best = min(
        sum(flow[w, v] * distance[p[w], p[v]] for w in range(3) for v in range(3))
        for p in itertools.permutations(range(3))
    )
    assert brute_force(problem).value == pytest.approx(best)
    assert milp(problem).value == pytest.approx(best)


@pytest.mark.parametrize(
    "problem",
    [
        maxcut_problem(EDGES),
        independent_set(random_regular(10, 3, 1)),
        knapsack([6, 5, 4, 7], [[3, 2, 2, 4], [1, 5, 2, 2]], [6, 7]),
        market_split(RNG.integers(0, 20, (2, 8)), [40, 35]),
        BinaryProblem(RNG.normal(size=(7, 7))),
    ],
    ids=lambda p: p.name or "random",
)
def test_both_exact_solvers_agree(problem):
    a, b = brute_force(problem), milp(problem)
    assert a.value == pytest.approx(b.value, abs=1e-9)
    assert problem.feasible(a.bits)
    assert problem.feasible(b.bits)
    assert problem.value(a.bits) == pytest.approx(a.value, abs=1e-12)


@pytest.mark.parametrize(
    "problem",
    [
        independent_set(EDGES),
        knapsack([6, 5, 4], [3, 2, 2], 5),
        assignment([[1.0, 3.0], [2.0, 1.0]]),
    ],
    ids=lambda p: p.name,
)
def test_penalties_keep_the_optimum_and_vanish_where_constraints_hold(problem):
    free = with_penalties(problem, 20.0)
    best = brute_force(free)
    assert best.value == pytest.approx(brute_force(problem).value, abs=1e-9)
    assert problem.feasible(best.bits[: problem.n])
    lowest = free.energies().reshape(2**problem.n, -1).min(axis=1)
    fits = problem.feasible(strings(problem.n))
    np.testing.assert_allclose(lowest[fits], problem.energies()[fits], atol=1e-9)
    assert np.all(lowest[~fits] > problem.energies()[~fits] + 1)


def test_annealing_finds_small_optima():
    problem = maxcut_problem(random_regular(14, 3, 5))
    found = anneal(problem, seed=0, sweeps=60, restarts=4)
    assert found.value == brute_force(problem).value
    assert problem.value(found.bits) == found.value


def test_random_regular_graphs_are_regular_and_simple():
    edges = random_regular(12, 3, seed=4)
    assert np.all(np.bincount(np.ravel(edges)) == 3)
    assert len({tuple(sorted(e)) for e in edges}) == 18
    assert edges == random_regular(12, 3, seed=4)


# --- fewer qubits --------------------------------------------------------------------------------


def exact_correlations(problem):
    """Of the mixture of all optima."""
    energies = problem.energies()
    best = np.flatnonzero(energies < energies.min() + 1e-9)
    spins = 1 - 2.0 * ((best[:, None] >> np.arange(problem.n - 1, -1, -1)) & 1)
    return spins.T @ spins / len(best)


def test_shrinking_keeps_values_and_with_true_correlations_the_optimum():
    problem = BinaryProblem(RNG.normal(size=(7, 7)))
    small = shrink(problem, exact_correlations, 3)
    assert small.problem.n == 3
    for x in strings(3):
        assert small.problem.value(x) == pytest.approx(problem.value(small.expand(x)), abs=1e-10)
    best = brute_force(small.problem)
    assert problem.value(small.expand(best.bits)) == pytest.approx(brute_force(problem).value)


@pytest.mark.parametrize("per_qubit", [1, 2, 3])
def test_encoded_bits_have_their_objective_in_the_relaxed_hamiltonian(per_qubit):
    problem = maxcut_problem(random_regular(6, 3, 2))
    relaxed = random_access(problem, per_qubit)
    matrix = relaxed.hamiltonian.matrix(relaxed.n)
    for x in strings(6)[::5]:
        rho = np.eye(1)
        for one in relaxed.encode(x):
            rho = np.kron(rho, one)
        assert np.trace(rho @ rho).real == pytest.approx(1, abs=1e-12)
        assert np.trace(rho @ matrix).real == pytest.approx(problem.value(x), abs=1e-10)
    assert np.linalg.eigvalsh(matrix)[0] <= brute_force(problem).value + 1e-9


@pytest.mark.verify
def test_rounding_returns_the_bits_of_an_encoding_state():
    problem = maxcut_problem([(k, (k + 1) % 6) for k in range(6)])
    relaxed = random_access(problem, 3)
    x = np.array([0, 1, 1, 0, 1, 0])
    vector = np.ones(1, complex)
    for one in relaxed.encode(x):
        vector = np.kron(vector, np.linalg.eigh(one)[1][:, 1])
    values = [
        (vector.conj() @ qj.PauliSum([w], np.ones(1)).matrix(relaxed.n) @ vector).real
        for w in relaxed.words
    ]
    np.testing.assert_allclose(np.abs(values), 1 / np.sqrt(3), atol=1e-12)
    assert relaxed.round_signs(values).tolist() == x.tolist()
    drawn = relaxed.round_magic(jax.numpy.asarray(vector), jax.random.key(0), 400)
    # each of the two qubits is measured in its own basis with probability 1/4, and then right
    own = np.mean(np.all(drawn == x, axis=1))
    # in another, at 1/3 along its axis, the three bits are right for none of the two outcomes
    assert own == pytest.approx(1 / 16, abs=0.05)


# --- multipliers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "problem",
    [
        knapsack([6, 5, 4, 7, 3], [[3, 2, 2, 4, 1], [1, 5, 2, 2, 3]], [6, 7]),
        assignment(RNG.normal(size=(3, 3))),
    ],
    ids=lambda p: p.name,
)
def test_multipliers_find_the_constrained_optimum_with_an_exact_inner_solver(problem):
    def inner(free):
        assert free.n == problem.n  # no slack bits
        assert not free.constrained
        return [brute_force(free).bits], [1.0]

    found = augmented_lagrangian(problem, inner, rounds=30, penalty=0.5)
    assert found.best is not None
    assert problem.feasible(found.best.bits)
    assert found.best.value == pytest.approx(brute_force(problem).value, abs=1e-9)
    assert np.all(found.at_most >= 0)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: BinaryProblem(np.ones((2, 3))), DataError, "square"),
        (lambda: BinaryProblem(np.eye(2), equal=(np.ones((1, 3)), [1])), DataError, "rows, 2"),
        (lambda: BinaryProblem(np.eye(2)).value([0, 2]), DataError, "zeros and ones"),
        (lambda: BinaryProblem(np.eye(30)).energies(), CapacityError, "28 bits"),
        (lambda: brute_force(BinaryProblem(np.eye(25))), CapacityError, "milp"),
        (lambda: brute_force(knapsack([1], [1], -1)), DataError, "no bit string"),
        (lambda: as_weighted_edges([(0, 0)]), DataError, "two different"),
        (lambda: as_weighted_edges(3), DataError, "list of edges"),
        (lambda: as_weighted_edges([]), DataError, "no edges"),
        (lambda: random_regular(5, 3, 0), DataError, "no such graph"),
        (lambda: with_penalties(knapsack([1], [1], 1), 0.0), DataError, "positive"),
        (lambda: with_penalties(knapsack([1], [0.5], 1), 1.0), DataError, "integers"),
        (lambda: anneal(knapsack([1], [1], 1), 0), DataError, "with_penalties"),
        (lambda: shrink(maxcut_problem(EDGES), lambda p: 0, 9), DataError, "size"),
        (lambda: random_access(maxcut_problem(EDGES), 4), DataError, "1, 2 or 3"),
    ],
)
def test_misuse_is_explained(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
