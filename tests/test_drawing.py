"""Text drawings, character by character."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.errors import CircuitError, ParameterError, QjaxError
from qjax.viz import draw, draw_figure


def golden(text):
    """The lines of a literal, without its margin."""
    lines = text.strip("\n").splitlines()
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[margin:].rstrip() for line in lines).rstrip()


def test_gates_controls_and_angles():
    circuit = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.RZ(0.25, 1)])
    assert draw(circuit) == golden("""
        q0: ─┤H├─●────────────
                 │
        q1: ─────⊕─┤RZ(0.25)├─
    """)


def test_control_values_swaps_and_wires_passed_over():
    circuit = qj.Circuit(
        3,
        [
            qj.Controlled(qj.RY(-0.1, 1), (0, 2), (0, 1)),
            qj.SWAP(0, 2),
            qj.CZ(1, 0),
            qj.RZZ(1 / 3, 0, 2),
            qj.Sdg(1),
        ],
    )
    assert draw(circuit) == golden("""
        q0: ─────○──────×─●─┤RZZ(0.333)├──────
                 │      │ │      │
        q1: ─┤RY(-0.1)├─┼─●──────┼───────┤S†├─
                 │      │        │
        q2: ─────●──────×───┤   RZZ    ├──────
    """)


def test_qubits_of_a_gate_are_told_apart_where_they_differ():
    circuit = qj.Circuit(
        3, [qj.RZX(0.5, 2, 0), qj.PauliRotation(1.25, "XZY", (0, 2, 1)), qj.ISWAP(0, 1)]
    )
    assert draw(circuit) == golden("""
        q0: ─┤1:RZX(0.5)├─┤X:RXZY(1.25)├─┤ISWAP├─
                  │             │           │
        q1: ──────┼───────┤   Y:RXZY   ├─┤ISWAP├─
                  │             │
        q2: ─┤  0:RZX   ├─┤   Z:RXZY   ├─────────
    """)


def test_placeholders():
    t = qj.Param("t")
    circuit = qj.Circuit(1, [qj.RX(t, 0), qj.RX(-t, 0), qj.RX(2 * t + 0.5, 0), qj.P(t - 1, 0)])
    assert draw(circuit) == golden("""
        q0: ─┤RX(t)├─┤RX(-t)├─┤RX(2*t+0.5)├─┤P(t-1)├─
    """)


def test_repeated_blocks_stand_in_a_frame():
    def layer(w):
        return [qj.RY(w[0], 0), qj.RX(0.5, 1), qj.CNOT(0, 1)]

    circuit = qj.Circuit(2, [qj.H(0), qj.Layers(layer, jnp.ones((50, 1)))])
    assert draw(circuit) == golden("""
                 ┌─ x50 ───────┐
        q0: ─┤H├─┼──┤RY(…)├──●─┼─
                 │           │ │
        q1: ─────┼─┤RX(0.5)├─⊕─┼─
                 └─────────────┘
    """)


def test_frames_nest_and_make_room():
    inner = qj.Repeat([qj.CNOT(1, 2)], 3)
    circuit = qj.Circuit(3, [qj.Repeat([qj.H(1), inner], 2), qj.CNOT(0, 2)])
    assert draw(circuit) == golden("""
        q0: ──────────────────●─
             ┌─ x2 ─────────┐ │
             │     ┌─ x3 ─┐ │ │
        q1: ─┼─┤H├─┼──●───┼─┼─┼─
             │     │  │   │ │ │
        q2: ─┼─────┼──⊕───┼─┼─⊕─
             │     └──────┘ │
             └──────────────┘
    """)


def test_long_circuits_are_continued_below():
    circuit = qj.Circuit(2, [[qj.RX(0.1 * k, 0), qj.CNOT(0, 1)] for k in range(1, 5)])
    assert draw(circuit, width=30) == golden("""
        q0: ─┤RX(0.1)├─●─┤RX(0.2)├─●─
                       │           │
        q1: ───────────⊕───────────⊕─

        q0: ┤RX(0.3)├─●─┤RX(0.4)├─●─
                      │           │
        q1: ──────────⊕───────────⊕─
    """)


def test_global_phases_stand_below():
    circuit = qj.Circuit(1, [qj.GlobalPhase(0.5), qj.Repeat([qj.X(0), qj.GlobalPhase(0.1)], 3)])
    assert draw(circuit).splitlines()[-1] == "global phase: 0.5 + 0.1 (x3)"


def test_traced_values_are_question_marks_and_batches_are_dots():
    seen = []

    @jax.jit
    def look(x):
        seen.append(draw(qj.Circuit(1, [qj.RX(x, 0)])))
        return x

    look(0.5)
    batch = jax.vmap(lambda x: qj.Circuit(1, [qj.RX(x, 0)]))(jnp.ones(3))
    assert [*seen, draw(batch)] == ["q0: ─┤RX(?)├─", "q0: ─┤RX(…)├─"]


def test_no_line_is_longer_than_the_width_and_no_box_is_cut():
    rng = np.random.default_rng(0)
    ops = [qj.RX(rng.normal(), int(rng.integers(12))) for _ in range(60)]
    ops += [qj.CNOT(int(a), int(b)) for a, b in (rng.permutation(12)[:2] for _ in range(20))]
    circuit = qj.Circuit(12, ops)
    for width in (20, 33, 57, 100):
        lines = draw(circuit, width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert all(line.count("┤") == line.count("├") for line in lines)
    assert draw(circuit, width=20).count("┤RX") == 60
    assert len(draw(circuit, width=None).splitlines()) == 23


def test_digits_and_unrolling():
    circuit = qj.Circuit(1, [qj.Repeat([qj.RX(np.pi, 0)], 2)])
    assert draw(circuit, digits=5, unroll=True) == "q0: ─┤RX(3.1416)├─┤RX(3.1416)├─"


def test_every_gate_of_the_table_can_be_drawn():
    rng = np.random.default_rng(1)
    arrays = {"SU2": (3,), "SU4": (15,), "Diagonal": (4,)}
    for name, spec in qj.gates.TABLE.items():
        k = spec.num_qubits if spec.num_qubits is not None else 2
        if name == "Evolution":
            params = [rng.normal(size=4), np.eye(4), np.array(0.5)]
        elif name in ("Unitary", "StatePrep"):
            params = [np.eye(4)]
        else:
            params = [np.array(rng.normal(size=arrays.get(name, ()))) for _ in spec.param_names]
        static = {"PauliRotation": "XZ", "Permutation": (0, 1, 3, 2)}.get(name)
        gate = qj.Gate(name, params, range(k), static=static)
        assert draw(qj.Circuit(4, [gate])).startswith("q0: ─")
        if name != "StatePrep":
            assert "●" in draw(qj.Circuit(4, [gate.control(3)]))
    assert "(0.5)" in draw(qj.Circuit(2, [qj.Evolution(np.eye(4), 0.5, (0, 1))]))


def test_a_figure_holds_every_wire_box_and_frame(tmp_path):
    inner = qj.Repeat([qj.CNOT(1, 2), qj.GlobalPhase(0.1)], 3)
    circuit = qj.Circuit(
        3, [qj.H(0), qj.SWAP(0, 1), qj.Repeat([qj.RX(0.5, 1), inner], 2), qj.CZ(0, 2)]
    )
    figure = draw_figure(circuit)
    texts = {t.get_text() for t in figure.axes[0].texts}
    phase = "global phase: 0.1 (x2) (x3)"
    assert texts == {"q0", "q1", "q2", "H", "RX(0.5)", "x2", "x3", phase}
    assert len(figure.axes[0].patches) == 4
    figure.savefig(tmp_path / "circuit.png")
    assert (tmp_path / "circuit.png").stat().st_size > 1000


def test_a_figure_may_be_drawn_into_given_axes():
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.add_subplot()
    assert draw_figure(qj.Circuit(1), ax=ax) is figure
    assert [t.get_text() for t in ax.texts] == ["q0"]


def test_matplotlib_is_loaded_only_when_a_figure_is_asked_for():
    code = "import qjax.viz, sys; assert not any(m.startswith('matplotlib') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


MISUSE = [
    (lambda: draw_figure(qj.Circuit(1), digits=0), ParameterError, "digits must be at least 1"),
    (lambda: draw_figure([qj.H(0)]), CircuitError, "wrap the operations"),
    (lambda: draw(qj.H(0)), CircuitError, "wrap the operations"),
    (lambda: draw(lambda: None), CircuitError, "call your ansatz function first"),
    (lambda: draw(qj.Circuit(1), width=5), ParameterError, "width must be at least 20"),
    (lambda: draw(qj.Circuit(1), digits=0), ParameterError, "digits must be at least 1"),
]


@pytest.mark.parametrize("case", MISUSE, ids=lambda c: c[2][:32])
def test_misuse_is_explained(case):
    call, kind, message = case
    with pytest.raises(QjaxError) as caught:
        call()
    assert isinstance(caught.value, kind)
    assert message in str(caught.value)
