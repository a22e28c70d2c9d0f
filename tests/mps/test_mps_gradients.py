"""Derivatives of truncated states: those of the function itself, right where spectra degenerate."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj


def brickwork(n, w):
    """SU(4) gates on alternating bonds, layer by layer; ``w`` of shape ``(depth, n - 1, 15)``."""

    def layer(v):
        return [qj.SU4(v[a], a, a + 1) for start in (0, 1) for a in range(start, n - 1, 2)]

    return qj.Circuit(n, [qj.Layers(layer, w)])


@cache
def energy(n, gradient=None, **options):
    sim = qj.MPS(**options) if options else qj.Statevector()
    gradient = gradient or qj.Backprop()
    hamiltonian = qj.heisenberg(n, h=0.2)
    return jax.jit(
        jax.value_and_grad(
            lambda w: qj.expval(brickwork(n, w), hamiltonian, sim=sim, gradient=gradient)
        )
    )


def weights(n, depth, seed, scale=0.6):
    return scale * jax.random.normal(jax.random.key(seed), (depth, n - 1, 15))


def slope(f, w, v, h=2e-3):
    """The derivative along ``v`` by central differences of sixth order."""
    d = [f(w + k * h * v)[0] - f(w - k * h * v)[0] for k in (1, 2, 3)]
    return (45 * d[0] - 9 * d[1] + d[2]) / (60 * h)


def direction(w, seed=9):
    v = jax.random.normal(jax.random.key(seed), w.shape)
    return v / jnp.linalg.norm(v)


def against_differences(n, depth, **options):
    f, w = energy(n, **options), weights(n, depth, 1)
    v = direction(w)
    expected = slope(f, w, v)
    assert abs(jnp.sum(f(w)[1] * v) - expected) <= 1e-6 * abs(expected)


LAYOUTS = ["brick", *(pytest.param(x, marks=pytest.mark.verify) for x in ("sweep", "parallel"))]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_truncated_gradients_equal_finite_differences(layout):
    """Eight qubits, bonds cut from 16 to 4: relative 1e-6."""
    against_differences(8, 3, layout=layout, max_bond=4)


@pytest.mark.verify
@pytest.mark.parametrize("chi", [8, 16, 32])
@pytest.mark.parametrize("method", ["auto", "svd", "eigh"])
def test_truncated_gradients_equal_finite_differences_in_full(chi, method):
    """Twelve qubits, depth ten (layers of bonds)."""
    against_differences(12, 5, max_bond=chi, method=method)


@pytest.mark.verify
@pytest.mark.parametrize("method", ["auto", "eigh"])
def test_exact_gradients_at_full_rank(method):
    """Bonds wide enough for any state: the statevector's gradient to 1e-9."""
    w = weights(6, 3, 2)
    expected = energy(6)(w)[1]
    got = energy(6, max_bond=8, method=method)(w)[1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9 * np.linalg.norm(expected))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_at_layers_that_are_exactly_the_identity(layout):
    """Gates that do nothing yet: the state does not fill its bonds, and the derivative points
    along directions without weight. The statevector's gradient to 1e-7 (to 1e-12, in fact)."""
    w = weights(8, 3, 3).at[1:].set(0.0)
    value, expected = energy(8)(w)
    got_value, got = energy(8, max_bond=16, layout=layout)(w)
    np.testing.assert_allclose(got_value, value, rtol=0, atol=1e-11)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-7 * np.linalg.norm(expected))


def test_adjoint_gradients_of_several_observables():
    """An odd number of qubits: the statevector's gradient to 1e-9; other circuits are refused."""
    w, sums = weights(5, 1, 4), [qj.heisenberg(5), qj.X(0) @ qj.Z(3)]

    def both(w, **how):
        a, b = qj.expval(brickwork(5, w), sums, **how)
        return 0.3 * a - 1.2 * b

    expected = jax.grad(both)(w)
    got = jax.grad(lambda w: both(w, sim=qj.MPS(4), gradient=qj.Adjoint()))(w)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
    with pytest.raises(qj.errors.UnsupportedError, match="brickwork"):
        qj.expval(qj.Circuit(3, [qj.CZ(0, 2)]), qj.Z(0), sim=qj.MPS(4), gradient=qj.Adjoint())


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(5))
def test_adjoint_gradients_where_the_bonds_just_hold_the_state(seed):
    """Ten qubits, identity layers after one of rank 4, bonds of 4: the statevector's gradient."""
    w = weights(10, 3, seed).at[1:].set(0.0)
    expected = energy(10)(w)[1]
    got = energy(10, qj.Adjoint(20), max_bond=4)(w)[1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-7 * np.linalg.norm(expected))


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(10))
def test_gradients_at_identity_layers_below_full_rank(seed):
    """A product state's first layer, then identities, on twelve qubits with room for 8 of 64: four
    times the rank suffices."""
    w = weights(12, 3, seed).at[1:].set(0.0).at[0, 1::2].set(0.0)
    w = w.at[0].set(jnp.where(np.arange(11)[:, None] % 2 == 0, w[0], 0.0))
    expected = energy(12)(w)[1]
    got = energy(12, max_bond=8)(w)[1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-7 * np.linalg.norm(expected))


def degenerate(n, depth, seed):
    """Parameters whose states have vanishing, equal or missing Schmidt values."""
    w = np.zeros((depth, n - 1, 15))
    rng = np.random.default_rng(seed)
    quarter = np.pi / 4
    for d in range(depth):
        for a in range(n - 1):
            w[d, a, rng.integers(15)] = quarter * rng.integers(-2, 3)
    return jnp.asarray(w)


@pytest.mark.parametrize(("random", "degenerate_ones"), [(8, 8)])
def test_no_gradient_is_nan(random, degenerate_ones):
    """A share of 500 random and 50 degenerate cases: Clifford gates give product states, Bell
    pairs and flat spectra."""
    none_is_nan(random, degenerate_ones)


@pytest.mark.verify
def test_no_gradient_is_nan_in_full():
    none_is_nan(500, 50)


def none_is_nan(random, special):
    f = energy(8, layout="brick", max_bond=4)
    cases = [weights(8, 3, 100 + k, scale=0.1 + k % 5) for k in range(random)]
    cases += [degenerate(8, 3, k) for k in range(special)]
    for w in cases:
        value, gradient = f(w)
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))


@pytest.mark.verify
def test_single_precision_and_forward_mode():
    """complex64 gradients to 1e-4; forward mode equals reverse mode."""
    w = weights(6, 2, 5)
    expected = energy(6)(w)[1]
    single = energy(6, max_bond=8, dtype="complex64")(w.astype(jnp.float32))[1]
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-4 * np.linalg.norm(expected))
    hamiltonian, v = qj.heisenberg(6, h=0.2), direction(w)
    value = lambda w: qj.expval(brickwork(6, w), hamiltonian, sim=qj.MPS(4))  # noqa: E731
    _, forward = jax.jvp(value, (w,), (v,))
    np.testing.assert_allclose(forward, jnp.sum(jax.grad(value)(w) * v), rtol=1e-9)


@pytest.mark.verify
def test_parameter_shift_agrees_where_nothing_is_truncated():
    """Other gradient methods work on this simulator too."""

    def circuit(t):
        return qj.Circuit(
            4, [qj.RY(t[0], 0), qj.CNOT(0, 1), qj.RXX(t[1], 1, 2), qj.CRZ(t[2], 2, 3)]
        )

    t = jnp.array([0.3, 0.9, -0.4])
    word = qj.Z(0) @ qj.Y(1) @ qj.X(2) + qj.Z(3)
    methods = [qj.Backprop(), qj.ParameterShift()]
    got = [
        jax.grad(lambda t, m=m: qj.expval(circuit(t), word, sim=qj.MPS(4), gradient=m))(t)
        for m in methods
    ]
    np.testing.assert_allclose(got[0], got[1], rtol=0, atol=1e-10)
