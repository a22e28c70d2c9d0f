"""Gates with matrices, as gates with names: equal to the last digit, and with few CX."""

import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random
from scipy.stats import unitary_group

import qjax as qj
from qjax.circuit.synthesis import elementary, expand

TIGHT = 1e-12  # some hundred roundings of numbers of size 1


def haar(rng, d):
    return unitary_group.rvs(d, random_state=rng)


def error(gate, parts, n):
    return np.max(np.abs(dense.matrix(parts, n) - dense.matrix([gate], n)))


def entanglers(parts):
    return sum(len(g.qubits) == 2 for g in parts)


def product(rng):
    return np.kron(haar(rng, 2), haar(rng, 2))


@pytest.mark.parametrize("seed", range(5))
def test_a_two_qubit_unitary_takes_as_many_cx_as_its_class(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=2)
    cases = [(haar(rng, 4), 3), (product(rng), 0)]
    for one, two in (("XX", "YY"), ("XX", "ZZ"), ("YY", "ZZ")):
        core = dense.rot(one)(a) @ dense.rot(two)(b)
        cases.append((product(rng) @ core @ product(rng), 2))
    for axes in ("XX", "YY", "ZZ"):
        cases.append((product(rng) @ dense.rot(axes)(np.pi / 2) @ product(rng), 1))
    for u, most in cases:
        gate = qj.Unitary(u, (1, 0))
        parts = expand(gate)
        assert error(gate, parts, 2) <= TIGHT
        assert entanglers(parts) <= most


@pytest.mark.parametrize("gate", [qj.CX(0, 1), qj.CZ(0, 1), qj.SWAP(0, 1), qj.ISWAP(0, 1)])
def test_named_gates_have_their_textbook_counts(gate):
    parts = expand(qj.Unitary(dense.core(gate), (0, 1)))
    assert entanglers(parts) == {"CX": 1, "CZ": 1, "SWAP": 3, "ISWAP": 2}[gate.name]


@pytest.mark.parametrize(("n", "most"), [(1, 0), (2, 3), (3, 20), (4, 100), (5, 444)])
def test_a_unitary_takes_at_most_the_textbook_count_of_cx(n, most):
    rng = np.random.default_rng(n)
    gate = qj.Unitary(haar(rng, 2**n), tuple(reversed(range(n))))
    parts = expand(gate)
    assert error(gate, parts, n) <= TIGHT
    assert entanglers(parts) <= most  # 23/48 4**n - 3/2 2**n + 4/3 (Shende, Bullock, Markov)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_every_gate_that_carries_numbers_has_an_exact_expansion(n):
    rng = np.random.default_rng(10 + n)
    h = rng.normal(size=(2**n, 2**n)) + 1j * rng.normal(size=(2**n, 2**n))
    h = h + h.conj().T
    qubits = tuple(int(q) for q in rng.permutation(n))
    word = "".join(rng.choice(list("IXYZ"), n))
    cases = [
        qj.Diagonal(rng.normal(size=2**n), qubits),
        qj.Permutation(rng.permutation(2**n).tolist(), qubits),
        qj.PauliRotation(0.7, word, qubits),
        qj.Evolution(h, 0.3, qubits),
        qj.Evolution(np.diag(rng.normal(size=2**n)), 0.3, qubits),
        qj.Evolution(dense.word("X" * n) + 0.5 * np.eye(2**n), 0.4, qubits),
        qj.Evolution(qj.Eigensystem(*np.linalg.eigh(h)), 0.3, qubits),
    ]
    cases += [qj.SU2(rng.normal(size=3), 0)] + (
        [qj.SU4(rng.normal(size=15), 0, 1)] if n > 1 else []
    )
    for gate in cases:
        assert error(gate, expand(gate), n) <= 1e-11, gate
        assert error(gate.inverse(), expand(gate.inverse()), n) <= 1e-11, gate
        controlled = gate.control(n, 0)
        assert error(controlled, elementary(controlled), n + 1) <= 1e-11, gate


@pytest.mark.parametrize("kind", ["real", "complex", "sparse"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_state_is_prepared_from_zero(n, kind):
    rng = np.random.default_rng(n)
    v = rng.normal(size=2**n) + (1j * rng.normal(size=2**n) if kind == "complex" else 0)
    if kind == "sparse":
        v = np.eye(2**n)[-1] - 0.5 * np.eye(2**n)[0]
    v = v / np.linalg.norm(v)
    gate = qj.StatePrep(v, range(n))
    got = dense.run(qj.Circuit(n, expand(gate)))
    np.testing.assert_allclose(got, v, atol=TIGHT)


@pytest.mark.parametrize("spec", random.NAMED, ids=lambda s: s.name)
def test_every_gate_under_controls_is_a_product_of_named_gates(spec):
    rng = np.random.default_rng(3)
    for k in range(4):
        angles = [np.asarray(x) for x in rng.normal(size=spec.num_params)]
        gate = qj.Gate(spec.name, angles, range(k, k + spec.num_qubits))
        if k:
            gate = gate.control(range(k), rng.integers(0, 2, k))
        for g in (gate, gate.inverse()):
            parts = elementary(g)
            assert all(not p.controls and not p.inverted for p in parts)
            assert error(g, parts, max(1, k + spec.num_qubits)) <= TIGHT


def test_many_controls_cost_a_square_not_a_power():
    for k in (4, 8, 16, 32):
        parts = elementary(qj.Controlled(qj.X(0), range(1, k + 1)))
        assert len(parts) <= 7 * k**2


def test_placeholders_pass_through_expansions():
    t = qj.Param("t")
    circuit = qj.Circuit(3, [qj.PauliRotation(t, "XYZ", (0, 1, 2)), qj.Controlled(qj.RX(t, 0), 1)])
    parts = qj.Circuit(3, [p for g in circuit.gates() for p in elementary(g)])
    np.testing.assert_allclose(
        dense.run(parts.bind(t=0.3)), dense.run(circuit.bind(t=0.3)), atol=TIGHT
    )
