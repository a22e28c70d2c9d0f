"""`qjax simulate`, `convert` and `explain` on OpenQASM files."""

import numpy as np
import pytest
import qasm_dense as dense

import qjax as qj
from qjax import cli, qasm

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2]; creg c[2];
x q[1]; h q[0]; cx q[0],q[1];
measure q[0] -> c[1]; measure q[1] -> c[0];
"""


@pytest.fixture
def bell(tmp_path):
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    return str(path)


def rows(out):
    """The table that `simulate` prints."""
    cells = [line.split() for line in out.splitlines()]
    return {c[0]: float(c[1]) for c in cells if len(c) == 2 and set(c[0]) <= {"0", "1"}}


def test_simulate_lists_exact_probabilities_or_counts(bell, capsys):
    assert cli.main(["simulate", bell]) == 0
    assert rows(capsys.readouterr().out) == {"01": 0.5, "10": 0.5}
    assert cli.main(["simulate", bell, "--shots", "100", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    counts = rows(out)
    assert set(counts) == {"01", "10"}
    assert sum(counts.values()) == 100
    assert cli.main(["simulate", bell, "--shots", "100", "--seed", "3"]) == 0
    assert capsys.readouterr().out == out


def test_simulate_follows_measurements_in_the_middle(tmp_path, capsys):
    path = tmp_path / "middle.qasm"
    path.write_text(
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; x q[0]; '
        "c[0] = measure q[0]; if (c[0]) { x q[1]; } reset q[0]; c[1] = measure q[1];"
    )
    assert cli.main(["simulate", str(path)]) == 0
    out = capsys.readouterr().out
    assert rows(out) == {"11": 1.0}
    assert "DensityMatrix" in out


def test_simulate_takes_tensor_networks_and_the_noise_of_a_device(bell, capsys):
    assert cli.main(["simulate", bell, "--sim", "mps", "--shots", "50"]) == 0
    out = capsys.readouterr().out
    assert set(rows(out)) == {"01", "10"}
    assert "MPS" in out
    assert cli.main(["simulate", bell, "--noise", "manila"]) == 0
    noisy = rows(capsys.readouterr().out)
    assert 0.3 < noisy["01"] < 0.5
    assert 0.001 < noisy["00"] < 0.2
    assert cli.main(["simulate", bell, "--noise", "none.json"]) == cli.REFUSED
    assert "none.json" in capsys.readouterr().err


def test_simulate_takes_inputs(tmp_path, capsys):
    path = tmp_path / "input.qasm"
    path.write_text('OPENQASM 3.0; include "stdgates.inc"; input float t; qubit q; rx(t) q;')
    assert cli.main(["simulate", str(path), "--input", f"t={np.pi}"]) == 0
    assert rows(capsys.readouterr().out) == {"1": 1.0}


@pytest.mark.parametrize("dialect", qasm.DIALECTS)
def test_convert_writes_the_same_circuit(bell, tmp_path, dialect, capsys):
    target = tmp_path / "out.qasm"
    basis = ["--basis", "rz,sx,x,ecr"] if dialect != "qasm2" else []
    assert cli.main(["convert", bell, str(target), "--dialect", dialect, *basis]) == 0
    read, want = qasm.load(target), qasm.loads(BELL)
    overlap = np.vdot(dense.run(read, read.gates()), dense.run(want, want.gates()))
    assert abs(overlap) > 1 - 1e-12
    assert sum(isinstance(op, qj.Measure) for op in read.ops) == 2
    assert "2 qubits" in capsys.readouterr().out


def test_convert_prints_and_routes(tmp_path, capsys):
    path = tmp_path / "far.qasm"
    path.write_text('OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; h q[0]; cx q[0], q[2];')
    assert cli.main(["convert", str(path), "-", "--line", "--basis", "rx,ry,rz,cx"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("q[k] ends on [1, 0, 2]")
    assert qasm.loads(printed.split("\n", 1)[1]).fits("line")


def test_explain_reads_a_file(bell, capsys):
    assert cli.main(["explain", bell]) == 0
    assert "2 qubits, 3 gates" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("qubit q; h q;", [], "line 1"),
        ('OPENQASM 3; include "stdgates.inc"; input float t; qubit q; rx(t) q;', [], "--input t="),
        (BELL, ["--input", "t"], "NAME=VALUE"),
        (BELL, ["--shots", "0"], "must be positive"),
    ],
)
def test_what_cannot_be_simulated_is_one_message(text, arguments, words, tmp_path, capsys):
    path = tmp_path / "x.qasm"
    path.write_text(text)
    assert cli.main(["simulate", str(path), *arguments]) == cli.REFUSED
    err = capsys.readouterr().err
    assert err.startswith("error:")
    assert words in err
    assert cli.main(["simulate", str(tmp_path / "none.qasm")]) == cli.REFUSED
    assert cli.main(["convert", str(path), "-", "--basis", "h"]) == cli.REFUSED
