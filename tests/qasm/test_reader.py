"""Programs of others: read as Qiskit reads them, or refused with the reason."""

import numpy as np
import pytest
import qasm_dense as dense
from qasm_files import OWN, SHARED, files, invalid_statements, needs_shared
from qasm_outcomes import outcomes, qiskit_outcomes

import qjax as qj
from qjax import qasm
from qjax.circuit.dynamic import While

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


@needs_shared
@pytest.mark.parametrize("path", files("open"), ids=lambda p: p.stem)
def test_an_open_file_has_the_outcomes_that_qiskit_finds(path):
    if path.stem == "vqe_uccsd_n4":
        with pytest.raises(qasm.QasmError, match="not defined"):
            qasm.load(path)
        return
    text = path.read_text()
    want = qiskit_outcomes(text if "OPENQASM" in text else "OPENQASM 2.0;\n" + text)
    assert 0.5 * np.sum(np.abs(outcomes(qasm.load(path)) - want)) <= 1e-10


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
