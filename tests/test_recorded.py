"""Gradients from kept states: those of plain automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.gradients.reversible import recorded
from qjax.simulators.plan import complex_leaves, make_plan
from qjax.simulators.statevector import final_state, run_steps
from qjax.simulators.steps.record import states_kept

N = 6
WEIGHTS = np.random.default_rng(3).uniform(-2, 2, (3, 2 * N))
ENDS = np.random.default_rng(4).normal(size=(2, 2**N))


def ring(gate):
    return [gate(q, (q + 1) % N) for q in range(N)]


def rotations(row, gate):
    singles = [qj.RY(row[q], q) for q in range(N)] + [qj.RZ(row[N + q], q) for q in range(N)]
    return [*singles, *ring(gate)]


def mixers(row):
    across = [qj.RZZ(row[q], q, (q + 2) % N) for q in range(N)]
    return [
        *across,
        qj.CRZ(row[6], 0, 5),
        qj.CP(row[7], 3, 2),
        *(qj.RX(row[8], q) for q in range(N)),
    ]


CIRCUITS = {
    "permutations": lambda w: [qj.Layers(lambda row: rotations(row, qj.CNOT), w)],
    "signs": lambda w: [
        qj.RX(0.3, 0),
        qj.Inverse(qj.Layers(lambda row: rotations(row, qj.CZ), w)),
        qj.RY(w[0, 0], 2),
    ],
    "phases across the cut": lambda w: [*map(qj.H, range(N)), qj.Layers(mixers, w)],
    "real": lambda w: [
        qj.Layers(lambda row: [*(qj.RY(row[q], q) for q in range(N)), *ring(qj.CNOT)], w)
    ],
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_kept_states_give_the_gradient_of_plain_differentiation(name, monkeypatch):
    monkeypatch.setattr("qjax.gradients.reversible.RECORD_FROM", 1)
    monkeypatch.setattr("qjax.simulators.steps.LoopStep.slow_undo", True, raising=False)
    monkeypatch.setattr("qjax.simulators.steps.LocalStep.slow_undo", True)
    calls = []
    monkeypatch.setattr(
        "qjax.gradients.reversible.record",
        lambda *a: calls.append(1) or qj.simulators.steps.record.record(*a),
    )

    def overlap(weights, evolve):
        leaves, treedef = jax.tree.flatten(qj.Circuit(N, CIRCUITS[name](weights)))
        plan = make_plan(treedef, complex_leaves(leaves))
        assert states_kept(plan.steps) < np.inf
        state = final_state(plan, leaves, np.dtype(np.float64), evolve)
        parts = [
            jnp.sum(x * jnp.cos(x + e)) for x, e in zip(state, ENDS, strict=True) if x is not None
        ]
        return sum(parts)

    slope = jax.jit(jax.grad(overlap), static_argnums=1)
    found, expected = slope(WEIGHTS, recorded), slope(WEIGHTS, run_steps)
    assert calls
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_layer_of_rotations_and_phases_keeps_one_state():
    """Both look at the state between them."""
    leaves, treedef = jax.tree.flatten(qj.Circuit(N, CIRCUITS["permutations"](WEIGHTS)))
    assert states_kept(make_plan(treedef, complex_leaves(leaves)).steps) == len(WEIGHTS)


def test_steps_that_cannot_draw_are_undone_instead():
    circuit = qj.Circuit(N, [qj.PauliRotation(0.3, "XYXZ", (0, 1, 4, 5)), qj.RY(0.2, 1)])
    leaves, treedef = jax.tree.flatten(circuit)
    assert states_kept(make_plan(treedef, complex_leaves(leaves)).steps) == np.inf
