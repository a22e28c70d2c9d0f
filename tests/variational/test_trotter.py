"""Product formulas in real and imaginary time, against SciPy's matrix exponential."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qjax as qj
from qjax.errors import ObservableError, ParameterError, UnsupportedError
from qjax.templates import by_letters, trotter, trotter_error_bound, trotter_error_estimate

RNG = np.random.default_rng(1)
CHAIN = qj.PauliSum.from_terms(
    [
        *(("ZZ", (0, 1), 0.7), ("XYZ", (0, 1, 2), -0.4), ("X", (1,), 0.9), ("YY", (1, 2), 0.3)),
        *(("Z", (2,), -0.6), ("III", (0, 1, 2), 0.25), ("Y", (0,), 0.5)),
    ]
)


def full(value):
    return pytest.param(value, marks=pytest.mark.verify)


def exact(time):
    return expm(-1j * time * CHAIN.matrix(3))


def product(time, steps, order):
    """Written out from the definition, term by term."""
    terms = [
        c * qj.PauliSum([w], np.ones(1)).matrix(3)
        for w, c in zip(CHAIN.words, CHAIN.coeffs, strict=True)
    ]

    def formula(t, order):
        out = np.eye(8, dtype=complex)
        if order == 1:
            for a in terms:
                out = expm(-1j * t * a) @ out
            return out
        if order == 2:
            for a in [*terms, *terms[::-1]]:
                out = expm(-0.5j * t * a) @ out
            return out
        p = 1 / (4 - 4 ** (1 / 3))
        for share in (p, p, 1 - 4 * p, p, p):
            out = formula(share * t, 2) @ out
        return out

    return np.linalg.matrix_power(formula(time / steps, order), steps)


@pytest.mark.parametrize("order", [*map(full, (1, 4)), 2])
def test_the_circuit_is_the_product_formula(order):
    found = qj.unitary(trotter(CHAIN, 0.8, 2, order))
    np.testing.assert_allclose(found, product(0.8, 2, order), atol=1e-12)


@pytest.mark.parametrize("order", [*map(full, (1, 4, 6)), 2])
def test_the_error_falls_with_its_order(order):
    many = jax.jit(lambda t: qj.unitary(trotter(CHAIN, t, 2, order)))
    times = (0.4, 0.2) if order > 2 else (0.1, 0.05)
    errors = [np.linalg.norm(np.asarray(many(jnp.asarray(t))) - exact(t), 2) for t in times]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.15)


def test_bounds_hold_and_are_not_far():
    for order in (1, 2):
        for time, steps in ((0.5, 2), (1.0, 10)):
            error = np.linalg.norm(product(time, steps, order) - exact(time), 2)
            bound = trotter_error_bound(CHAIN, time, steps, order)
            assert error <= bound <= 10 * error


def test_two_words_have_the_bound_of_their_commutator():
    # t**2 / 2 |[X, Z]| = t**2, and t**3 (|[Z, [Z, X]]| / 12 + |[X, [X, Z]]| / 24) = t**3 / 2
    two = qj.X(0) + qj.Z(0)
    assert trotter_error_bound(two, 0.1, 1, 1) == pytest.approx(0.01, rel=1e-12)
    assert trotter_error_bound(two, 0.1, 1, 2) == pytest.approx(0.0005, rel=1e-12)
    assert trotter_error_bound(qj.Z(0) + qj.Z(1), 1.0, 1, 1) == 0.0


@pytest.mark.verify
@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_estimate_is_the_error(order):
    start = qj.Circuit(3, [qj.RY(0.3, 0), qj.H(1), qj.CNOT(1, 2)])
    time, steps = 0.6, 4
    state = np.asarray(qj.run(start))
    error = np.linalg.norm((product(time, steps, order) - exact(time)) @ state)
    found = trotter_error_estimate(CHAIN, time, steps, order, start=start)
    assert float(found) == pytest.approx(error, rel=0.1)


def test_sorted_words_are_the_same_sum_with_a_smaller_error():
    model = qj.heisenberg(5)
    mixed = model.words
    pairs = qj.PauliSum([w for k in range(4) for w in mixed[k::4]], np.ones(12))
    arranged = by_letters(pairs)
    np.testing.assert_allclose(arranged.matrix(5), pairs.matrix(5), atol=1e-14)
    assert ["".join(c for _, c in w) for w in arranged.words] == ["XX"] * 4 + ["YY"] * 4 + [
        "ZZ"
    ] * 4


@pytest.mark.verify
def test_evolution_is_differentiable_in_time_and_couplings():
    def signal(time, coupling):
        return qj.expval(trotter(qj.tfim(3, coupling), time, 4, n=3), qj.Z(0))

    at = (jnp.asarray(0.7), jnp.asarray(0.9))
    slopes = jax.grad(signal, (0, 1))(*at)
    h = 1e-5
    many = jax.jit(signal)
    ahead = [many(at[0] + h, at[1]), many(at[0], at[1] + h)]
    behind = [many(at[0] - h, at[1]), many(at[0], at[1] - h)]
    for slope, a, b in zip(slopes, ahead, behind, strict=True):
        assert float(slope) == pytest.approx(float((a - b) / (2 * h)), abs=1e-9)


# --- imaginary time ------------------------------------------------------------------------------

START = qj.Circuit(3, [qj.RY(0.3, 0), qj.H(1), qj.CNOT(1, 2), qj.RX(0.8, 2)])


@pytest.mark.verify
def test_imaginary_time_is_the_normalised_exponential():
    tau = 0.9
    cooled = expm(-tau * CHAIN.matrix(3)) @ np.asarray(qj.run(START))
    cooled /= np.linalg.norm(cooled)
    errors = []
    for steps in (50, 100):
        state, _ = qj.measure.imaginary_time(START, CHAIN, tau, steps=steps)
        errors.append(np.linalg.norm(np.asarray(state) - cooled))
    assert errors[1] < 1e-4
    assert errors[0] / errors[1] == pytest.approx(4, abs=0.3)


@pytest.mark.verify
def test_long_imaginary_time_ends_in_the_ground_state():
    model = qj.tfim(4, J=1.0, h=0.7)
    state, energies = qj.imaginary_time(qj.Circuit(4, []), model, 20.0, steps=2000)
    values, vectors = np.linalg.eigh(model.matrix(4))
    assert abs(vectors[:, 0] @ np.asarray(state)) == pytest.approx(1, abs=1e-4)
    assert float(energies[-1]) == pytest.approx(values[0], abs=1e-4)
    assert np.all(np.diff(energies) < 1e-10)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: trotter(CHAIN, 1.0, 0), ParameterError, "steps must be a positive"),
        (lambda: trotter(CHAIN, 1.0, 2, 3), ParameterError, "no product formula of order 3"),
        (lambda: trotter(CHAIN, 1.0, 2, n=2), ParameterError, "n is smaller"),
        (lambda: trotter(1j * qj.Z(0), 1.0, 2), ObservableError, "real coefficients"),
        (lambda: trotter_error_bound(CHAIN, 1.0, 2, 4), ParameterError, "orders 1 and 2"),
        (
            lambda: trotter_error_estimate(CHAIN, 1.0, 2, sim=qj.DensityMatrix()),
            UnsupportedError,
            "Statevector",
        ),
        (lambda: qj.imaginary_time(START, CHAIN, 1.0, steps=0), ParameterError, "steps"),
        (
            lambda: qj.imaginary_time(START, CHAIN, 1.0, sim=qj.MPS()),
            UnsupportedError,
            "Statevector",
        ),
    ],
)
def test_misuse_is_explained(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
