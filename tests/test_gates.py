"""The gate table: every entry against the definitions, and every fact it states about a gate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import random_circuits as rc
import reference as ref
from scipy.linalg import expm, expm_frechet

import qjax as qj
from qjax.gates import TABLE, exp_i

C128 = jnp.complex128
NAMES = sorted(TABLE)
BY_ANGLES = [n for n in NAMES if TABLE[n].exponents and None not in TABLE[n].exponents]


def some_params(name, rng):
    """Random parameters and what else the gate carries."""
    if name == "Diagonal":
        return [rng.uniform(-7, 7, 8)], None
    if name == "Permutation":
        return [], tuple(int(k) for k in rng.permutation(8))
    if name == "PauliRotation":
        return [rng.uniform(-7, 7)], "XZIY"
    if name == "Unitary":
        return [rc.random_unitary(rng, 4)], None
    if name == "SU2":
        return [rng.normal(size=3)], None
    if name == "SU4":
        return [rng.normal(size=15)], None
    if name == "Evolution":
        return [rc.random_hermitian(rng, 4), rng.uniform(-7, 7)], None
    if name == "StatePrep":
        return [rc.random_state(rng, 4)], None
    return list(rng.uniform(-7, 7, TABLE[name].num_params)), None


def matrix(name, params, static=None, dtype=C128):
    return np.asarray(TABLE[name].matrix(tuple(jnp.asarray(p) for p in params), static, dtype))


@pytest.mark.parametrize("name", [n for n in NAMES if n != "StatePrep"])
def test_matrix_is_the_definition(name):
    """Every matrix equals its definition, at random angles, at zero and at quarter turns."""
    rng = np.random.default_rng(NAMES.index(name))
    for _ in range(5):
        params, static = some_params(name, rng)
        expected = ref.matrix_of(name, params, static)
        np.testing.assert_allclose(matrix(name, params, static), expected, atol=1e-14 * 8)
    if name in BY_ANGLES:
        for value in (0.0, np.pi / 2, np.pi, -np.pi / 2, 2 * np.pi):
            params = [np.full_like(p, value) for p in params]
            expected = ref.matrix_of(name, params, static)
            np.testing.assert_allclose(matrix(name, params, static), expected, atol=1e-14)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "StatePrep"])
def test_matrix_in_single_precision(name):
    """In complex64 the same matrix to single precision, and the dtype asked for."""
    rng = np.random.default_rng(NAMES.index(name))
    params, static = some_params(name, rng)
    single = [np.asarray(p, np.complex64 if np.iscomplexobj(p) else np.float32) for p in params]
    got = matrix(name, single, static, jnp.complex64)
    assert got.dtype == np.complex64
    np.testing.assert_allclose(got, ref.matrix_of(name, params, static), atol=4e-6)


@pytest.mark.parametrize("name", NAMES)
def test_real_means_that_no_parameter_makes_it_complex(name):
    """``real`` is stated exactly where the matrix is real for every parameter."""
    rng = np.random.default_rng(0)
    matrices = [ref.matrix_of(name, *some_params(name, rng)) for _ in range(3)]
    if name == "PauliRotation":  # it depends on the word
        assert not TABLE[name].real
    else:
        assert TABLE[name].real == all(np.all(m.imag == 0) for m in matrices)


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].diagonal is not None])
def test_stated_phases_are_the_diagonal(name):
    """``diagonal`` gives the phases of the matrix as an affine function of the angles."""
    params, _ = some_params(name, np.random.default_rng(1))
    const, linear = TABLE[name].diagonal
    phases = np.exp(1j * (const + linear @ np.asarray(params, float).reshape(-1)))
    np.testing.assert_allclose(np.diag(phases), ref.matrix_of(name, params), atol=1e-14)


def test_every_diagonal_gate_is_known_to_be_one():
    """No named gate with a diagonal matrix misses its ``diagonal``."""
    rng = np.random.default_rng(2)
    for name in NAMES:
        m = ref.matrix_of(name, *some_params(name, rng))
        if TABLE[name].num_qubits is not None and not np.any(m - np.diag(np.diag(m))):
            assert TABLE[name].diagonal is not None, name


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].permutation is not None])
def test_stated_permutation_is_the_matrix(name):
    """``permutation`` says where each basis state goes."""
    expected = ref.matrix_of(name, [])
    np.testing.assert_array_equal(ref.permutation(TABLE[name].permutation), expected)


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].inverse is not None])
def test_stated_inverse_is_the_adjoint(name):
    """``inverse`` names a gate whose matrix is the conjugate transpose."""
    params, static = some_params(name, np.random.default_rng(3))
    other, other_params = TABLE[name].inverse(tuple(params))
    expected = ref.matrix_of(name, params, static).conj().T
    np.testing.assert_allclose(ref.matrix_of(other, other_params, static), expected, atol=1e-13)


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].split is not None])
def test_stated_split_is_the_gate_with_its_phase(name):
    """``split`` lists phases and real rotations whose product is the gate, global phase included.

    Fixed gates and constants in a split are Python numbers; angles keep their own array.
    """
    params, _ = some_params(name, np.random.default_rng(4))
    product = np.eye(2)
    for part, part_params in TABLE[name].split(tuple(params)):
        assert TABLE[part].diagonal is not None or TABLE[part].real, part
        factor = ref.matrix_of(part, part_params)
        product = factor @ product if len(factor) > 1 else factor * product
    np.testing.assert_allclose(product, ref.matrix_of(name, params), atol=1e-14)


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].controlled is not None])
def test_stated_controls_are_the_gate(name):
    """``controlled`` names the base gate and the number of leading controls."""
    base, k = TABLE[name].controlled
    params, _ = some_params(name, np.random.default_rng(5))
    expected = ref.controlled(ref.matrix_of(base, params), k)
    np.testing.assert_allclose(ref.matrix_of(name, params), expected, atol=1e-15)


@pytest.mark.parametrize("name", BY_ANGLES)
def test_stated_exponents_span_the_matrix_elements(name):
    """As a function of one angle t every element is a sum of ``exp(i a t)`` over ``exponents``,
    and none of the exponents is idle."""
    rng = np.random.default_rng(6)
    params, static = some_params(name, rng)
    for k, exponents in enumerate(TABLE[name].exponents):
        ts = rng.uniform(-7, 7, 25)
        columns = []
        for t in ts:
            moved = list(params)
            if np.ndim(params[k]):  # one entry of the vector; the rest is constant
                moved[k] = np.where(np.arange(len(params[k])) == 3, t, params[k])
            else:
                moved[k] = t
            columns.append(ref.matrix_of(name, moved, static).reshape(-1))
        elements = np.array(columns)
        basis = np.exp(1j * ts[:, None] * np.asarray(exponents)[None, :])
        weights, *_ = np.linalg.lstsq(basis, elements, rcond=None)
        np.testing.assert_allclose(basis @ weights, elements, atol=1e-12)
        assert np.all(np.max(np.abs(weights), axis=1) > 1e-6), "an exponent that never occurs"


def test_every_gate_of_the_table_is_in_the_reference_and_in_the_random_circuits():
    """No gate escapes the differential suite."""
    rng = np.random.default_rng(7)
    for name in NAMES:
        assert ref.matrix_of(name, *some_params(name, rng)) is not None
    made = {"StatePrep", "U3Phase"}  # the first stands first only, the second is CU's target
    for kind in rc.KINDS:
        op = rc.gate(kind, rc.seeded(0), range(5))
        made.add(op.make(op.draw(rng)).name)
    assert made == set(NAMES)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e-3, 1.0, 30.0, 2000.0])
@pytest.mark.parametrize("d", [2, 4, 8])
def test_exp_i_against_the_eigendecomposition(scale, d):
    """``exp(iH)`` for 1-norms from 0 to 2000: the error is that of rounding H itself."""
    h = rc.random_hermitian(np.random.default_rng(d), d)
    h = scale * h / np.linalg.norm(h, 1)
    got = np.asarray(exp_i(jnp.asarray(h)))
    np.testing.assert_allclose(got, ref.expi(h), atol=2e-14 * max(1, scale))
    np.testing.assert_allclose(got @ got.conj().T, np.eye(d), atol=2e-14 * max(1, scale))


@pytest.mark.parametrize(
    "h",
    [
        np.zeros((4, 4)),
        np.diag([1.0, 1.0, 1.0, 1.0]),
        np.diag([2.0, 2.0, -1.0, -1.0]),
        ref.word_matrix("XY"),
        rc.random_hermitian(np.random.default_rng(8), 4),
    ],
    ids=["zero", "identity", "two pairs", "Pauli word", "generic"],
)
def test_exp_i_derivatives_where_eigenvalues_meet(h):
    """First derivatives equal SciPy's Frechet derivative also at degenerate H; second ones equal
    central differences of first ones."""
    direction = rc.random_hermitian(np.random.default_rng(9), 4)
    h = jnp.asarray(h, C128)

    def first(base):
        return jax.jvp(exp_i, (base,), (jnp.asarray(direction),))[1]

    _, expected = expm_frechet(1j * np.asarray(h), 1j * direction)
    np.testing.assert_allclose(first(h), expected, atol=1e-13)
    second = jax.jvp(first, (h,), (jnp.asarray(direction),))[1]
    step = 1e-4

    def exact_first(base):
        return expm_frechet(1j * base, 1j * direction)[1]

    numeric = exact_first(np.asarray(h) + step * direction)
    numeric = (numeric - exact_first(np.asarray(h) - step * direction)) / (2 * step)
    np.testing.assert_allclose(second, numeric, atol=2e-6)


def test_su2_and_su4_at_and_near_zero():
    """Closed forms and their first and second derivatives stay finite and right at zero."""
    for name, size in (("SU2", 3), ("SU4", 15)):

        def flat(v, name=name):
            m = TABLE[name].matrix((v,), None, C128).reshape(-1)
            return jnp.concatenate([m.real, m.imag])

        first, second = jax.jit(jax.jacfwd(flat)), jax.jit(jax.hessian(flat))
        for radius in (0.0, 1e-12, 1e-5, 0.0999, 0.1001):
            v = radius * np.ones(size) / np.sqrt(size)
            np.testing.assert_allclose(
                matrix(name, [v]), ref.matrix_of(name, [v]), atol=1e-15 * size
            )
            basis = [ref.LETTERS[c] for c in "XYZ"]
            if name == "SU4":
                basis = [ref.word_matrix(w) for w in ref.SU4_WORDS]
            jacobian = np.asarray(first(jnp.asarray(v)))
            h = sum(c * b for c, b in zip(v, basis, strict=True))
            for k, b in enumerate(basis):
                expected = expm_frechet(1j * h, 1j * b)[1].reshape(-1)
                np.testing.assert_allclose(jacobian[: len(expected), k], expected.real, atol=1e-13)
                np.testing.assert_allclose(jacobian[len(expected) :, k], expected.imag, atol=1e-13)
            assert np.all(np.isfinite(second(jnp.asarray(v))))


def test_evolution_takes_a_matrix_or_its_eigensystem():
    """Both forms give ``exp(-itH)`` by SciPy, real or complex H."""
    rng = np.random.default_rng(10)
    for real in (True, False):
        h, t = rc.random_hermitian(rng, 8, real), 0.7
        expected = expm(-1j * t * h)
        np.testing.assert_allclose(matrix("Evolution", [h, t]), expected, atol=1e-13)
        values, vectors = qj.eigensystem(jnp.asarray(h))
        got = matrix("Evolution", [values, vectors, t])
        np.testing.assert_allclose(got, expected, atol=1e-13)
