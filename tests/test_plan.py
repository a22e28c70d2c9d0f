"""What the planner makes of a circuit, and that it changes no number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import random_circuits as rc
import reference
from jax import export
from jax.extend.core import jaxprs_in_params

import qjax as qj
from qjax.measure.program import structure_of

N, DEPTH = 4, 12
WEIGHTS = jnp.asarray(np.random.default_rng(0).normal(size=(DEPTH, N, 2)))
ISING = qj.tfim(N)


def layer(w):
    turns = [[qj.RY(w[k, 0], k), qj.RZ(w[k, 1], k)] for k in range(N)]
    return [turns, [qj.CNOT(k, (k + 1) % N) for k in range(N)]]


def listed(w):
    return qj.Circuit(N, [qj.H(0), qj.T(2), [layer(x) for x in w], qj.S(1)])


def stacked(w):
    return qj.Circuit(N, [qj.H(0), qj.T(2), qj.Layers(layer, w), qj.S(1)])


def energy(build, gradient):
    return lambda w: qj.expval(build(w), ISING, gradient=gradient)


def test_repetition_in_a_flat_list_becomes_a_loop():
    found, written = qj.explain(listed(WEIGHTS)).plan, qj.explain(stacked(WEIGHTS)).plan
    assert str(found) == str(written)
    assert f"{DEPTH} times:" in str(found)


def test_a_short_list_stays_a_list():
    assert "loop" not in qj.explain(listed(WEIGHTS[:2])).plan.kinds()


@pytest.mark.parametrize("gradient", [qj.Backprop(), qj.Adjoint()])
def test_found_and_written_loops_give_the_same_state_and_gradient(gradient):
    np.testing.assert_allclose(
        qj.run(listed(WEIGHTS)), reference.state(listed(WEIGHTS)), atol=1e-12
    )
    ours = jax.grad(energy(listed, gradient))(WEIGHTS)
    np.testing.assert_allclose(ours, jax.grad(energy(stacked, gradient))(WEIGHTS), atol=1e-12)


def test_an_expectation_value_skips_what_cannot_reach_it():
    circuit = qj.Circuit(4, [qj.RX(0.3, 0), qj.CNOT(0, 1), qj.RX(0.4, 2), qj.CNOT(2, 3)])
    value, info = qj.expval(circuit, qj.Z(1), info=True)
    assert max(q for step in info.plan.steps for q in step.qubits) == 1
    np.testing.assert_allclose(value, np.cos(0.3), atol=1e-14)


def test_rotations_about_different_words_in_one_window_stay_apart():
    words = [qj.PauliRotation(0.3 + k, word, (k,)) for k, word in enumerate("XYZX")]
    circuit = qj.Circuit(4, [qj.PauliRotation(0.9, "Y", (2,)), *words])
    np.testing.assert_allclose(qj.run(circuit), reference.state(circuit), atol=1e-14)


def test_the_batch_layout_changes_no_number():
    weights = jnp.asarray(np.random.default_rng(1).normal(size=(9, 2, N, 2)))
    value = jax.vmap(jax.value_and_grad(energy(stacked, qj.Adjoint())))
    plain = jax.lax.map(jax.value_and_grad(energy(stacked, qj.Backprop())), weights)
    for ours, theirs in zip(value(weights), plain, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("n", [1, 5, pytest.param(4, marks=pytest.mark.verify)])
def test_layers_of_rotations_in_chunks_of_lanes(n, monkeypatch):
    """Reflections before and after rotations, qubits without one, an odd register, a last chunk
    that is padded: values and gradients are those of the plain rule."""
    monkeypatch.setattr("qjax.gradients.lanes.CHUNK", 0)  # the narrowest chunks: 32 lanes
    weights = jnp.asarray(np.random.default_rng(n).normal(size=(75, 2, 2, n)))

    def layer(w):
        before = [qj.H(0), [qj.X(k) for k in range(1, n, 2)]]
        turns = [qj.RY(w[0, k], k) for k in range(n) if k != 2]
        after = [[qj.Z(k), qj.H(k)] for k in range(0, n, 3)]
        phases = [[qj.RZ(w[1, k], k), qj.Inverse(qj.RY(w[1, k], k))] for k in range(n)]
        return [before, turns, after, phases, [qj.CZ(k, k + 1) for k in range(n - 1)]]

    def energy(w, gradient):
        circuit = qj.Circuit(n, [qj.Layers(layer, w)])
        return qj.expval(circuit, qj.X(0) + 0.3 * qj.Z(n - 1), gradient=gradient)

    def total(w, each):
        return jnp.sum(each(lambda x: energy(x, qj.Backprop()))(w) ** 2)

    ours = jax.value_and_grad(total)(weights, jax.vmap)
    plain = jax.value_and_grad(total)(weights, lambda f: lambda w: jax.lax.map(f, w))
    for a, b in zip(ours, plain, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    plan = (
        qj.Statevector()
        .resolved()
        .plan(structure_of(qj.Circuit(n, [qj.Layers(layer, weights[0])]))[0], batch_last=True)
    )
    assert "rotation" in plan.kinds()


def test_the_batch_layout_knows_what_the_lanes_share():
    angles = jnp.linspace(0.0, 1.0, 8)

    def total(shared):
        def one(a):
            circuit = qj.Circuit(3, [qj.RX(a, 0), qj.RY(shared, 1), qj.CZ(0, 1), qj.RY(0.2, 2)])
            return qj.expval(circuit, qj.Z(0) + qj.X(1), gradient=qj.Adjoint())

        return jnp.sum(jax.vmap(one)(angles))

    step = 1e-6
    difference = (total(0.7 + step) - total(0.7 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(total)(0.7), difference, atol=1e-7)


SINGLE = qj.Statevector("complex64")
KEY = jax.random.key(0)
VERBS = {
    "run": lambda c: qj.run(c, sim=SINGLE),
    "probs": lambda c: qj.probs(c, (1, 0), sim=SINGLE),
    "amplitudes": lambda c: qj.amplitudes(c, ["0" * N], sim=SINGLE),
    "sample": lambda c: qj.sample(c, KEY, 10, sim=SINGLE),
    "estimate": lambda c: qj.estimate(c, ISING, KEY, 10, sim=SINGLE),
    "unitary": lambda c: qj.unitary(c, sim=SINGLE),
    "overlap": lambda c: qj.overlap(c, c, sim=SINGLE),
    "reduced_density_matrix": lambda c: qj.reduced_density_matrix(c, (0,), sim=SINGLE),
    "entropy": lambda c: qj.entropy(c, (0, 1), sim=SINGLE),
}


def differentiated(gradient):
    key = KEY if gradient.random else None
    energy = lambda c: qj.expval(c, ISING, sim=SINGLE, gradient=gradient, key=key)  # noqa: E731
    return jax.value_and_grad(energy)


RULES = (qj.Backprop(), qj.Adjoint(), qj.ParameterShift(), qj.SPSA())
VERBS |= {type(rule).__name__: differentiated(rule) for rule in RULES}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_gradient_lowers_for_accelerators(verb):
    single = jnp.asarray(WEIGHTS, jnp.float32)
    platforms = ("tpu", "cuda")
    program = jax.jit(lambda w: VERBS[verb](qj.Circuit(N, [qj.Layers(layer, w)])))
    assert export.export(program, platforms=platforms)(single).platforms == platforms


def test_double_precision_is_refused_on_a_tpu(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    with pytest.raises(qj.errors.UnsupportedError, match=r"(?s)TPUs have no complex128.*complex64"):
        qj.run(qj.Circuit(1, [qj.H(0)]), sim=qj.Statevector("complex128"))


@pytest.mark.parametrize("precision", ["highest", "high", "default"])
def test_matrix_products_with_the_state_have_the_precision_asked_for(precision):
    """Forwards and backwards; and what makes the matrices loses nothing."""

    def energy(w):
        sim = qj.Statevector("complex64", precision=precision)
        return qj.expval(
            qj.Circuit(N, [qj.Layers(layer, w)]), ISING, sim=sim, gradient=qj.Adjoint()
        )

    found = {True: set(), False: set()}

    def visit(jaxpr):
        for eqn in jaxpr.eqns:
            if eqn.primitive.name == "dot_general":
                whole = any(v.aval.size >= 2**N for v in eqn.invars)
                found[whole].add(eqn.params["precision"])
            for inner in jaxprs_in_params(eqn.params):
                visit(inner)

    visit(jax.make_jaxpr(jax.grad(energy))(jnp.asarray(WEIGHTS, jnp.float32)).jaxpr)
    asked = (jax.lax.Precision[precision.upper()],) * 2
    highest = (jax.lax.Precision.HIGHEST,) * 2
    assert asked in found[True] <= {asked, highest}
    assert found[False] <= {highest}


def test_explain_tells_every_simulator_s_memory():
    """Statevectors, mixed states, trajectories and matrix product states alike."""
    circuit = qj.Circuit(3, [qj.H(0), qj.CNOT(0, 2)])
    for sim in (qj.Statevector(), qj.DensityMatrix(), qj.Trajectories(4), qj.MPS(max_bond=2)):
        told = qj.explain(circuit, sim=sim)
        assert told.bytes_forward > 0
        assert str(told).startswith(f"{type(sim).__name__}(")
    assert "3 sites" in str(qj.explain(circuit, sim=qj.MPS(max_bond=2)))


# --- tables ------------------------------------------------------------------------------------

IRREGULAR = ("RX", "RY", "RZ", "U3", "H", "T", "CX", "CRY", "RZZ", "SWAP", "fSim", "CCX", "SU2")


def irregular(n, count):
    """Random gates on random qubits, controlled and inverse ones and a matrix among them."""
    rng = np.random.default_rng(n)
    structure = rc.Structure(n, rc.operations(rc.seeded(n), range(n), count, 2, IRREGULAR)[0])
    unitary = qj.Unitary(rc.random_unitary(rng, 4), (2, 0))
    return qj.Circuit(n, [structure.circuit(rng), unitary, qj.PauliRotation(0.3, "XYZ", (1, 2, 0))])


@pytest.mark.parametrize("n", [3, pytest.param(6, marks=pytest.mark.verify)])
@pytest.mark.parametrize("gradient", [qj.Backprop(), qj.Adjoint()])
def test_irregular_circuits_run_as_a_table(n, gradient, monkeypatch):
    """Many different gates become one loop: the state is the reference's, the gradient that of
    the same gates compiled one by one, and of central differences."""
    if n == 3:
        monkeypatch.setattr("qjax.simulators.plan.LARGEST_PROGRAM", 4)
    circuit = irregular(n, 30 if n == 3 else 150)
    assert "table" in qj.explain(circuit).plan.kinds()
    np.testing.assert_allclose(qj.run(circuit), reference.state(circuit), atol=1e-12)
    observable = qj.tfim(n)
    leaves, treedef = jax.tree.flatten(circuit)
    gradients = jax.grad(lambda c: qj.expval(c, observable, gradient=gradient))(circuit)
    slopes, matrix = jax.tree.leaves(gradients), observable.matrix(n)
    scalars = [k for k, x in enumerate(leaves) if np.ndim(x) == 0]
    for k in scalars[:: len(scalars) // 6]:
        moved = ([*leaves[:k], leaves[k] + h, *leaves[k + 1 :]] for h in (1e-5, -1e-5))
        ahead, behind = (reference.expval(treedef.unflatten(x), matrix) for x in moved)
        np.testing.assert_allclose(slopes[k], (ahead - behind) / 2e-5, atol=1e-7)


FULL = pytest.mark.verify


@pytest.mark.parametrize(
    ("n", "width"), [(4, 2), pytest.param(9, 3, marks=FULL), pytest.param(13, 4, marks=FULL)]
)
def test_a_table_is_as_wide_as_suits_the_register(n, width, monkeypatch):
    """Every width gives the reference's state and one gradient; a SWAP only renames qubits."""
    monkeypatch.setattr("qjax.simulators.plan.LARGEST_PROGRAM", 4)
    rng, ops = np.random.default_rng(n), []
    for _ in range(8 * width):
        a, b = rng.permutation(n)[:2].tolist()
        angle = rng.normal()
        ops += [
            [qj.RX(angle, a), qj.RZ(angle, b)],
            [qj.CRY(angle, a, b), qj.SWAP(a, b), qj.H(a)],
            [qj.RZZ(angle, a, b).inverse(), qj.CX(b, a), qj.RY(angle, b)],
        ][rng.integers(3)]
    circuit = qj.Circuit(n, ops)
    (kind,) = [line for line in str(qj.explain(circuit)).splitlines() if "table of" in line]
    assert f"on {width} qubits" in kind
    np.testing.assert_allclose(qj.run(circuit), reference.state(circuit), atol=1e-12)
    one, other = (
        jax.grad(lambda c, rule=rule: qj.expval(c, qj.Z(0) @ qj.X(1), gradient=rule))(circuit)
        for rule in (qj.Backprop(), qj.Adjoint())
    )
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)
