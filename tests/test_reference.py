"""The differential suite: random circuits against the dense reference, and against Qiskit.

A share runs always; ``pytest -m verify --run-verify`` runs the full 2,000 circuits. Compilation
is what costs, so each structure is met by several sets of parameters.
"""

from collections import Counter

import jax
import numpy as np
import pytest
import qiskit_reference
import random_circuits as rc
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st

import qjax as qj

SETS = 8  # sets of parameters for each structure in the full count
STRUCTURES = 250
SINGLE = qj.Statevector(dtype="complex64")


def single_tolerance(gates):
    """What rounding in float32 may cost: one rounding of the result, and a random walk of them."""
    return 3e-7 + 2e-7 * np.sqrt(gates)


def errors(structure, seed, sets, single):
    """The largest amplitude errors in double and in single precision, the latter relative to its
    tolerance."""
    double_worst = single_worst = 0.0
    for k in range(sets):
        circuit = structure.circuit(np.random.default_rng([seed, k]))
        expected = ref.state(circuit)
        double_worst = max(double_worst, np.max(np.abs(qj.run(circuit) - expected)))
        if single:
            got = qj.run(circuit, sim=SINGLE)
            assert got.dtype == np.complex64
            error = np.max(np.abs(np.asarray(got, complex) - expected))
            gates = sum(1 for _ in ref.gates(circuit.ops))
            single_worst = max(single_worst, error / single_tolerance(gates))
    return double_worst, single_worst


def small_structure(seed):
    return rc.seeded_structure(10_000 + seed, 6, (5, 22))


@pytest.mark.parametrize("seed", range(60))
def test_random_circuits(seed):
    """A share: 60 structures on 1 to 6 qubits, 5 to 22 gates, 150 circuits in all; float64 to 1e-12
    and complex64 (every third) to its tolerance."""
    double, single = errors(small_structure(seed), seed, 2 + (seed % 2), seed % 3 == 0)
    assert double <= 1e-12
    assert single <= 1


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(STRUCTURES))
def test_random_circuits_in_full(seed):
    """2,000 circuits: 250 structures on 1 to 8 qubits, 5 to 60 gates, 8 sets of parameters each."""
    double, single = errors(rc.seeded_structure(seed), seed, SETS, True)
    assert double <= 1e-12
    assert single <= 1


def test_what_the_random_circuits_contain():
    """In the 2,000 every kind of gate, controlled and inverse forms, Layers and Repeat occur at
    least 50 times, control values of zero, several controls and nesting among them; in the share
    every kind occurs."""
    full, share, extra = Counter(), Counter(), Counter()
    for seed in range(STRUCTURES):
        structure = rc.seeded_structure(seed)
        assert 1 <= structure.n <= 8
        full.update(structure.kinds())
        if seed % 5 == 0:
            for gate in structure.circuit(np.random.default_rng(seed)).gates():
                extra["zeros"] += 0 in gate.values
                extra["two or more controls"] += len(gate.controls) > 1
                extra["inverted"] += gate.inverted
    for seed in range(60):
        share.update(small_structure(seed).kinds())
    wanted = {*rc.KINDS, "StatePrep", "BasisState", "Controlled", "Inverse", "Layers", "Repeat"}
    assert min(SETS * full[k] for k in wanted) >= 50
    assert min(SETS * k for k in extra.values()) >= 50
    assert wanted <= set(share)


@given(st.data(), st.integers(1, 4), st.integers(1, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_any_circuit(data, n, size, values):
    """Whatever hypothesis builds agrees with the reference; a failure shrinks to few gates."""
    structure = rc.structure(lambda k: data.draw(st.integers(0, k - 1)), n, size)
    circuit = structure.circuit(np.random.default_rng(values))
    np.testing.assert_allclose(qj.run(circuit), ref.state(circuit), rtol=0, atol=1e-12)


@pytest.mark.verify
@given(st.data(), st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_any_circuit_in_full(data, n, size, values):
    """The same with larger circuits and more of them."""
    structure = rc.structure(lambda k: data.draw(st.integers(0, k - 1)), n, size)
    circuit = structure.circuit(np.random.default_rng(values))
    np.testing.assert_allclose(qj.run(circuit), ref.state(circuit), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(k, marks=pytest.mark.verify) for k in range(1, 40))]
)
def test_random_circuits_side_by_side(seed):
    """Eight sets of parameters in the layout with the batch last: values against the reference,
    gradients against those of one circuit at a time."""
    structure = rc.seeded_structure(20_000 + seed, 6, (5, 22))
    n = structure.n
    circuits = [
        qj.Circuit(n, [structure.circuit(np.random.default_rng([seed, k])), qj.RX(0.1 * k, 0)])
        for k in range(SETS)
    ]
    stacked = jax.tree.map(lambda *x: np.stack(x), *circuits)
    observable, matrix = some_observables(np.random.default_rng(seed), n)[0]

    energy = jax.value_and_grad(lambda c: qj.expval(c, observable))
    values, slopes = jax.vmap(energy)(stacked)
    expected = [ref.expval(c, matrix) for c in circuits]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)
    alone = jax.tree.map(lambda *x: np.stack(x), *(energy(c)[1] for c in circuits))
    for a, b in zip(jax.tree.leaves(slopes), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


# --- the other verbs -----------------------------------------------------------------------------


def some_observables(rng, n):
    """A Pauli sum, a dense Hermitian and a projector, each with its dense matrix."""
    words = [{q: "IXYZ"[rng.integers(4)] for q in range(n)} for _ in range(6)]
    coeffs = rng.normal(size=6)
    pauli = qj.PauliSum.from_terms(
        [("".join(w.values()), tuple(w), c) for w, c in zip(words, coeffs, strict=True)]
    )
    terms = list(zip(words, coeffs, strict=True))
    qubits = rng.permutation(n)[: min(n, 2)].tolist()
    h = rc.random_hermitian(rng, 2 ** len(qubits))
    swap = qj.Circuit(n, [qj.Permutation(range(2 ** len(qubits)), qubits)])
    gate = swap.ops[0]._replace(name="Unitary", params=(h,), static=None)
    dense = ref.apply(gate, np.eye(2**n, dtype=complex), n)
    bits = rng.integers(0, 2, len(qubits)).tolist()
    one = np.zeros((2 ** len(qubits),) * 2)
    place = int("".join(map(str, bits)), 2)
    one[place, place] = 1
    projector = ref.apply(gate._replace(params=(one,)), np.eye(2**n, dtype=complex), n)
    return [
        (pauli, ref.observable(terms, n)),
        (qj.Hermitian(h, qubits), dense),
        (qj.Projector("".join(map(str, bits)), qubits), projector),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_every_verb_against_the_reference(seed):
    """expval, probs, amplitudes, unitary, overlap, reduced density matrices and entropy, of one
    random circuit each, equal what the dense state gives."""
    kinds = ("H", "RX", "RY", "U3", "CX", "CRZ", "RZZ", "T", "ISWAP")
    n = 2 + seed % 3
    structure = rc.Structure(n, rc.operations(rc.seeded(seed), range(n), 6, 2, kinds)[0])
    rng = np.random.default_rng(seed)
    circuit, other = structure.circuit(rng), structure.circuit(rng)
    psi = ref.state(circuit)

    def close(got, expected):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)

    pairs = some_observables(rng, n)
    got = qj.expval(circuit, {"all": [o for o, _ in pairs]})
    close(got["all"], [np.real(psi.conj() @ m @ psi) for _, m in pairs])

    close(qj.probs(circuit), np.abs(psi) ** 2)
    some = rng.permutation(n)[: 1 + rng.integers(n)].tolist()
    rho = ref.reduced(psi, some, n)
    close(qj.probs(circuit, some), np.real(np.diag(rho)))
    close(qj.reduced_density_matrix(circuit, some), rho)
    values = np.linalg.eigvalsh(rho)
    values = values[values > 1e-15]
    np.testing.assert_allclose(
        qj.entropy(circuit, some), -np.sum(values * np.log(values)), atol=1e-9
    )

    bits = [format(int(k), f"0{n}b") for k in rng.integers(0, 2**n, 3)]
    close(qj.amplitudes(circuit, bits), [psi[int(b, 2)] for b in bits])
    close(qj.amplitudes(circuit, bits[0]), psi[int(bits[0], 2)])
    close(qj.unitary(circuit), ref.unitary(circuit))
    close(qj.overlap(other, circuit), np.vdot(ref.state(other), psi))


# --- Qiskit --------------------------------------------------------------------------------------


def against_qiskit(structure, seed, sets):
    for k in range(sets):
        circuit = structure.circuit(np.random.default_rng([seed, k]))
        np.testing.assert_allclose(
            qj.run(circuit), qiskit_reference.state(circuit), rtol=0, atol=1e-11
        )


@pytest.mark.parametrize("seed", range(10))
def test_against_qiskit(seed):
    """A share of 20: structures of the share above, compiled already, against Qiskit's gates."""
    against_qiskit(small_structure(seed), seed, 2)


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(25))
def test_against_qiskit_in_full(seed):
    """200 of the 2,000 circuits against Qiskit."""
    against_qiskit(rc.seeded_structure(seed), seed, SETS)


def test_one_structure_compiles_once():
    """Circuits of one structure share a compiled program, whatever their parameters."""
    structure = small_structure(3)
    jax.block_until_ready(qj.run(structure.circuit(np.random.default_rng(0))))
    counts = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: counts.append(name) if "backend_compile" in name else None
    )
    for k in range(1, 5):
        jax.block_until_ready(qj.run(structure.circuit(np.random.default_rng(k))))
    assert counts == []
