"""Programs of others: read as Qiskit reads them, or refused with the reason."""

import numpy as np
import pytest
import qasm_dense as dense
from qasm_files import OWN, SHARED, files, invalid_statements, needs_shared

import qjax as qj
from qjax import qasm
from qjax.circuit.dynamic import Barrier, If, Measure, Reset, While

EXAMPLES = {
    "adder", "inverseqft1", "inverseqft2", "ipe", "qec", "qft", "qpt", "rb", "rus", "teleport",
    "varteleport",
}  # fmt: skip
REASONS = {
    "alignment": "stretch",
    "arrays": "array",
    "cphase": "CX",  # not defined: the file includes no library
    "dd": "stretch",
    "defcal": "defcalgrammar",
    "gateteleport": "extern",
    "msd": "3",  # an index outside its register
    "scqec": "extern",
    "t1": "duration",
    "vqe": "extern",
}


def distribution(steps, n, bits):
    """Exact outcomes of unitaries, measurements and resets, every branch followed."""
    branches = {0: [np.eye(1, 2**n, dtype=complex)[0]]}
    for step in steps:
        new = {}
        for key, states in branches.items():
            for state in states:
                if step[0] == "gate":
                    new.setdefault(key, []).append(step[1](state))
                    continue
                for value in (0, 1):
                    part = state.reshape(2 ** step[1], 2, -1).copy()
                    part[:, 1 - value] = 0
                    if np.linalg.norm(part) < 1e-9:
                        continue
                    if step[0] == "reset" and value:
                        part = part[:, ::-1]
                    outcome = key
                    if step[0] == "measure":
                        outcome = key & ~(1 << step[2]) | value << step[2]
                    new.setdefault(outcome, []).append(part.reshape(-1))
        branches = new
    p = np.zeros(2**bits)
    for key, states in branches.items():
        p[key] = sum(np.vdot(s, s).real for s in states)
    return p


def outcomes(circuit):
    """The distribution of the classical bits, bit 0 the least significant."""
    steps = []
    for op in circuit.ops:
        if isinstance(op, Measure):
            steps.append(("measure", op.qubit, op.bit))
        elif isinstance(op, Reset):
            steps.append(("reset", op.qubit))
        elif isinstance(op, qj.Gate):
            steps.append(("gate", lambda state, op=op: dense.apply(state, op, circuit.n)))
        else:
            assert isinstance(op, Barrier)
    return distribution(steps, circuit.n, circuit.bits)


def qiskit_outcomes(text):
    """The same for the circuit that Qiskit reads, with Qiskit's matrices."""
    from qiskit.qasm2 import LEGACY_CUSTOM_INSTRUCTIONS, loads
    from qiskit.quantum_info import Operator

    circuit = loads(text, custom_instructions=LEGACY_CUSTOM_INSTRUCTIONS)
    n, steps = circuit.num_qubits, []
    for step in circuit.data:
        qubits = [circuit.find_bit(q).index for q in step.qubits]
        name = step.operation.name
        if name == "measure":
            steps.append(("measure", qubits[0], circuit.find_bit(step.clbits[0]).index))
        elif name == "reset":
            steps.append(("reset", qubits[0]))
        elif name != "barrier":
            matrix = Operator(step.operation).data
            gate = qj.Gate("Unitary", (matrix,), tuple(reversed(qubits)))
            steps.append(("gate", lambda state, gate=gate: dense.apply(state, gate, n)))
    return distribution(steps, n, circuit.num_clbits)


@needs_shared
@pytest.mark.parametrize("path", files("open"), ids=lambda p: p.stem)
def test_an_open_file_has_the_outcomes_that_qiskit_finds(path):
    if path.stem == "vqe_uccsd_n4":
        with pytest.raises(qasm.QasmError, match="not defined"):
            qasm.load(path)
        return
    circuit = qasm.load(path)
    text = path.read_text()
    if any(isinstance(op, If) for op in circuit.ops):
        pytest.skip("feed-forward: held by the round trip")
    want = qiskit_outcomes(text if "OPENQASM" in text else "OPENQASM 2.0;\n" + text)
    assert 0.5 * np.sum(np.abs(outcomes(circuit) - want)) <= 1e-10


@needs_shared
@pytest.mark.parametrize("path", files("openqasm3"), ids=lambda p: p.stem)
def test_an_official_example_loads_or_names_what_is_missing(path):
    if path.stem in EXAMPLES:
        assert len(qasm.load(path)) > 0
        return
    with pytest.raises(qasm.QasmError) as caught:
        qasm.load(path)
    assert caught.value.construct == REASONS[path.stem]


@needs_shared
def test_every_official_invalid_statement_is_refused():
    before = 'include "stdgates.inc";\nqubit[4] q;\nint[8] i = 1;\nbit[4] a;\nbit b;\n'
    statements = invalid_statements()
    assert len(statements) > 100
    for _, _, statement in statements:
        for text in (statement + "\nqubit other;", before + statement):
            with pytest.raises(qasm.QasmError):
                qasm.loads(text)


@needs_shared
def test_the_adder_adds():
    circuit = qasm.load(SHARED / "openqasm3" / "adder.qasm")
    (answer,) = np.flatnonzero(outcomes(circuit) > 0.5)
    assert int(answer) == 1 + 15


def test_the_language_file_reads_as_written():
    circuit = qasm.load(OWN / "language.qasm")
    assert (circuit.n, circuit.params()) == (4, ("theta",))
    kinds = [type(op) for op in circuit.ops]
    assert kinds.count(While) == 1
    assert circuit.ops[4].params == (0.5 * qj.Param("theta"),)
    assert repr(circuit.ops[6]) == "Controlled(P(-3.14159, 3), (1,), (0,))"


def test_gates_of_qiskits_library_that_qjax_lacks_are_qiskits():
    head = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[5];\n'
    layer = "".join(f"ry(0.{k + 3}) q[{k}];\nrz(0.{k + 5}) q[{k}];\n" for k in range(5))
    calls = ["rccx q[0],q[2],q[1]", "rc3x q[0],q[2],q[1],q[3]", "c3x q[3],q[2],q[1],q[0]"]
    calls += ["c4x q[0],q[1],q[4],q[3],q[2]", "c3sqrtx q[3],q[2],q[1],q[0]", "cu1(0.3) q[0],q[1]"]
    calls += ["cu3(0.1,0.2,0.3) q[4],q[1]", "cu(0.1,0.2,0.3,0.4) q[4],q[1]", "u0(1) q[2]"]
    calls += ["u(0.1,0.2,0.3) q[1]", "rxx(0.3) q[1],q[2]", "rzz(0.3) q[3],q[2]", "sxdg q[0]"]
    calls += ["csx q[0],q[3]", "crx(0.2) q[1],q[0]", "cswap q[1],q[0],q[3]", "p(0.2) q[2]"]
    from qiskit.qasm2 import LEGACY_CUSTOM_INSTRUCTIONS, loads
    from qiskit.quantum_info import Statevector

    for call in calls:
        text = head + layer + call + ";\n"
        want = loads(text, custom_instructions=LEGACY_CUSTOM_INSTRUCTIONS)
        state = np.asarray(Statevector(want.reverse_bits()).data)
        got = dense.run(qasm.loads(text))
        assert 1 - abs(np.vdot(got, state)) <= 1e-12, call
