"""Circuits as data: pytrees, structure, algebra, blocks. No simulator of qjax is used here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import random_circuits as rc
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st

import qjax as qj

SEEDS = range(40)


def random_circuit(seed, values=0, preparations=False, max_qubits=5):
    structure = rc.seeded_structure(seed, max_qubits, (5, 30))
    if not preparations:
        structure.templates = [t for t in structure.templates if t.kind != "StatePrep"]
    return structure.circuit(np.random.default_rng([seed, values]))


def same(a, b):
    """Equal structure and equal leaves."""
    leaves = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        np.array_equal(x, y) for x, y in leaves
    )


# --- pytree -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_structure_does_not_depend_on_the_angles(seed):
    """Two circuits that differ in parameters only have equal and equally hashed treedefs."""
    a, b = (jax.tree.structure(random_circuit(seed, k, preparations=True)) for k in (0, 1))
    assert a == b
    assert hash(a) == hash(b)


def test_different_structures_differ():
    """Name, qubits, control values, words, permutations, repetitions and size are structure."""
    variants = [
        qj.Circuit(3, [qj.RX(0.1, 0)]),
        qj.Circuit(4, [qj.RX(0.1, 0)]),
        qj.Circuit(3, [qj.RY(0.1, 0)]),
        qj.Circuit(3, [qj.RX(0.1, 1)]),
        qj.Circuit(3, [qj.RX(0.1, 0), qj.I(1)]),
        qj.Circuit(3, [qj.Controlled(qj.RX(0.1, 0), 1, 0)]),
        qj.Circuit(3, [qj.Controlled(qj.RX(0.1, 0), 1, 1)]),
        qj.Circuit(3, [qj.PauliRotation(0.1, "XY", (0, 1))]),
        qj.Circuit(3, [qj.PauliRotation(0.1, "YX", (0, 1))]),
        qj.Circuit(3, [qj.Permutation([1, 0, 2, 3], (0, 1))]),
        qj.Circuit(3, [qj.Permutation([0, 1, 3, 2], (0, 1))]),
        qj.Circuit(3, [qj.Repeat([qj.RX(0.1, 0)], 2)]),
        qj.Circuit(3, [qj.Repeat([qj.RX(0.1, 0)], 3)]),
        qj.Circuit(3, [qj.ISWAP(0, 1)]),
        qj.Circuit(3, [qj.Inverse(qj.ISWAP(0, 1))]),
    ]
    treedefs = [jax.tree.structure(c) for c in variants]
    assert len(set(treedefs)) == len(treedefs)


@pytest.mark.parametrize("seed", SEEDS)
def test_flatten_and_unflatten_are_inverse(seed):
    """A circuit rebuilt from its leaves is the same circuit, for the reference as well."""
    circuit = random_circuit(seed, preparations=True)
    leaves, treedef = jax.tree.flatten(circuit)
    again = treedef.unflatten(leaves)
    assert same(circuit, again)
    assert again.n == circuit.n
    assert repr(again) == repr(circuit)
    np.testing.assert_array_equal(ref.state(circuit), ref.state(again))


def test_python_numbers_become_exact_float64_leaves():
    """An angle given in Python is kept bit for bit; a JAX array is kept as it is."""
    given_ = jnp.float32(0.1)
    leaves = jax.tree.leaves(qj.Circuit(1, [qj.RX(0.1, 0), qj.RY(1, 0), qj.RZ(given_, 0)]))
    assert [type(x).__name__ for x in leaves[:2]] == ["ndarray", "ndarray"]
    assert leaves[0].dtype == leaves[1].dtype == np.float64
    assert float(leaves[0]) == 0.1
    assert leaves[2] is given_


def test_paths_name_the_leaves():
    """Key paths lead to gate and parameter, for optimisers that mask by path."""
    circuit = qj.Circuit(1, [qj.H(0), qj.U3(0.1, 0.2, 0.3, 0)])
    paths = [jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_leaves_with_path(circuit)]
    assert paths == [".ops[1][0]", ".ops[1][1]", ".ops[1][2]"]


def test_circuits_are_immutable():
    """Neither circuits nor gates nor blocks can be changed in place."""
    gate = qj.RX(0.1, 0)
    for thing in (gate, qj.Circuit(1, [gate]), qj.Repeat([gate], 2)):
        with pytest.raises(AttributeError, match="immutable"):
            thing.n = 3


def test_batching_and_mapping_pass_through_the_checks():
    """A circuit may carry batched leaves, as vmap and tree.map make them."""

    def build(w):
        return qj.Circuit(2, [qj.RX(w[0], 0), qj.Layers(lambda x: [qj.RY(x, 1)], w)])

    batch = jax.vmap(build)(jnp.ones((5, 3)))
    assert [leaf.shape for leaf in jax.tree.leaves(batch)] == [(5,), (5, 3)]
    halved = jax.tree.map(lambda x: x / 2, batch)
    assert jax.tree.structure(halved) == jax.tree.structure(batch)


# --- algebra ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_inverse_is_the_adjoint(seed):
    """`inverse()` of anything, blocks included, is the conjugate transpose; twice is the same."""
    circuit = random_circuit(seed)
    expected = ref.unitary(circuit).conj().T
    np.testing.assert_allclose(ref.unitary(circuit.inverse()), expected, atol=1e-12)
    twice = circuit.inverse().inverse()
    np.testing.assert_allclose(ref.unitary(twice), expected.conj().T, atol=1e-12)
    np.testing.assert_allclose(
        ref.unitary(qj.Circuit(circuit.n, [qj.Inverse(circuit)])), expected, atol=1e-12
    )


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("values", [None, (0, 1), (0, 0)])
def test_control_is_the_controlled_unitary(seed, values):
    """`control()` acts where the controls have their values and nowhere else, phases included."""
    circuit = random_circuit(seed, max_qubits=3)
    n = circuit.n
    controlled = circuit.control((n, n + 1), values)
    assert controlled.n == n + 2
    u, d = ref.unitary(circuit), 2**n
    got = ref.unitary(controlled).reshape(d, 4, d, 4)
    chosen = 3 if values is None else 2 * values[0] + values[1]
    for i in range(4):
        for j in range(4):
            expected = np.zeros((d, d)) if i != j else (u if i == chosen else np.eye(d))
            np.testing.assert_allclose(got[:, i, :, j], expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_sum_is_one_after_the_other(seed):
    """``a + b`` applies a first; the wider circuit decides the number of qubits."""
    a, b = random_circuit(seed), random_circuit(seed + 100)
    both = a + b
    n = both.n
    assert n == max(a.n, b.n)
    wide = [np.kron(ref.unitary(c), np.eye(2 ** (n - c.n))) for c in (a, b)]
    np.testing.assert_allclose(ref.unitary(both), wide[1] @ wide[0], atol=1e-12)
    if b.n <= a.n:
        np.testing.assert_array_equal(ref.unitary(a + list(b.ops)), ref.unitary(both))


@pytest.mark.parametrize("seed", range(20))
def test_map_qubits_permutes_the_tensor_factors(seed):
    """`map_qubits` renames; the unitary has its axes permuted and nothing else."""
    circuit = random_circuit(seed)
    n = circuit.n
    order = np.random.default_rng(seed).permutation(n).tolist()
    moved = ref.unitary(circuit.map_qubits(order)).reshape((2,) * (2 * n))
    axes = order + [n + q for q in order]
    expected = ref.unitary(circuit).reshape((2,) * (2 * n))
    np.testing.assert_allclose(np.transpose(moved, axes), expected, atol=1e-12)
    assert circuit.map_qubits({0: n + 2}).n == (n + 3 if 0 in circuit.qubits else n)


def test_names_of_controlled_gates():
    """Controls with value one find the shortest name; zeros stay controls; inverses keep theirs."""
    assert repr(qj.Controlled(qj.X(2), (0, 1))) == "CCX(0, 1, 2)"
    assert repr(qj.Controlled(qj.CNOT(1, 2), 0)) == "CCX(0, 1, 2)"
    assert repr(qj.Controlled(qj.SWAP(1, 2), 0)) == "CSWAP(0, 1, 2)"
    assert repr(qj.Controlled(qj.X(1), 0, 0)) == "Controlled(X(1), (0,), (0,))"
    assert repr(qj.Inverse(qj.T(0))) == "Tdg(0)"
    assert repr(qj.Inverse(qj.ISWAP(0, 1))) == "Inverse(ISWAP(0, 1))"
    assert repr(qj.Inverse(qj.Inverse(qj.ISWAP(0, 1)))) == "ISWAP(0, 1)"
    assert qj.CNOT(0, 1).resolve().name == "X"


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_controlled_and_inverse_commute(data):
    """Controlling the inverse is inverting the controlled gate, for every kind of gate."""
    choose = lambda k: data.draw(st.integers(0, k - 1))  # noqa: E731
    kind = data.draw(st.sampled_from(rc.KINDS))
    template = rc.gate(kind, choose, range(3))
    op = template.make(template.draw(np.random.default_rng(0)))
    one = qj.Circuit(5, [qj.Controlled(qj.Inverse(op), (3, 4), (1, 0))])
    two = qj.Circuit(5, [qj.Inverse(qj.Controlled(op, (3, 4), (1, 0)))])
    np.testing.assert_allclose(ref.unitary(one), ref.unitary(two), atol=1e-12)


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_counts_and_gates_agree_with_a_walk(seed):
    """`gates()` unrolls every block; `counts()` counts what it yields."""
    circuit = random_circuit(seed, preparations=True)
    walked = list(ref.gates(circuit.ops))
    assert [repr(g) for g in circuit.gates()] == [repr(g) for g in walked]
    assert sum(circuit.counts().values()) == len(walked)


@pytest.mark.parametrize("seed", SEEDS)
def test_depth_is_the_longest_chain(seed):
    """`depth()` equals the longest chain of gates that share qubits."""
    circuit = random_circuit(seed, preparations=True)
    level = [0] * circuit.n
    for gate in ref.gates(circuit.ops):
        if gate.qubits:
            top = 1 + max(level[q] for q in gate.qubits)
            for q in gate.qubits:
                level[q] = top
    assert circuit.depth() == max(level)


def test_reading_like_a_sequence():
    """Length, indices, slices, iteration; lists and circuits among the operations are flattened."""
    bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
    circuit = qj.Circuit(3, [bell, [qj.X(2), [qj.BasisState("11")]], qj.Z(0)])
    assert [op.name for op in circuit] == ["H", "CX", "X", "X", "X", "Z"]
    assert len(circuit) == 6
    assert circuit[-1].name == "Z"
    assert [op.name for op in circuit[:2]] == ["H", "CX"]
    assert circuit.qubits == (0, 1, 2)


# --- blocks -------------------------------------------------------------------------------------


def test_layers_unroll_to_the_list_of_layers():
    """`Layers` means the layers one after the other, each with its own slice of parameters."""
    w = np.random.default_rng(0).normal(size=(4, 3))

    def layer(x):
        return [qj.RX(x[0], 0), qj.U2(x[1], 2 * x[2], 1), qj.CNOT(0, 1)]

    plain = qj.Circuit(2, [op for x in w for op in layer(x)])
    block = qj.Circuit(2, [qj.Layers(layer, w)])
    np.testing.assert_allclose(ref.unitary(block), ref.unitary(plain), atol=1e-14)
    inverse = block.inverse()
    np.testing.assert_allclose(ref.unitary(inverse), ref.unitary(plain).conj().T, atol=1e-14)
    assert block.counts() == plain.counts()
    assert block.depth() == plain.depth()


def test_layers_take_any_pytree_and_circuits():
    """``stacked_params`` is any pytree; the layer may return a circuit."""
    params = {"a": np.arange(3.0), "b": (np.ones((3, 15)),)}
    block = qj.Layers(lambda p: qj.Circuit(2, [qj.RX(p["a"], 0), qj.SU4(p["b"][0], 0, 1)]), params)
    assert block.length == 3
    assert [turn[0].params[0] for turn in block.unroll()] == [0, 1, 2]


def test_parameters_that_do_not_vary_are_held_once():
    """What ``layer_fn`` closes over is one leaf, whatever the number of layers."""
    shared = jnp.asarray(0.3)
    block = qj.Layers(lambda x: [qj.RX(x, 0), qj.RY(shared, 0), qj.RZ(0.5, 0)], np.ones(7))
    assert [np.shape(x) for x in jax.tree.leaves(block)] == [(7,), (), ()]
    assert [np.shape(x) for x in jax.tree.leaves(block.inverse())] == [(), (), (7,)]


def test_gradients_reach_what_the_layer_closes_over():
    """A value shared by all layers gets the sum of their derivatives."""

    def total(shared):
        block = qj.Layers(lambda x: [qj.RX(x * shared, 0), qj.RY(shared, 0)], jnp.arange(3.0))
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(block))

    np.testing.assert_allclose(jax.grad(total)(2.0), 0 + 1 + 2 + 1)
    np.testing.assert_allclose(jax.jit(jax.grad(total))(2.0), 0 + 1 + 2 + 1)


def test_nested_blocks():
    """Layers in Layers in Repeat mean what the loops mean."""
    w = np.random.default_rng(1).normal(size=(2, 3))

    def inner(x):
        return [qj.RX(x, 0), qj.CNOT(0, 1)]

    def outer(row):
        return [qj.Layers(inner, row), qj.RZ(row[0], 1)]

    once = [op for row in w for op in [*(g for x in row for g in inner(x)), qj.RZ(row[0], 1)]]
    block = qj.Circuit(2, [qj.Repeat([qj.Layers(outer, w), qj.H(1)], 2)])
    plain = qj.Circuit(2, [*once, qj.H(1)] * 2)
    np.testing.assert_allclose(ref.unitary(block), ref.unitary(plain), atol=1e-14)
    np.testing.assert_allclose(
        ref.unitary(block.inverse()), ref.unitary(plain).conj().T, atol=1e-14
    )


# --- placeholders -------------------------------------------------------------------------------


def test_placeholders_bind():
    """`Param` scales, shifts and negates; `bind` puts the values in."""
    t, s = qj.Param("t"), qj.Param("s")
    circuit = qj.Circuit(1, [qj.RX(2 * t + 1, 0), qj.RY(-s / 4, 0), qj.RZ(1 - t, 0)])
    assert circuit.params() == ("t", "s")
    bound = circuit.bind(t=0.5, s=2.0)
    assert [float(x) for x in jax.tree.leaves(bound)] == [2.0, -0.5, 0.5]
    np.testing.assert_allclose(
        jax.grad(lambda v: circuit.bind({"t": v, "s": 0.0})[0].params[0])(0.3), 2.0
    )
    assert [float(x) for x in jax.tree.leaves(circuit.inverse().bind(t=0.5, s=2.0))] == [
        -0.5,
        0.5,
        -2.0,
    ]


def test_structure_of_a_circuit_with_placeholders_is_hashable():
    """A circuit of placeholders draws and compares before it has values."""
    circuit = qj.Circuit(1, [qj.RX(qj.Param("t"), 0)])
    assert "t" in repr(circuit)
    assert hash(jax.tree.structure(circuit)) == hash(jax.tree.structure(circuit.bind(t=1.0)))
