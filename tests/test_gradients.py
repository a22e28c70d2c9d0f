"""Every gradient method against closed forms, against each other and against differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import random_circuits as rc
import reference as ref
from jax.flatten_util import ravel_pytree
from jax.test_util import check_grads
from systems import SYSTEMS

import qjax as qj

METHODS = {
    "Backprop": qj.Backprop(),
    "Adjoint": qj.Adjoint(),
    "ParameterShift": qj.ParameterShift(),
}
TABLE_ANGLES = tuple(k for k, (angles, _) in rc.PLAIN.items() if angles)
SHIFTABLE = (*TABLE_ANGLES, "PauliRotation", "Diagonal", "H", "CX", "ISWAP")
OBSERVABLE = 0.7 * qj.X(0) @ qj.Z(1) + 0.4 * qj.Y(2) @ qj.X(1) - 0.3 * qj.Z(2) + 0.2 * qj.Y(0)


def gradients(function, methods=METHODS):
    """The gradient of ``function(method)`` by every method."""
    return {name: jax.jit(jax.grad(function(method))) for name, method in methods.items()}


def central(function, point, step=1e-5):
    """Central differences of a function of a vector, entry by entry."""
    point = np.asarray(point, float)
    shifts = step * np.eye(point.size)
    return np.array([(function(point + s) - function(point - s)) / (2 * step) for s in shifts])


# --- physics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_with_closed_forms(name):
    """State, expectation value and gradient of textbook systems, by every method that applies."""
    system = SYSTEMS[name]
    p = jnp.asarray(system.params)
    np.testing.assert_allclose(qj.run(system.circuit(p)), system.state, rtol=0, atol=1e-13)
    for method_name, method in METHODS.items():
        if method_name == "ParameterShift" and not system.smooth:
            continue
        value, slope = jax.value_and_grad(
            lambda p, m=method: qj.expval(system.circuit(p), system.observable, gradient=m)
        )(p)
        np.testing.assert_allclose(value, system.expectation, rtol=0, atol=1e-13)
        np.testing.assert_allclose(slope, system.gradient, rtol=0, atol=1e-12, err_msg=method_name)


@pytest.mark.parametrize("name", ["Ramsey", "teleportation"])
def test_spsa_is_right_on_average(name):
    """The mean of 4,000 SPSA estimates lies within five standard errors of the gradient."""
    system = SYSTEMS[name]
    p = jnp.asarray(system.params)

    def slope(key):
        return jax.grad(
            lambda p: qj.expval(
                system.circuit(p), system.observable, gradient=qj.SPSA(c=1e-3), key=key
            )
        )(p)

    slopes = jax.jit(jax.vmap(slope))(jax.random.split(jax.random.key(1), 4000))
    error = np.std(slopes, axis=0) / np.sqrt(len(slopes)) + 1e-6
    assert np.all(np.abs(np.mean(slopes, axis=0) - system.gradient) < 5 * error)


# --- methods against each other -------------------------------------------------------------------


SOME = [0, *(pytest.param(k, marks=pytest.mark.verify) for k in range(1, 20))]


@pytest.mark.parametrize("seed", SOME)
def test_methods_agree_on_random_circuits(seed):
    """All three methods agree to 1e-10 on every angle of circuits with controlled and inverse
    forms, multi-frequency gates and blocks; differences of the reference agree to 1e-7."""
    structure = rc.Structure(3, rc.operations(rc.seeded(seed), range(3), 8, 0, SHIFTABLE)[0])
    circuit = structure.circuit(np.random.default_rng(seed))
    by = {
        name: jax.grad(lambda c, m=method: qj.expval(c, OBSERVABLE, gradient=m))(circuit)
        for name, method in METHODS.items()
    }
    flat = {name: ravel_pytree(g)[0] for name, g in by.items()}
    for name in ("Adjoint", "ParameterShift"):
        np.testing.assert_allclose(flat[name], flat["Backprop"], rtol=0, atol=1e-10, err_msg=name)
    point, rebuild = ravel_pytree(circuit)
    matrix = OBSERVABLE.matrix(3)
    numeric = central(lambda v: ref.expval(rebuild(jnp.asarray(v)), matrix), point)
    np.testing.assert_allclose(flat["Backprop"], numeric, rtol=0, atol=1e-7)


@pytest.mark.parametrize("seed", SOME)
def test_adjoint_and_backprop_agree_on_every_kind_of_gate(seed):
    """Matrices, generators, eigensystems and prepared states included, to 1e-10."""
    choose = rc.seeded(100 + seed)
    templates = rc.operations(choose, range(3), 8)[0]
    prepared = qj.StatePrep(rc.random_state(np.random.default_rng(seed), 4), (2, 0))
    rest = rc.Structure(3, templates).circuit(np.random.default_rng(seed))
    circuit = qj.Circuit(3, [prepared, rest])
    one, two = (
        jax.grad(lambda c, m=m: qj.expval(c, OBSERVABLE, gradient=m))(circuit)
        for m in (qj.Backprop(), qj.Adjoint())
    )
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def test_shared_and_rescaled_parameters():
    """One parameter in many places, scaled, squared, in layers, repeated and controlled."""

    def circuit(p):
        layer = [qj.RX(2 * p[0], 0), qj.CRX(p[1] ** 2, 0, 1)]
        return qj.Circuit(
            3,
            [
                qj.RY(p[0], 0),
                qj.Repeat([layer, qj.fSim(p[0] / 3, p[1], 1, 2)], 2),
                qj.Layers(lambda x: [qj.XXPlusYY(x * p[1], p[0], 0, 2), qj.RY(x, 1)], p * p[0]),
                qj.Controlled(qj.RZZ(-p[1], 0, 1), 2, 0),
                qj.Controlled(qj.GlobalPhase(3 * p[0]), (0, 2)),
                qj.Inverse(qj.CU(p[0], p[1], p[0] * p[1], -p[0], 2, 0)),
            ],
        )

    p = np.array([0.7, -1.2])
    numeric = central(lambda v: ref.expval(circuit(jnp.asarray(v)), OBSERVABLE.matrix(3)), p)
    slopes = gradients(lambda m: lambda p: qj.expval(circuit(p), OBSERVABLE, gradient=m))
    exact = slopes["Backprop"](p)
    np.testing.assert_allclose(exact, numeric, rtol=0, atol=1e-7)
    np.testing.assert_allclose(slopes["Adjoint"](p), exact, rtol=0, atol=1e-10)
    np.testing.assert_allclose(slopes["ParameterShift"](p), exact, rtol=0, atol=1e-10)
    batched = jax.grad(
        lambda p: qj.expval(circuit(p), OBSERVABLE, gradient=qj.ParameterShift(batch=3))
    )(p)
    np.testing.assert_allclose(batched, exact, rtol=0, atol=1e-10)


def test_coefficients_and_matrices_of_observables_are_differentiated():
    """Every method passes derivatives on to the observable's own numbers."""
    circuit = qj.Circuit(2, [qj.RX(0.3, 0), qj.CNOT(0, 1), qj.RY(0.8, 1)])
    x, z = (np.real(ref.expval(circuit, ref.word_matrix(w))) for w in ("XI", "ZZ"))
    for method in METHODS.values():

        def energy(c, m=method):
            h = c[0] * qj.X(0) + c[1] ** 2 * qj.Z(0) @ qj.Z(1)
            return qj.expval(circuit, h, gradient=m)

        slope = jax.grad(energy)(jnp.array([0.5, 1.5]))
        np.testing.assert_allclose(slope, [x, 3 * z], rtol=0, atol=1e-13)


def test_parameters_of_several_precisions_and_integers():
    """Float32, float64 and integer parameters in one circuit, under strict promotion."""

    def energy(a, b, m):
        circuit = qj.Circuit(2, [qj.RX(a, 0), qj.RY(b, 1), qj.CRZ(jnp.int32(1), 0, 1), qj.H(0)])
        return qj.expval(circuit, qj.X(0) @ qj.Z(1) + qj.Y(0), gradient=m)

    a, b = jnp.float32(0.25), jnp.asarray(0.5)
    expected = jax.grad(energy, (0, 1))(jnp.asarray(0.25), b, qj.Backprop())
    for method in METHODS.values():
        slope = jax.grad(energy, (0, 1))(a, b, method)
        assert (slope[0].dtype, slope[1].dtype) == (jnp.float32, jnp.float64)
        np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-6)
    with_key = jax.grad(
        lambda a: qj.expval(
            qj.Circuit(1, [qj.RX(a, 0), qj.RY(b, 0), qj.RZ(jnp.int32(1), 0)]),
            qj.Z(0),
            gradient=qj.SPSA(),
            key=jax.random.key(0),
        )
    )(a)
    assert np.isfinite(with_key)


# --- higher derivatives --------------------------------------------------------------------------


def rotations(p):
    """Angles alone, in blocks and under controls."""
    return qj.Circuit(
        2,
        [
            *[qj.U3(p[0], p[1], p[2], 0), qj.CRX(p[2], 0, 1)],
            qj.Layers(lambda x: [qj.XXPlusYY(x, p[1], 0, 1), qj.RY(x, 0)], p),
        ],
    )


def exponentials(p):
    """The gates that exponentiate matrices: their eigenvalues meet at zero."""
    generator = p[0] * ref.word_matrix("XI").real + p[1] * ref.word_matrix("ZZ").real
    return qj.Circuit(
        2,
        [
            *[qj.RY(0.4, 0), qj.SU2(p, 1), qj.SU4(jnp.concatenate([p] * 5) / 3, 1, 0)],
            qj.Evolution(generator, p[2], (0, 1)),
        ],
    )


PAIR = 0.7 * qj.X(0) @ qj.Z(1) + 0.4 * qj.Y(0) - 0.3 * qj.Z(1)


def few(p):
    """Small, as derivatives of derivatives compile slowly."""
    return qj.Circuit(2, [qj.SU2(p, 0), qj.CRX(p[2], 0, 1)])


def tiny(p):
    """Smaller still."""
    return qj.Circuit(2, [qj.RX(p[0], 0), qj.CRY(p[1], 0, 1), qj.RZ(p[0], 1)])


def fewest(p):
    """Without a matrix on two qubits."""
    return qj.Circuit(2, [qj.RX(p[0], 0), qj.CNOT(0, 1), qj.RZ(p[1], 0), qj.RY(p[2], 1)])


LARGER = [pytest.param(c, marks=pytest.mark.verify) for c in (rotations, exponentials)]


@pytest.mark.parametrize("circuit", [fewest, pytest.param(few, marks=pytest.mark.verify), *LARGER])
def test_backprop_passes_jax_s_own_check(circuit):
    """`check_grads` to second order, forward and reverse."""

    def energy(p):
        return qj.expval(circuit(p), PAIR)

    check_grads(energy, (jnp.array([0.3, -0.7, 1.1]),), 2, ("fwd", "rev"), atol=1e-5, rtol=1e-5)


def test_second_derivatives_by_parameter_shift():
    """Shifts of shifts: second derivatives and forward mode are right, too."""

    def energy(t, m):
        circuit = qj.Circuit(2, [qj.RX(t, 0), qj.CRX(t, 0, 1)])
        return qj.expval(circuit, qj.Z(0) @ qj.Z(1), gradient=m)

    exact = jax.grad(jax.grad(energy))(0.4, qj.Backprop())
    shift = qj.ParameterShift()
    np.testing.assert_allclose(jax.grad(jax.grad(energy))(0.4, shift), exact, atol=1e-10)
    np.testing.assert_allclose(jax.jacfwd(jax.grad(energy))(0.4, shift), exact, atol=1e-10)


def test_adjoint_in_forward_mode_and_to_second_order():
    """Of one Pauli sum they equal Backprop's; of several observables a Hessian is refused."""

    def energy(p, gradient=None):
        return qj.expval(tiny(p), PAIR, gradient=gradient or qj.Adjoint())

    def plain(p):
        return energy(p, qj.Backprop())

    p, t = jnp.array([0.3, -0.7]), jnp.array([1.0, 0.5])
    ours, expected = (jax.jvp(f, (p,), (t,)) for f in (energy, plain))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(jax.hessian(energy)(p), jax.hessian(plain)(p), rtol=0, atol=1e-12)
    several = [qj.Z(0), qj.X(1)]
    with pytest.raises(qj.errors.UnsupportedError, match="first derivatives"):
        jax.hessian(lambda p: qj.expval(tiny(p), several, gradient=qj.Adjoint())[0])(p)


@pytest.mark.parametrize(
    "derivative", [jax.hessian, pytest.param(jax.jacfwd, marks=pytest.mark.verify)]
)
def test_second_derivatives_side_by_side(derivative):
    """Hessians and forward mode of a vmapped circuit are those of one circuit at a time."""
    points = jnp.asarray(np.random.default_rng(0).normal(size=(8, 2)))

    def energy(p):
        return qj.expval(tiny(p), PAIR)

    together = jax.jit(jax.vmap(derivative(energy)))(points)
    alone = jax.lax.map(derivative(energy), points)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)


# --- degenerate points ---------------------------------------------------------------------------


@pytest.mark.parametrize("circuit", [few, *LARGER])
def test_zero_angles_and_equal_eigenvalues(circuit):
    """At all-zero parameters first and second derivatives are finite and equal to differences of
    values and of gradients."""
    zero = jnp.zeros(3)

    def energy(p, m):
        return qj.expval(circuit(p), PAIR, gradient=m)

    slope = jax.jit(jax.grad(lambda p: energy(p, qj.Backprop())))
    matrix = PAIR.matrix(2)
    numeric = central(lambda v: ref.expval(circuit(jnp.asarray(v)), matrix), zero)
    np.testing.assert_allclose(slope(zero), numeric, rtol=0, atol=1e-7)
    np.testing.assert_allclose(jax.grad(energy)(zero, qj.Adjoint()), slope(zero), atol=1e-10)
    hessian = jax.jit(jax.hessian(lambda p: energy(p, qj.Backprop())))(zero)
    numeric = central(lambda v: np.asarray(slope(jnp.asarray(v))), zero, 1e-4)
    np.testing.assert_allclose(hessian, numeric, rtol=0, atol=1e-6)


@pytest.mark.parametrize("h", [np.zeros((4, 4)), np.eye(4), np.diag([1.0, 1, -1, -1])])
def test_evolution_under_a_degenerate_generator(h):
    """Derivatives with respect to the generator where its eigenvalues are equal."""
    direction = rc.random_hermitian(np.random.default_rng(0), 4, real=True)

    def energy(s, m):
        circuit = qj.Circuit(2, [qj.RY(0.4, 0), qj.Evolution(h + s * direction, 0.7, (0, 1))])
        return qj.expval(circuit, qj.Y(0) @ qj.Z(1) + qj.X(1), gradient=m)

    matrix = ref.word_matrix("YZ") + ref.word_matrix("IX")

    def exact(s):
        circuit = qj.Circuit(2, [qj.RY(0.4, 0), qj.Evolution(h + s[0] * direction, 0.7, (0, 1))])
        return ref.expval(circuit, matrix)

    numeric = central(exact, [0.0])[0]
    for method in (qj.Backprop(), qj.Adjoint()):
        np.testing.assert_allclose(jax.grad(energy)(0.0, method), numeric, rtol=0, atol=1e-7)
    assert np.isfinite(jax.grad(jax.grad(energy))(0.0, qj.Backprop()))


def test_functions_of_zero_amplitudes():
    """Probabilities, overlaps and entropies have finite derivatives where amplitudes vanish."""

    def circuit(t):
        return qj.Circuit(2, [qj.RX(t, 0), qj.CNOT(0, 1)])

    ghost = qj.Circuit(2, [qj.X(0)])
    for function in (
        lambda t: qj.probs(circuit(t))[3],
        lambda t: jnp.abs(qj.overlap(ghost, circuit(t))) ** 2,
        lambda t: jnp.real(qj.amplitudes(circuit(t), "10")),
        lambda t: qj.entropy(circuit(t), 0),
    ):
        for t in (0.0, np.pi):
            assert np.isfinite(jax.grad(function)(t))


def test_a_prepared_state_is_differentiable():
    """Amplitude encoding: the derivative with respect to the data, zeros among them."""

    def energy(x, m):
        v = x / jnp.sqrt(jnp.sum(x * x))
        return qj.expval(
            qj.Circuit(2, [qj.StatePrep(v, (1, 0)), qj.CRY(0.4, 0, 1)]), OBS2, gradient=m
        )

    x = np.array([0.6, 0.0, 0.8, 0.0])
    numeric = central(lambda v: float(energy(jnp.asarray(v), qj.Backprop())), x)
    for method in (qj.Backprop(), qj.Adjoint()):
        np.testing.assert_allclose(jax.grad(energy)(jnp.asarray(x), method), numeric, atol=1e-7)


OBS2 = qj.Z(0) @ qj.X(1) + 0.5 * qj.Z(1)


@pytest.mark.parametrize("circuit", [few, *LARGER])
def test_single_precision_gradients(circuit):
    """In complex64 both methods agree with float64 to single precision."""
    p = jnp.array([0.3, -0.7, 1.1])
    exact = jax.grad(lambda p: qj.expval(circuit(p), PAIR))(p)
    for method in (qj.Backprop(), qj.Adjoint()):
        got = jax.grad(
            lambda p, m=method: qj.expval(
                circuit(p), PAIR, sim=qj.Statevector("complex64"), gradient=m
            )
        )(p)
        np.testing.assert_allclose(got, exact, rtol=0, atol=2e-5)
