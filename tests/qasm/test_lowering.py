"""Circuits in the gates of a device: the same circuit, phase included, with few entanglers."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
import qasm_dense as dense
import qasm_random as random
from qasm_lowered import TIGHT, check, inside
from scipy.stats import unitary_group

import qjax as qj
from qjax.circuit.lowering import BASES, as_basis
from qjax.errors import CircuitError, ParameterError, UnsupportedError

names = pytest.mark.parametrize("basis", BASES, ids=lambda b: "-".join(sorted(b.names)))


def same(circuit, other, atol=TIGHT):
    np.testing.assert_allclose(dense.run(other), dense.run(circuit), rtol=0, atol=atol)


def entanglers(circuit):
    return sum(len(g.qubits) > 1 for g in circuit.gates())


@names
def test_a_random_circuit_is_the_same_in_every_basis(basis):
    for seed in range(3):
        lowered = check(seed, basis)
        again = lowered.decompose(basis)  # nothing is left to do
        assert again.counts() == lowered.counts()


@pytest.mark.verify
@names
def test_1000_random_circuits_are_the_same_in_every_basis(basis):
    """In a process of its own, without the type checks of the test run."""
    script = str(Path(__file__).parent / "qasm_lowered.py")
    command = [sys.executable, script, ",".join(basis.names), "0", "1000"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == 1000


@names
def test_gates_with_matrices_take_their_textbook_number_of_entanglers(basis):
    rng = np.random.default_rng(0)
    cases = [
        (qj.Unitary(unitary_group.rvs(2, random_state=rng), 0), 0),
        (qj.Unitary(unitary_group.rvs(4, random_state=rng), (1, 0)), 3),
        (qj.Unitary(unitary_group.rvs(8, random_state=rng), (2, 0, 1)), 20),
        (qj.SU4(rng.normal(size=15), 0, 2), 3),
        *((g, 1) for g in (qj.CX(0, 1), qj.CZ(0, 1), qj.CY(1, 0), qj.CH(0, 2), qj.ECR(0, 1))),
        *((g, 2) for g in (qj.ISWAP(0, 1), qj.CP(0.3, 0, 1), qj.CRX(0.3, 1, 0), qj.CSX(0, 1))),
        *((g, 2) for g in (qj.RXX(0.3, 0, 1), qj.RZX(0.3, 0, 1), qj.XXPlusYY(0.3, 0.4, 0, 1))),
        *((g, 2) for g in (qj.CU(0.3, 0.4, 0.5, 0.6, 0, 1), qj.Controlled(qj.U3(1, 2, 3, 0), 1))),
        *((g, 3) for g in (qj.SWAP(0, 1), qj.fSim(0.3, 0.4, 0, 1))),
        *((g, 6) for g in (qj.CCX(0, 1, 2), qj.CCZ(0, 1, 2))),
        (qj.StatePrep(np.ones(8) / np.sqrt(8), (0, 1, 2)), 6),
        (qj.RXX(0.0, 0, 1), 0),
        (qj.CP(np.pi, 0, 1), 1),
    ]
    for gate, most in cases:
        circuit = qj.Circuit(3, [gate])
        lowered = circuit.decompose(basis)
        assert inside(lowered, basis)
        assert entanglers(lowered) <= most, gate
        same(circuit, lowered)
        if gate.name != "StatePrep":
            error = dense.matrix(lowered.gates(), 3) - dense.matrix([gate], 3)
            assert np.max(np.abs(error)) <= TIGHT, gate


@names
def test_runs_on_one_qubit_become_one_chain(basis):
    rng = np.random.default_rng(1)
    run = [qj.U3(*rng.normal(size=3), 0).map_qubits({0: 0}) for _ in range(10)] + [qj.T(0), qj.H(0)]
    lowered = qj.Circuit(1, run).decompose(basis)
    assert sum(1 for g in lowered.gates() if g.qubits) == {"zsx": 5, "zyz": 3, "u": 1}[basis.one]
    same(qj.Circuit(1, run), lowered)


@names
def test_what_undoes_itself_disappears(basis):
    rng = np.random.default_rng(2)
    circuit = random.circuit(rng, 3, 6)
    undone = circuit + circuit.inverse()
    assert undone.decompose(basis).ops == ()
    kept = qj.Circuit(2, [qj.CX(0, 1), qj.T(1), qj.CX(0, 1)]).decompose(basis)
    assert entanglers(kept) == 2


def test_half_and_quarter_turns_are_short():
    def names(*gates):
        lowered = qj.Circuit(1, gates).decompose("rz,sx,x,cz")
        return [g.name for g in lowered.gates() if g.qubits]

    assert names(qj.X(0)) == ["X"]
    assert names(qj.SX(0)) == ["SX"]
    assert names(qj.H(0)) == ["RZ", "SX", "RZ"]
    assert names(qj.Z(0)) == ["RZ"]
    assert names(qj.RZ(4 * np.pi, 0)) == []


@names
def test_placeholders_stay_placeholders(basis):
    t, w = qj.Param("t"), qj.Param("w")
    ops = [qj.H(0), qj.RX(2 * t, 0), qj.RY(w + 0.1, 1), qj.RZ(t, 1), qj.U3(t, w, -t, 2)]
    ops += [qj.CRX(t, 0, 1), qj.CP(w, 1, 2), qj.RXX(t, 0, 2), qj.fSim(t, w, 1, 0), qj.P(w, 2)]
    ops += [qj.CCX(0, 1, 2), qj.XXPlusYY(w, t, 2, 0), qj.CU(t, w, t, w, 0, 2), qj.CRY(t, 1, 0)]
    ops += [qj.PauliRotation(t, "XYZ", (0, 1, 2)), qj.Controlled(qj.U3(t, w, 0.1, 0), (1, 2))]
    circuit = qj.Circuit(3, ops)
    lowered = circuit.decompose(basis)
    assert inside(lowered, basis)
    values = {"t": 0.37, "w": -1.1}
    same(circuit.bind(values), lowered.bind(values))


@pytest.mark.parametrize("basis", ["rz,sx,x,ecr", "u,cx"])
def test_angles_that_are_traced_stay_differentiable(basis):
    def circuit(w):
        return qj.Circuit(2, [qj.RX(w[0], 0), qj.CRY(w[1], 0, 1), qj.P(w[0], 1)])

    def energy(w, lower):
        c = circuit(w)
        return qj.expval(c.decompose(basis) if lower else c, qj.X(0) @ qj.Z(1))

    w = np.array([0.3, 0.7])
    value, slope = jax.jit(jax.value_and_grad(energy), static_argnums=1)(w, True)
    expected, expected_slope = jax.value_and_grad(energy)(w, False)
    np.testing.assert_allclose(value, expected, atol=1e-12)
    np.testing.assert_allclose(slope, expected_slope, atol=1e-12)


def test_measurements_conditions_and_blocks_stay_where_they_are():
    layers = qj.Layers(lambda w: [qj.RY(w, 0), qj.CZ(0, 1)], np.array([0.1, 0.2]))
    ops = [layers, qj.Measure(0, 0), qj.If(0, [qj.H(1), qj.H(1), qj.Y(1)]), qj.Reset(0), qj.H(0)]
    lowered = qj.Circuit(2, [*ops, qj.Barrier((0, 1)), qj.H(0)], bits=1).decompose("u,cx")
    kinds = [type(op).__name__ for op in lowered.ops]
    (block,) = [op for op in lowered.ops if isinstance(op, qj.If)]
    assert [g.name for g in block.ops if g.qubits] == ["U3"]
    after = kinds.index("Reset")
    assert kinds.index("Measure") < kinds.index("If") < after < kinds.index("Barrier")


@pytest.mark.parametrize("seed", range(6))
def test_a_routed_circuit_is_the_circuit_on_permuted_qubits(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    circuit = random.circuit(rng, n, 12).decompose("u,cx")
    ring = [(q, (q + 1) % n) for q in range(n)]
    star = [(0, q) for q in range(1, n)]
    for coupling in ("line", ring, star):
        routed = circuit.route(coupling)
        assert routed.circuit.fits(coupling)
        assert sorted(routed.permutation) == list(range(n))
        assert routed.circuit.counts().get("SWAP", 0) == routed.swaps
        state = dense.run(routed.circuit).reshape((2,) * n).transpose(routed.permutation)
        np.testing.assert_allclose(state.reshape(-1), dense.run(circuit), atol=1e-12)
        same(circuit, routed.restored(), 1e-12)


@names
def test_entanglers_point_the_way_that_the_device_knows(basis):
    one_way = [(1, 0), (1, 2), (3, 2)]
    both = [*one_way, *((b, a) for a, b in one_way)]
    for seed in range(2):
        circuit = random.circuit(np.random.default_rng(seed), 4, 8).decompose(basis)
        routed = circuit.route(both).circuit
        found = routed.decompose(basis, directions=one_way)
        assert inside(found, basis)
        assert found.fits(one_way, directed=True)
        assert entanglers(found) <= entanglers(routed.decompose(basis))
        same(routed, found)
    backward = qj.Circuit(2, [qj.Gate(basis.entangler, (), (0, 1))])
    assert backward.fits([(1, 0)], directed=True) == (basis.entangler == "CZ")
    same(backward, backward.decompose(basis, directions=[(1, 0)]), 1e-14)


def test_fits_looks_at_every_gate():
    assert qj.Circuit(3, [qj.H(0), qj.CX(1, 0), qj.CZ(1, 2)]).fits("line")
    assert not qj.Circuit(3, [qj.Repeat([qj.CX(0, 2)], 2)]).fits("line")
    assert not qj.Circuit(3, [qj.CCX(0, 1, 2)]).fits([(0, 1), (1, 2), (0, 2)])
    assert qj.Circuit(3, [qj.CX(0, 2)]).fits([(2, 0)])
    assert qj.Circuit(2, [qj.Barrier((0, 1)), qj.X(0)]).fits([])


@pytest.mark.parametrize("order", [1, 2, pytest.param(4, marks=pytest.mark.verify)])
def test_a_product_formula_converges_with_its_order(order):
    h = 0.7 * dense.word("XX") + 0.5 * dense.word("ZI") - 0.4 * dense.word("YZ")
    for gate in (
        qj.Evolution(h, 0.5, (1, 0)),
        qj.Controlled(qj.Evolution(h, 0.5, (1, 0)), 2).inverse(),
    ):
        want, errors = dense.matrix([gate], 3), []
        for steps in (2, 4):
            lowered = qj.Circuit(3, [gate]).decompose("u,cx", trotter=(order, steps))
            assert inside(lowered, BASES[3])
            errors.append(np.max(np.abs(dense.matrix(lowered.gates(), 3) - want)))
        assert 0.8 * 2**order < errors[0] / errors[1] < 1.25 * 2**order
    t = qj.Param("t")
    symbolic = qj.Circuit(2, [qj.Evolution(h, t, (0, 1))]).decompose("u,cx", trotter=(order, 2))
    known = qj.Circuit(2, [qj.Evolution(h, 0.3, (0, 1))]).decompose("u,cx", trotter=(order, 2))
    same(known, symbolic.bind(t=0.3))


def test_what_cannot_be_lowered_or_routed_is_refused():
    circuit = qj.Circuit(3, [qj.CCX(0, 1, 2)])
    with pytest.raises(CircuitError, match="no such basis"):
        circuit.decompose("h,cx")
    with pytest.raises(CircuitError, match="no such basis"):
        circuit.decompose(3)
    for wrong in (2, (3, 1), (2, 0)):
        with pytest.raises(ParameterError, match="trotter"):
            circuit.decompose("u,cx", trotter=wrong)
    with pytest.raises(UnsupportedError, match="decompose first"):
        circuit.route()
    with pytest.raises(CircuitError, match="does not connect"):
        qj.Circuit(3, [qj.CX(0, 2)]).route([(0, 1)])
    with pytest.raises(CircuitError, match="pairs of qubits"):
        circuit.fits([0, 1])
    with pytest.raises(CircuitError, match="pairs of qubits"):
        circuit.fits("ring")
    with pytest.raises(CircuitError, match="decompose: coupling_map must be pairs"):
        circuit.decompose("u,cx", directions=[0, 1])
    with pytest.raises(UnsupportedError, match="without a value"):
        jax.jit(lambda u: qj.Circuit(1, [qj.Unitary(u, 0)]).decompose("u,cx"))(np.eye(2))
    assert as_basis({"U", "CX"}).one == "u"
