"""The metric tensor against finite differences of dense states, closed forms and PennyLane."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.errors import ParameterError, UnsupportedError
from qjax.measure import layer_blocks

RNG = np.random.default_rng(0)


def turns(w):
    """Every parameter the angle of one rotation; two layers."""

    def layer(x):
        return [qj.RX(x[0], 0), qj.RY(x[1], 1), qj.CNOT(0, 1), qj.CNOT(1, 2), qj.RZ(x[2], 2)]

    return qj.Circuit(3, [qj.H(2), layer(w[0]), layer(w[1])])


def tied(w):
    """Parameters used twice, scaled, and in a gate of more than two eigenvalues."""
    return qj.Circuit(
        3,
        [qj.H(0), qj.RX(w["a"], 1), qj.CRY(0.7 * w["a"], 0, 2), qj.RXX(w["b"][0] ** 2, 0, 1)]
        + [qj.RZ(w["b"][1] + w["a"], q) for q in range(3)]
        + [qj.RY(w["b"][1], 1)],
    )


def by_differences(state, w, h=1e-3):
    """-1/2 of the Hessian of ``|<psi(w)|psi(w + d)>|**2`` at 0: central differences of order 4."""
    psi, size = state(w), len(w)

    def fidelity(*moves):
        d = np.zeros(size)
        for i, x in moves:
            d[i] += x
        return abs(np.vdot(psi, state(w + d))) ** 2

    stencil = [(-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12)]
    return np.array(
        [
            [
                -0.5 / h**2 * sum(
                    a * b * fidelity((i, s * h), (j, t * h)) for s, a in stencil for t, b in stencil
                )
                for j in range(size)
            ]
            for i in range(size)
        ]
    )  # fmt: skip


CASES = {
    "turns": (turns, jnp.asarray(RNG.normal(size=(2, 3)))),
    "tied": (tied, {"a": jnp.asarray(0.4), "b": jnp.asarray([0.8, -0.3])}),
}


VERIFY = pytest.mark.verify


@cache
def whole(name):
    """By derivatives, compiled once."""
    ansatz, params = CASES[name]
    return np.asarray(jax.jit(lambda w: qj.metric_tensor(ansatz, w))(params))


@pytest.mark.parametrize("name", ["turns", pytest.param("tied", marks=VERIFY)])
def test_the_metric_is_the_second_difference_of_overlaps(name):
    ansatz, params = CASES[name]
    flat, unravel = jax.flatten_util.ravel_pytree(params)
    states = jax.jit(lambda w: qj.run(ansatz(unravel(w))))
    expected = by_differences(lambda w: np.asarray(states(jnp.asarray(w))), np.asarray(flat))
    found = whole(name)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found, found.T, atol=1e-14)
    assert np.linalg.eigvalsh(found)[0] > -1e-12


def test_overlaps_are_exact_for_single_rotations_at_another_shift():
    ansatz, params = CASES["turns"]
    found = jax.jit(lambda w: qj.metric_tensor(ansatz, w, method=qj.Overlaps(0.3)))(params)
    np.testing.assert_allclose(found, whole("turns"), atol=1e-12)


@pytest.mark.verify
def test_small_overlaps_serve_parameters_that_are_used_twice():
    ansatz, params = CASES["tied"]
    exact = whole("tied")
    found = qj.metric_tensor(ansatz, params, method=qj.Overlaps(1e-3))
    np.testing.assert_allclose(found, exact, atol=1e-5)
    wide = qj.metric_tensor(ansatz, params, method=qj.Overlaps())
    assert np.abs(wide - exact).max() > 1e-2  # where the shift rule does not hold it errs


@pytest.mark.verify
@pytest.mark.parametrize("sim", [qj.DensityMatrix(), qj.MPS(max_bond=4)], ids=repr)
def test_overlaps_ask_any_simulator(sim):
    ansatz, params = CASES["turns"]
    exact = whole("turns")
    found = qj.metric_tensor(ansatz, params, method=qj.Overlaps(), sim=sim)
    np.testing.assert_allclose(found, exact, atol=1e-9)


def test_blocks_are_the_whole_metric_without_the_rest():
    ansatz, params = CASES["turns"]
    exact = whole("turns")
    blocks = layer_blocks(params)
    assert blocks == ((0, 1, 2), (3, 4, 5))
    mask = np.kron(np.eye(2), np.ones((3, 3)))
    for method in (qj.Derivatives(blocks), qj.Overlaps(blocks=blocks)):
        found = jax.jit(lambda w, m=method: qj.metric_tensor(ansatz, w, method=m))(params)
        np.testing.assert_allclose(found, exact * mask, atol=1e-12)
    assert np.abs(exact * (1 - mask)).max() > 1e-2


@pytest.mark.verify
def test_the_metric_of_two_turns_in_a_row_has_its_closed_form():
    # RX(a) RY(b): g = diag(1/4, cos(a)**2 / 4), since the second axis is seen from the first state
    def ansatz(w):
        return qj.Circuit(1, [qj.RX(w[0], 0), qj.RY(w[1], 0)])

    points = jnp.linspace(-2, 2, 7)
    found = jax.vmap(lambda a: qj.metric_tensor(ansatz, jnp.stack([a, 0.3 * a])))(points)
    expected = np.zeros((7, 2, 2))
    expected[:, 0, 0], expected[:, 1, 1] = 0.25, np.cos(points) ** 2 / 4
    np.testing.assert_allclose(found, expected, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: qj.Overlaps(0.0), ParameterError, "between 0 and pi"),
        (lambda: qj.metric_tensor(turns, jnp.ones((2, 3), int)), ParameterError, "real numbers"),
        (
            lambda: qj.metric_tensor(turns, jnp.ones((2, 3)), sim=qj.DensityMatrix()),
            UnsupportedError,
            "Overlaps",
        ),
        (
            lambda: qj.metric_tensor(turns, jnp.ones((2, 3)), method=qj.Derivatives(((0, 1),))),
            ParameterError,
            "every parameter once",
        ),
        (lambda: layer_blocks(jnp.ones(())), ParameterError, "leading axis"),
    ],
)
def test_misuse_is_explained(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
