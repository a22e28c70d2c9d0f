"""Sums over the paths of Pauli words against dense states, and where they are chosen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference as ref

import qjax as qj
from qjax.errors import UnsupportedError
from qjax.nn.fast_weights import FastCircuit, brickwork_ry
from qjax.simulators.paths import PauliPaths, few_paths

FIXED = {1: ("H", "X", "Y", "Z", "S", "T", "SX"), 2: ("CX", "CY", "CZ", "SWAP", "ISWAP")}
ANGLED = {
    1: ("RX", "RY", "RZ", "P"),
    2: ("RXX", "RYY", "RZZ", "RZX", "CRX", "CRY", "CRZ", "CP"),
}


def structure(seed, n=4, size=14):
    """A function of angles to a circuit of fixed gates and gates of one angle, and their number."""
    choose = np.random.default_rng(seed)
    picked, count = [], 0
    for _ in range(size):
        k = int(choose.integers(1, 3))
        angled = choose.random() < 0.4
        name = str(choose.choice((ANGLED if angled else FIXED)[k]))
        qubits = tuple(int(q) for q in choose.choice(n, k, replace=False))
        picked.append((name, qubits, count if angled else None, bool(choose.random() < 0.2)))
        count += angled

    def circuit(angles):
        ops = []
        for name, qubits, number, inverted in picked:
            gate = getattr(qj, name)
            op = gate(*qubits) if number is None else gate(angles[number], *qubits)
            ops.append(qj.Inverse(op) if inverted else op)
        return qj.Circuit(n, [qj.PauliRotation(angles[count], "XZY", (2, 0, 3)), *ops])

    return circuit, count + 1


def questions(seed, n=4):
    """Coefficients of words, for several observables; the sums share a word."""
    choose = np.random.default_rng([seed, 1])
    found = ["".join(choose.choice(list("IXYZ"), n)) for _ in range(4)]
    return [{word: 0.5 + k for k, word in enumerate(found)}, {found[0]: -2.0}]


def check_paths(seed):
    circuit, count = structure(seed)
    asked = questions(seed)
    sums = [qj.PauliSum.from_terms(terms) for terms in asked]
    dense = [
        ref.observable([(dict(enumerate(word)), c) for word, c in terms.items()], 4)
        for terms in asked
    ]
    angles = np.random.default_rng([seed, 2]).uniform(-np.pi, np.pi, count)

    def values(angles):
        return jnp.stack(qj.expval(circuit(angles), sums, sim=PauliPaths()))

    found, slopes = jax.jit(lambda a: (values(a), jax.jacrev(values)(a)))(jnp.asarray(angles))
    exact = [ref.expval(circuit(angles), matrix) for matrix in dense]
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12)
    # Frequencies of expectation values are at most 1: a fourth-order difference of step 1e-3 is
    # exact to 1e-11.
    for k in range(count):
        steps = angles + 1e-3 * np.outer([-2, -1, 1, 2], np.eye(count)[k])
        at = np.array([[ref.expval(circuit(a), matrix) for matrix in dense] for a in steps])
        slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / 12e-3
        np.testing.assert_allclose(slopes[:, k], slope, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(k, marks=pytest.mark.verify) for k in range(1, 40))]
)
def test_paths_find_the_values_and_slopes_of_dense_states(seed):
    check_paths(seed)


@pytest.mark.verify
def test_paths_batch_and_have_second_derivatives():
    """Under vmap and in forward-over-reverse mode they agree with the statevector."""
    rng = np.random.default_rng(3)
    x, w = jnp.asarray(rng.normal(size=(3, 1))), jnp.asarray(rng.normal(size=(3, 2, 4)))
    pick = jnp.asarray(rng.normal(size=(3, 2, 4)))

    def total(w, sim):
        fast = FastCircuit((2, 4), 3, sim=sim, gradient=qj.Backprop())
        return jnp.sum(jnp.sin(jax.vmap(fast)(x, w)))

    def both(sim):
        slope = jax.grad(total)
        return jax.jit(lambda w: jax.jvp(lambda w: slope(w, sim), (w,), (pick,)))(w)

    for a, b in zip(both(PauliPaths()), both(qj.Statevector()), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)


def test_paths_are_chosen_where_they_are_few():
    """The published circuit of one input; not with inputs on all qubits, nor with channels."""
    angles, observables = jnp.zeros((2, 8)), [qj.Z(q) for q in range(4)]
    assert few_paths(brickwork_ry(jnp.zeros(1), angles), observables)
    every = [qj.Z(q) for q in range(8)]
    assert not few_paths(brickwork_ry(jnp.zeros(8), angles), every)
    assert not few_paths(qj.Circuit(1, [qj.BitFlip(0.1, 0)]), qj.Z(0))
    assert not few_paths(qj.Circuit(1, [qj.RX(0.1, 0)]), qj.Projector("0", 0))


def test_what_has_no_paths_is_refused():
    with pytest.raises(UnsupportedError, match="paths"):
        qj.expval(qj.Circuit(1, [qj.U3(0.1, 0.2, 0.3, 0)]), qj.Z(0), sim=PauliPaths())
    with pytest.raises(UnsupportedError, match="ProbsQuery"):
        qj.probs(qj.Circuit(1, [qj.H(0)]), sim=PauliPaths())
    deep = qj.Circuit(1, [gate for _ in range(4) for gate in (qj.RX(0.1, 0), qj.RZ(0.2, 0))])
    with pytest.raises(UnsupportedError, match="at most 2 words"):
        qj.expval(deep, qj.Z(0), sim=PauliPaths(limit=2))
    none = qj.expval(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)]), qj.X(0) @ qj.X(1), sim=PauliPaths())
    assert float(none) == 1.0
