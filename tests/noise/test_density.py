"""Density matrices against an independent NumPy reference."""

from collections import Counter

import jax
import jax.numpy as jnp
import noise_circuits as nc
import noise_reference as nref
import numpy as np
import pytest
import random_circuits as rc
import reference as ref

import qjax as qj

MIXED = qj.DensityMatrix()


def error(circuit):
    return np.max(np.abs(qj.run(circuit, sim=MIXED) - nref.density_matrix(circuit)))


def share(count, few):
    """All seeds, of which only the first few belong to the share of `make test`."""
    return [*range(few), *(pytest.param(k, marks=pytest.mark.verify) for k in range(few, count))]


@pytest.mark.parametrize("seed", share(14, 2))
def test_noisy_circuits(seed):
    """A share of 42 random circuits of gates and channels, to 1e-11."""
    make, _ = nc.noisy_structure(seed)
    assert max(error(make(np.random.default_rng([seed, k]))) for k in range(3)) <= 1e-11


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(100))
def test_noisy_circuits_in_full(seed):
    """300 random noisy circuits on 1 to 5 qubits, to 1e-11."""
    make, _ = nc.noisy_structure(1000 + seed, 5, (8, 30))
    assert max(error(make(np.random.default_rng([seed, k]))) for k in range(3)) <= 1e-11


def test_what_the_noisy_circuits_contain():
    """Every channel and every gate occurs, in the share and in full."""
    share, full = Counter(), Counter()
    for seed in range(14):
        share.update(nc.noisy_structure(seed)[1])
    for seed in range(100):
        full.update(nc.noisy_structure(1000 + seed, 5, (8, 30))[1])
    assert {*nc.CHANNELS} <= set(share) | {"KrausChannel4"}
    assert {*nc.CHANNELS, *nc.GATES} <= set(full)


@pytest.mark.parametrize("seed", share(4, 1))
def test_pure_circuits(seed):
    """Without noise the density matrix is that of the pure state, with every gate and block."""
    circuit = rc.seeded_structure(20_000 + seed, 4, (5, 22)).circuit(np.random.default_rng(seed))
    psi = ref.state(circuit)
    np.testing.assert_allclose(
        qj.run(circuit, sim=MIXED), np.outer(psi, psi.conj()), rtol=0, atol=1e-12
    )


@pytest.mark.verify
def test_gates_on_many_qubits():
    """A unitary, a diagonal and a multiply controlled gate on four qubits, between channels."""
    values = np.random.default_rng(5)
    circuit = qj.Circuit(
        5,
        [
            [qj.RY(0.3 + q, q) for q in range(5)],
            qj.AmplitudeDamping(0.3, 2),
            qj.Unitary(rc.random_unitary(values, 16), (3, 0, 4, 1)),
            qj.Depolarizing(0.1, (4, 0)),
            qj.Diagonal(values.uniform(size=16), (1, 2, 3, 4)),
            qj.Controlled(qj.RX(0.7, 1), (0, 4, 2), (1, 0, 1)),
            qj.Evolution(rc.random_hermitian(values, 32), 0.4, (4, 3, 2, 1, 0)),
        ],
    )
    assert error(circuit) <= 1e-12


def test_channels_with_different_numbers_of_operators():
    """Kraus channels of the same kind and place, with two, three and sixteen operators."""
    values = np.random.default_rng(8)
    ops = [qj.H(0)]
    for terms in (2, 3, 16, 3):
        ops += [
            qj.CRX(0.4, 0, 1),
            qj.KrausChannel(nc.random_kraus(values, 4, terms), (0, 1)),
            qj.H(1),
        ]
    assert error(qj.Circuit(2, ops)) <= 1e-12


def test_layers_of_noise_run_as_one_loop():
    """`Layers` and `Repeat` with channels in them; stacked and shared strengths."""
    rates = jnp.linspace(0.01, 0.2, 6)

    def layer(x):
        return [qj.RY(x, 0), qj.CNOT(0, 1), qj.Depolarizing(x, (0, 1)), qj.PhaseFlip(0.1, 1)]

    circuit = qj.Circuit(
        2, [qj.Layers(layer, rates), qj.Repeat([qj.AmplitudeDamping(0.05, 0), qj.H(0)], 5)]
    )
    assert error(circuit) <= 1e-13


@pytest.mark.verify
def test_a_long_list_runs_as_one_loop():
    """Repetition in a flat list is found: 80 operations are one loop, with the right numbers."""
    values = np.random.default_rng(0)
    ops = []
    for _ in range(10):
        ops += [qj.RY(values.normal(), 0), qj.RZ(values.normal(), 1), qj.CNOT(0, 1)]
        ops += [qj.Depolarizing(values.uniform(0, 0.1), 0), qj.AmplitudeDamping(0.05, 1)]
        ops += [qj.KrausChannel(nc.random_kraus(values, 2), 0), qj.RX(values.normal(), 0), qj.H(1)]
    circuit = qj.Circuit(2, ops)
    _, info = qj.expval(circuit, qj.Z(0), sim=MIXED, info=True)
    assert [step.kind for step in info.plan.steps] == ["loop"]
    assert error(circuit) <= 1e-12
    assert "10 times" in str(info.plan)


def test_the_trace_stays_one():
    """1,000 random channels: trace 1, Hermitian and positive to 1e-12."""
    values = np.random.default_rng(3)
    shown = [k for k in nc.CHANNELS if not k.startswith(("Prepare", "KrausChannel3"))]
    kinds = [k for k in shown if nc.CHANNELS[k][0] <= 2]
    params = values.uniform(size=(250, 4))

    def layer(x):
        return [
            qj.Depolarizing(x[0], (0, 1)),
            qj.GeneralizedAmplitudeDamping(x[1], x[2], 0),
            qj.RY(x[3], 0),
            qj.CNOT(0, 1),
            qj.ThermalRelaxation(1.0, 0.5 + x[0], x[3], 1, x[1]),
            qj.BitFlip(x[2], 0),
        ]

    rho = np.asarray(qj.run(qj.Circuit(2, [qj.Layers(layer, jnp.asarray(params))]), sim=MIXED))
    assert kinds
    assert abs(np.trace(rho) - 1) <= 1e-12
    assert np.max(np.abs(rho - rho.conj().T)) <= 1e-12
    assert np.min(np.linalg.eigvalsh(rho)) >= -1e-12


@pytest.mark.parametrize("seed", share(3, 1))
def test_every_verb(seed):
    """expval of each kind of observable, probs, reduced states and entropy of a mixed state."""
    make, _ = nc.noisy_structure(40 + seed, 3)
    values = np.random.default_rng(seed)
    circuit = make(values)
    n, rho = circuit.n, nref.density_matrix(circuit)
    terms = [({q: "IXYZ"[values.integers(4)] for q in range(n)}, values.normal()) for _ in range(5)]
    pauli = qj.PauliSum.from_terms([("".join(w.values()), tuple(w), c) for w, c in terms])
    h = rc.random_hermitian(values, 2)
    q = int(values.integers(n))
    asked = {"pauli": pauli, "dense": qj.Hermitian(h, q), "kept": qj.Projector("1", q)}
    matrices = {
        "pauli": ref.observable(terms, n),
        "dense": nref.on_qubits(h, [q], n),
        "kept": nref.on_qubits(np.diag([0, 1]), [q], n),
    }
    got = qj.expval(circuit, asked, sim=MIXED)
    for name, m in matrices.items():
        np.testing.assert_allclose(got[name], np.trace(m @ rho).real, rtol=0, atol=1e-12)
    np.testing.assert_allclose(qj.probs(circuit, sim=MIXED), np.diag(rho).real, atol=1e-12)
    some = values.permutation(n)[: 1 + n // 2].tolist()
    rest = [p for p in range(n) if p not in some]
    tensor = rho.reshape((2,) * (2 * n)).transpose(
        [*some, *rest, *(n + p for p in some), *(n + p for p in rest)]
    )
    d, e = 2 ** len(some), 2 ** len(rest)
    part = np.einsum("aibi->ab", tensor.reshape(d, e, d, e))
    np.testing.assert_allclose(
        qj.reduced_density_matrix(circuit, some, sim=MIXED), part, atol=1e-12
    )
    np.testing.assert_allclose(qj.probs(circuit, some, sim=MIXED), np.diag(part).real, atol=1e-12)
    spectrum = np.linalg.eigvalsh(part)
    spectrum = spectrum[spectrum > 1e-14]
    expected = -np.sum(spectrum * np.log(spectrum))
    np.testing.assert_allclose(qj.entropy(circuit, some, sim=MIXED), expected, atol=1e-9)


def test_light_cones():
    """What cannot reach the qubits that are asked for is left out, classical bits followed too."""
    circuit = qj.Circuit(
        4,
        [
            [qj.RY(0.3 + q, q) for q in range(4)],
            qj.CNOT(0, 1),
            qj.AmplitudeDamping(0.3, 1),
            qj.Measure(1, 0),
            qj.Measure(2, 1),
            qj.If(0, qj.RX(0.4, 3)),
            qj.If(1, qj.RX(0.8, 0)),
            qj.Layers(lambda x: [qj.RX(x, 2), qj.PhaseFlip(0.1, 2)], jnp.array([0.1, 0.2])),
            qj.Reset(2),
        ],
        bits=2,
    )
    rho = nref.density_matrix(circuit)
    value, info = qj.expval(circuit, qj.Z(3), sim=MIXED, info=True)
    np.testing.assert_allclose(value, np.trace(nref.on_qubits(np.diag([1, -1]), [3], 4) @ rho))
    # RY on qubits 0, 1 and 3, what leads to bit 0, and the branch on it.
    assert [step.kind for step in info.plan.steps] == ["channels", "record", "branch"]
    # Without the measurement of qubit 2, its branch, its layers, its reset.
    reduced = qj.reduced_density_matrix(circuit, [3, 1], sim=MIXED)
    part = np.einsum("abcdaecf->dbfe", rho.reshape((2,) * 8))
    np.testing.assert_allclose(reduced, part.reshape(4, 4), atol=1e-14)
    kept = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.Project(1, 0)])
    np.testing.assert_allclose(qj.expval(kept, qj.Z(0), sim=MIXED), 1, atol=1e-14)


def test_single_precision():
    """complex64 agrees to the accuracy of float32."""
    make, _ = nc.noisy_structure(2)
    circuit = make(np.random.default_rng(0))
    got = qj.run(circuit, sim=qj.DensityMatrix("complex64"))
    assert got.dtype == np.complex64
    np.testing.assert_allclose(got, nref.density_matrix(circuit), rtol=0, atol=2e-6)


def test_batches_of_noisy_circuits():
    """vmap over angles and strengths together, and jit around it."""

    def value(t, p):
        circuit = qj.Circuit(2, [qj.RX(t, 0), qj.CNOT(0, 1), qj.Depolarizing(p, (0, 1))])
        return qj.expval(circuit, qj.Z(0) @ qj.Z(1), sim=MIXED)

    t, p = jnp.linspace(0, 3, 5), jnp.linspace(0, 0.9, 5)
    got = jax.jit(jax.vmap(value))(t, p)
    np.testing.assert_allclose(got, 1 - 16 / 15 * p, atol=1e-14)
