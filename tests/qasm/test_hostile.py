"""Hostile and broken text: always `QasmError`, never anything else, never slow."""

import subprocess
import sys
from pathlib import Path

import pytest
from qasm_files import SHARED, needs_shared
from qasm_hostile import V2, V3, corpus

from qjax import qasm

HERE = Path(__file__).parent


def survive(what, *arguments):
    """Run `qasm_survive` in a process of its own, without the type checks of the test run."""
    command = [sys.executable, str(HERE / "qasm_survive.py"), what, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return int(done.stdout)


def test_each_hostile_program_is_refused_in_2_seconds_and_a_gibibyte():
    assert len(corpus()) >= 60
    assert survive("hostile") == len(corpus())


def test_damaged_programs_load_or_are_refused():
    assert survive("damaged", 0, 300) == 300


@pytest.mark.verify
def test_10000_damaged_programs_load_or_are_refused():
    assert survive("damaged", 1000, 11_000) == 10_000


@pytest.mark.parametrize("text", [None, 3, b"OPENQASM 2.0;"])
def test_only_text_is_read(text):
    with pytest.raises(qasm.QasmError, match="string"):
        qasm.loads(text)


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path):
    path = tmp_path / "x.qasm"
    path.write_bytes(b"OPENQASM 2.0;\nqreg q\xff[1];")
    with pytest.raises(qasm.QasmError, match="line 2, column 7"):
        qasm.load(path)
    with pytest.raises(qasm.QasmError, match="cannot be opened"):
        qasm.load(tmp_path / "none.qasm")


def test_only_a_named_folder_is_included(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "mine.inc").write_text("gate mine a { x a; }")
    (tmp_path / "secret.inc").write_text("gate secret a { x a; }")
    good = V3 + 'include "mine.inc";\nqubit q;\nmine q;'
    with pytest.raises(qasm.QasmError, match="not included"):
        qasm.loads(good)
    assert len(qasm.loads(good, include_path=tmp_path / "in")) == 1
    for name in ("../secret.inc", str(tmp_path / "secret.inc")):
        with pytest.raises(qasm.QasmError, match="not included"):
            qasm.loads(V3 + f'include "{name}";\nqubit q;', include_path=tmp_path / "in")


def test_the_limits_can_be_raised_and_lowered():
    text = V2 + "qreg q[4]; gate g a { x a; x a; x a; } g q;"
    assert len(qasm.loads(text)) == 12
    with pytest.raises(qasm.QasmError, match="qubit register"):
        qasm.loads(text, limits=qasm.Limits(qubits=3))
    loop = V3 + "qubit q; for uint i in [0:29999] { x q; }"
    with pytest.raises(qasm.QasmError, match="expands to more"):
        qasm.loads(loop)
    assert len(qasm.loads(loop, limits=qasm.Limits(operations=10**6))) == 30_000


@needs_shared
def test_the_broken_file_is_refused_at_its_line():
    path = SHARED / "open" / "vqe_uccsd_n4.qasm"
    line = next(k for k, t in enumerate(path.read_text().splitlines(), 1) if "measure" in t)
    with pytest.raises(qasm.QasmError) as caught:
        qasm.load(path)
    assert caught.value.line == line


def test_an_error_says_where_what_and_how():
    with pytest.raises(qasm.QasmError) as caught:
        qasm.loads("OPENQASM 3.0;\nqubit[2] q;\n  h q[0];")
    error = caught.value
    assert (error.line, error.column, error.construct) == (3, 3, "h")
    assert "stdgates.inc" in error.hint
