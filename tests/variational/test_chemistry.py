"""Coupled cluster on determinants against circuits of Pauli rotations and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qjax as qj
from qjax.chemistry import Sector, Tables, apply_excitations, pool_gradients, sector_energy
from qjax.errors import DataError, ObservableError, ParameterError
from qjax.observables import generalised_excitations, molecule, uccsd_excitations

RNG = np.random.default_rng(0)
SECTOR = Sector(3, 1, 1)
POOL = uccsd_excitations(3, 2)
ANGLES = RNG.normal(size=len(POOL))


def test_the_state_is_that_of_the_circuit():
    state = apply_excitations(Tables.of(POOL, SECTOR), ANGLES, SECTOR.reference())
    circuit = qj.templates.uccsd(ANGLES, POOL, orbitals=3, electrons=2)
    np.testing.assert_allclose(qj.run(circuit), SECTOR.embed(state), atol=1e-12)


@pytest.mark.verify
@pytest.mark.parametrize("up_down", [(2, 2), (1, 2)])
def test_every_generalised_excitation_is_the_exponential_of_its_generator(up_down):
    sector = Sector(3, *up_down)
    pool = generalised_excitations(3)
    start = RNG.normal(size=sector.size)
    tables = Tables.of(pool, sector)
    for k, e in enumerate(pool):
        one = Tables(tables.partner[k : k + 1], tables.sign[k : k + 1])
        found = apply_excitations(one, np.array([0.7]), start)
        dense = expm(-0.7j * e.generator(6).matrix(6))[np.ix_(sector.indices, sector.indices)]
        np.testing.assert_allclose(found, dense @ start, atol=1e-12)


def test_energy_and_gradient():
    m = molecule("lih")
    matrix = SECTOR.matrix(m.hamiltonian)
    tables, start = Tables.of(POOL, SECTOR), jnp.asarray(SECTOR.reference())
    circuit = qj.templates.uccsd(ANGLES, POOL, 3, 2)
    psi = np.asarray(qj.run(circuit))
    expected = (psi.conj() @ m.hamiltonian.matrix(6) @ psi).real

    @jax.jit
    def energy(w):
        return sector_energy(matrix, tables, w, start)

    assert float(energy(jnp.asarray(ANGLES))) == pytest.approx(expected, abs=1e-11)
    slope = jax.grad(energy)(jnp.asarray(ANGLES))
    h = 1e-5
    for k in range(len(ANGLES)):
        d = np.zeros(len(ANGLES))
        d[k] = h
        difference = (energy(jnp.asarray(ANGLES + d)) - energy(jnp.asarray(ANGLES - d))) / (2 * h)
        assert float(slope[k]) == pytest.approx(float(difference), abs=1e-8)
    by_state = jax.grad(lambda s: jnp.sum(apply_excitations(tables, ANGLES, s)))(start)
    jacobian = np.stack([apply_excitations(tables, ANGLES, e) for e in np.eye(SECTOR.size)], 1)
    np.testing.assert_allclose(by_state, jacobian.sum(0), atol=1e-12)


@pytest.mark.verify
def test_pool_gradients_are_slopes_at_zero():
    m, pool = molecule("lih"), generalised_excitations(3)
    matrix, tables = SECTOR.matrix(m.hamiltonian), Tables.of(pool, SECTOR)
    state = apply_excitations(Tables.of(POOL, SECTOR), ANGLES, SECTOR.reference())
    zero = jnp.zeros(1)
    found = pool_gradients(matrix, tables, state)
    for k in range(len(pool)):
        one = Tables(tables.partner[k : k + 1], tables.sign[k : k + 1])
        slope = jax.grad(lambda w, t=one: sector_energy(matrix, t, w, state))(zero)[0]
        assert float(found[k]) == pytest.approx(float(slope), abs=1e-11)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: Sector(2, 3, 0), DataError, "do not fit"),
        (lambda: SECTOR.matrix(qj.X(0) + 0), ObservableError, "conserve electrons"),
        (
            lambda: apply_excitations(Tables.of(POOL, SECTOR), np.zeros(2), SECTOR.reference()),
            ParameterError,
            "do not fit the tables",
        ),
        (lambda: qj.templates.uccsd(np.zeros(2), POOL, 3, 2), ParameterError, "wrong shape"),
    ],
)
def test_misuse_is_explained(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
