"""Every layer of circuits and tensor networks under the transformations of JAX, and by its name:
against dense matrices, closed forms and finite differences."""

import flax.linen
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.linalg
from flax import nnx

import qjax as qj
from qjax.errors import DataError, ObservableError, ParameterError
from qjax.gates.matrices import PAULI_WORDS_2, pauli_matrix
from qjax.nn.hybrid import (
    MPO,
    QCNN,
    CircuitStochastic,
    DoublyStochasticAttention,
    Expectations,
    FarhiNeven,
    FlippedQuanv,
    LoRA,
    MPODense,
    ParallelCircuits,
    QRStochastic,
    QuantumLayer,
    Quanvolution,
    Reuploading,
    ReuploadingLinear,
    Sinkhorn,
    Softmax,
    TensorAdapter,
    TeRA,
    VisualField,
    count_parameters,
    entanglement_profile,
    mpo_from_matrix,
    mpo_to_matrix,
    profile_bound,
    quantum_layer,
    readout_value,
    stochastic_error,
)
from qjax.nn.hybrid.reuploading import pauli_combination

RNG = np.random.default_rng(0)
W = {"dtype": jnp.float64}


def tilted(x, w):
    return qj.templates.angle_encoding(x) + qj.templates.real_amplitudes(w)


# name: (layer, shape of one input, number of trained numbers)
LAYERS = {
    "quantum": (
        lambda r: QuantumLayer(tilted, [qj.Z(0), qj.X(1)], (2, 2), **W, rngs=r),
        (2,),
        4,
    ),
    "reuploading": (lambda r: Reuploading(3, 2, 2, **W, rngs=r), (3,), 24),
    "reuploading-linear": (lambda r: ReuploadingLinear(9, 3, reps=2, **W, rngs=r), (9,), 33),
    "flipped-quanv": (lambda r: FlippedQuanv(1, 2, **W, rngs=r), (4, 4, 1), 32),
    "quanvolution": (lambda r: Quanvolution(2, depth=1, **W, rngs=r), (2, 4, 1), 12),
    "parallel": (lambda r: ParallelCircuits(2, 2, depth=1, **W, rngs=r), (4,), 12),
    "qcnn": (lambda r: QCNN(4, **W, rngs=r), (4,), 29),
    "attention": (lambda r: DoublyStochasticAttention(3, 4, **W, rngs=r), (4, 3), 36 + 32),
    "qr-attention": (
        lambda r: DoublyStochasticAttention(4, 4, QRStochastic(), **W, rngs=r),
        (4, 4),
        64,
    ),
    "visual-field": (lambda r: VisualField(qubits=2, hidden=(4,), **W, rngs=r), (2,), 40),
    "farhi-neven": (lambda r: FarhiNeven(3, "XZ", **W, rngs=r), (3,), 6),
    "mpo-dense": (lambda r: MPODense(8, 6, 2, sites=3, **W, rngs=r), (8,), 4 + 16 + 12 + 6),
    "adapter": (
        lambda r: TensorAdapter(np.eye(8, 6), form=MPO(2, 3), rngs=r),
        (8,),
        4 + 16 + 12,
    ),
    "lora": (lambda r: TensorAdapter(np.eye(8, 6), form=LoRA(2), rngs=r), (8,), 2 * (8 + 6)),
    "tera": (lambda r: TensorAdapter(np.eye(8, 6), form=TeRA(2), rngs=r), (8,), 4 + 2 + 3 + 2),
}
QUICK = ["quantum"]  # the others with --run-verify
SHARE = [pytest.param(name, marks=() if name in QUICK else pytest.mark.verify) for name in LAYERS]


def outputs(layer, x):
    return np.asarray(jax.jit(lambda layer, x: layer(x))(layer, jnp.asarray(x)))


@pytest.mark.parametrize("name", LAYERS)
def test_trained_numbers_are_counted_as_the_sources_count_them(name):
    build, _, count = LAYERS[name]
    layer = nnx.eval_shape(lambda: build(nnx.Rngs(0)))
    assert count_parameters(layer) == count
    assert getattr(layer, "num_parameters", count) == count


def test_the_published_sizes():
    """45 on eight qubits (arXiv:2306.13461), 16,383 angles for 12,544 inputs (arXiv:2409.17583),
    96 for 16 bits and six layers (arXiv:1802.06002)."""
    published = {
        lambda: QCNN(8, rngs=nnx.Rngs(0)): 45,
        lambda: ReuploadingLinear(12544, 10, rngs=nnx.Rngs(0)): 16383 + 10,
        lambda: FarhiNeven(16, rngs=nnx.Rngs(0)): 96,
    }
    for build, count in published.items():
        assert nnx.eval_shape(build).num_parameters == count


@pytest.mark.parametrize("name", SHARE)
def test_first_and_second_derivatives_are_those_of_finite_differences(name):
    """Of a nonlinear scalar of the outputs: with respect to parameters and inputs, and twice with
    respect to inputs; under jit."""
    (build, shape, _), draw = LAYERS[name], np.random.default_rng(1)
    graph, params, rest = nnx.split(build(nnx.Rngs(1)), nnx.Param, ...)

    def scalar(params, x):
        y = nnx.merge(graph, params, rest)(x)
        return jnp.sum(jnp.sin(y * jnp.arange(1.0, y.size + 1).reshape(y.shape)))

    @jax.jit
    def everything(params, x, u, v):
        value, slope = jax.value_and_grad(scalar, argnums=1)(params, x)
        along_u = jax.jvp(lambda p: scalar(p, x), (params,), (u,))[1]
        twice = jax.jvp(lambda x: jax.grad(scalar, argnums=1)(params, x), (x,), (v,))[1]
        back = jax.grad(scalar)(params, x)
        dots = jax.tree.map(lambda a, b: jnp.sum(a * b), back, u)
        return value, slope, along_u, twice, sum(jax.tree.leaves(dots))

    x, v = jnp.asarray(draw.uniform(size=shape)), jnp.asarray(draw.normal(size=shape))
    u = jax.tree.map(lambda p: jnp.asarray(draw.normal(size=p.shape)), params)
    _, slope, along_u, twice, back = everything(params, x, u, v)
    h = 1e-4

    def at(s, t):
        moved = jax.tree.map(lambda p, d: p + s * d, params, u)
        return everything(moved, x + t * v, u, v)

    def slope_of(part, s, t):  # of fourth order in h
        near = at(s * h, t * h)[part] - at(-s * h, -t * h)[part]
        far = at(2 * s * h, 2 * t * h)[part] - at(-2 * s * h, -2 * t * h)[part]
        return (8 * near - far) / (12 * h)

    scale = max(1.0, float(np.abs(slope).max()), float(np.abs(twice).max()))
    assert abs(slope_of(0, 1, 0) - along_u) < 1e-6 * scale
    assert abs(slope_of(0, 0, 1) - np.sum(slope * v)) < 1e-6 * scale
    np.testing.assert_allclose(slope_of(1, 0, 1), twice, atol=1e-6 * scale)
    assert abs(along_u - back) < 1e-9 * scale  # forward and reverse mode agree
    assert np.abs(twice).max() > 0


@pytest.mark.parametrize("name", SHARE)
def test_every_layer_learns_inside_a_sequential_under_jit_vmap_and_scan(name):
    """Two seeds side by side, Adam steps as one scan: the loss falls for both."""
    (build, shape, _), draw = LAYERS[name], np.random.default_rng(1)
    x = jnp.asarray(draw.uniform(size=(5, *shape)))
    target = jnp.asarray(draw.uniform(-0.5, 0.5, size=5))

    def model(seed):
        rngs = nnx.Rngs(seed)
        first = nnx.Linear(shape[-1], shape[-1], param_dtype=jnp.float64, rngs=rngs)
        return nnx.Sequential(first, build(rngs), lambda y: y.reshape(5, -1))

    parts = [nnx.split(model(seed), nnx.Param, ...) for seed in (0, 1)]
    graph = parts[0][0]
    params, rest = (
        jax.tree.map(lambda a, b: jnp.stack([a, b]), parts[0][k], parts[1][k]) for k in (1, 2)
    )
    adam = optax.adam(0.02)

    @jax.jit
    @jax.vmap
    def train(params, rest):
        def loss(params):
            y = nnx.merge(graph, params, rest)(x)
            mixed = y @ (jnp.arange(1.0, y.shape[1] + 1) / y.shape[1] ** 2)
            return jnp.mean((mixed - target) ** 2)

        def step(carry, _):
            value, slope = jax.value_and_grad(loss)(carry[0])
            with jax.numpy_dtype_promotion("standard"):  # optax mixes types
                change, memory = adam.update(slope, carry[1])
            return (optax.apply_updates(carry[0], change), memory), value

        return jax.lax.scan(step, (params, adam.init(params)), None, length=30)[1]

    losses = np.asarray(train(params, rest))
    assert losses.shape == (2, 30)
    assert np.isfinite(losses).all()
    assert (losses[:, -1] < losses[:, 0]).all()


def test_a_layer_takes_any_batch_and_any_readout():
    """RY(x) and RY(w) add: <Z> = cos(x + w), <X> = sin(x + w)."""
    x, w = RNG.normal(size=(2, 3, 1)), jnp.asarray(0.3)

    def circuit(x, w):
        return qj.Circuit(1, [qj.RY(x[0], 0), qj.RY(w, 0)])

    found = quantum_layer(jnp.asarray(x), w, circuit, [qj.Z(0), 2.0 * qj.X(0)])
    np.testing.assert_allclose(found[..., 0], np.cos(x[..., 0] + 0.3), atol=1e-12)
    np.testing.assert_allclose(found[..., 1], 2 * np.sin(x[..., 0] + 0.3), atol=1e-12)
    one = quantum_layer(jnp.asarray(x[0, 0]), w, circuit, Expectations([qj.Z(0)]))
    np.testing.assert_allclose(one, np.cos(x[0, 0] + 0.3), atol=1e-12)
    # An observable of the input itself: <x Z> = x cos(x + w).
    own = quantum_layer(
        jnp.asarray(x),
        w,
        circuit,
        lambda x: [qj.Hermitian(x[0] * jnp.diag(jnp.array([1.0, -1])), 0)],
    )
    np.testing.assert_allclose(own, x * np.cos(x + 0.3), atol=1e-12)


def test_equal_layers_have_equal_graphs():
    """So that a compiled function is found again."""
    graphs = [
        nnx.graphdef(nnx.eval_shape(lambda k=seed: Reuploading(2, rngs=nnx.Rngs(k))))
        for seed in (0, 1)
    ]
    assert graphs[0] == graphs[1]
    assert hash(graphs[0]) == hash(graphs[1])
    assert Expectations([qj.Z(0)]) != Expectations([2.0 * qj.Z(0)])


def test_all_pauli_words_in_their_order():
    theta = RNG.normal(size=63)
    letters = ["IXYZ"[a] + "IXYZ"[b] + "IXYZ"[c] for a, b, c in np.ndindex(4, 4, 4)][1:]
    exact = sum(t * pauli_matrix(word) for t, word in zip(theta, letters, strict=True))
    found = jax.jit(lambda t: pauli_combination(t, 3))(jnp.asarray(theta))
    np.testing.assert_allclose(found, exact, atol=1e-13)


def su4(theta):
    generator = sum(t * pauli_matrix(w) for t, w in zip(theta, PAULI_WORDS_2, strict=True))
    return scipy.linalg.expm(1j * generator)


def test_reuploading_linear_is_the_product_of_exponentials():
    layer = ReuploadingLinear(9, 3, reps=2, **W, rngs=nnx.Rngs(2))
    layer.bias[...] = jnp.array([0.1, 0.2, 0.3])
    x = RNG.normal(size=9)
    data = np.pad(x, (0, 7)).reshape(4, 4)
    state = np.full(4, 0.5)
    for theta in np.asarray(layer.params[...]):
        state = su4(theta) @ scipy.linalg.expm(1j * (data + data.T) / 4) @ state
    exact = np.abs(state[:3]) ** 2 + [0.1, 0.2, 0.3]
    np.testing.assert_allclose(outputs(layer, x), exact, atol=1e-12)


def test_flipped_quanvolution_measures_patches_in_trained_states():
    layer = FlippedQuanv(2, 2, **W, rngs=nnx.Rngs(3))
    layer.bias[...] = jnp.array([0.5, -0.5])
    x = RNG.uniform(size=(3, 4, 5, 2))
    out = np.zeros((3, 2, 3, 2))
    for o, c in np.ndindex(2, 2):
        psi = su4(np.asarray(layer.angles[...])[o, c])[:, 0]
        for b, i, j in np.ndindex(3, 2, 3):
            patch = np.pad(x[b, i : i + 3, j : j + 3, c], (0, 1))
            out[b, i, j, o] += (psi.conj() @ (patch + patch.T) / 2 @ psi).real / 2
    np.testing.assert_allclose(outputs(layer, x), out + np.array([0.5, -0.5]), atol=1e-12)


def test_quanvolution_sees_each_patch_on_its_own():
    """With trained angles of zero, bits go through the ring of CNOTs: channels are parities."""
    layer = Quanvolution(2, depth=1, **W, rngs=nnx.Rngs(0))
    layer.params[...] = jnp.zeros((1, 4, 3))
    image = RNG.integers(0, 2, size=(2, 4, 6, 1))
    found = outputs(layer, image)
    for b, i, j in np.ndindex(2, 2, 3):
        bits = image[b, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, 0].ravel().copy()
        for q in range(4):
            bits[(q + 1) % 4] ^= bits[q]
        np.testing.assert_allclose(found[b, i, j], 1 - 2 * bits, atol=1e-12)


def test_parallel_circuits_are_single_circuits():
    layer = ParallelCircuits(2, 3, depth=2, **W, rngs=nnx.Rngs(4))
    x = RNG.normal(size=(2, 6))
    found = outputs(layer, x)
    observables = [qj.Z(q) for q in range(3)]
    for k in range(2):
        exact = qj.expval(layer.circuit(x[1, 3 * k : 3 * k + 3], k), observables)
        np.testing.assert_allclose(found[1, 3 * k : 3 * k + 3], exact, atol=1e-12)


@pytest.mark.verify
def test_qcnn_pooling_is_measurement_with_feed_forward():
    """A controlled rotation by a qubit that is not used again is the same as measuring it."""
    layer = QCNN(4, **W, rngs=nnx.Rngs(5))
    x = RNG.normal(size=4)
    ops = []
    for op in layer.circuit(x).ops:
        if getattr(op, "controls", ()):
            (dropped,), (kept,) = op.controls, op.targets
            bit = dropped // 2
            ops += [qj.Measure(dropped, bit), qj.If(bit, [qj.SU2(layer.values["pool"][0], kept)])]
        else:
            ops.append(op)
    measured = qj.Circuit(4, ops, bits=2)
    exact = qj.probs(measured, (0, 2), sim=qj.DensityMatrix())
    np.testing.assert_allclose(outputs(layer, x), exact, atol=1e-10)


def test_circuit_weights_are_doubly_stochastic_and_sinkhorn_is_not():
    """In float32 as in float64, whatever the scores."""
    scores = RNG.normal(size=(6, 4, 4)) * 5
    normaliser = CircuitStochastic(layers=2, auxiliary=1)
    params = RNG.normal(size=normaliser.shape(4))
    for x64, bound in ((True, 1e-12), (False, 1e-6)):
        with jax.enable_x64(x64):
            weights = jax.jit(normaliser)(jnp.asarray(scores, float), jnp.asarray(params, float))
            assert weights.dtype == (jnp.float64 if x64 else jnp.float32)
            assert float(weights.min()) >= 0
            assert max(map(float, stochastic_error(weights))) < bound
    none = jnp.zeros((0,))
    assert max(map(float, stochastic_error(QRStochastic()(jnp.asarray(scores), none)))) < 1e-12
    rows, columns = stochastic_error(Sinkhorn(20)(jnp.asarray(scores), none))
    assert float(columns) < 1e-12
    assert 1e-3 < float(rows) < 1  # twenty iterations are not enough for such scores
    rows, columns = stochastic_error(Softmax()(jnp.asarray(scores), none))
    assert float(rows) < 1e-12
    assert float(columns) > 0.1


def test_circuit_weights_are_what_basis_states_become():
    """Token j with auxiliary qubits at random, through the circuit, is token i this often."""
    normaliser = CircuitStochastic(layers=1, auxiliary=1)
    scores, params = RNG.normal(size=(4, 4)), jnp.asarray(RNG.normal(size=(1, 4, 4)))
    weights = normaliser(jnp.asarray(scores), params)
    u = np.asarray(qj.unitary(normaliser.circuit(jnp.asarray(scores), params)))
    for j in range(4):
        rho = np.kron(np.diag(np.eye(4)[j]), np.eye(2) / 2)
        after = (u @ rho @ u.conj().T).reshape(4, 2, 4, 2)
        reduced = np.einsum("iaja->ij", after)
        np.testing.assert_allclose(weights[:, j], np.diag(reduced).real, atol=1e-12)
    identity = normaliser(jnp.zeros((4, 4)), params)
    np.testing.assert_allclose(identity, np.eye(4), atol=1e-12)


def test_a_visual_field_is_boltzmann_amplitudes_through_a_real_circuit():
    field = VisualField(2, 2, qubits=2, hidden=(4,), layers=1, **W, rngs=nnx.Rngs(6))
    x = RNG.uniform(-1, 1, size=(3, 2))
    energies = np.asarray(field.energies(jnp.asarray(x)))
    weights = np.exp(-energies)
    states = np.sqrt(weights / weights.sum(1, keepdims=True))

    def turn(t):
        return np.array([[np.cos(t / 2), -np.sin(t / 2)], [np.sin(t / 2), np.cos(t / 2)]])

    angles = np.asarray(field.circuit.params[...])
    cx = np.eye(4)[[0, 1, 3, 2]]
    u = np.kron(*map(turn, angles[1])) @ cx @ np.kron(*map(turn, angles[0]))
    found = (states @ u.T) ** 2
    exact = np.stack([found @ [1, 1, -1, -1], found @ [1, -1, 1, -1]], axis=1)
    np.testing.assert_allclose(outputs(field, x), exact, atol=1e-12)
    np.testing.assert_allclose(outputs(field.circuit, energies), exact, atol=1e-12)


def test_the_readout_is_a_product_over_the_data_qubits():
    """The closed form against the circuit of four qubits."""
    model = FarhiNeven(3, "XZXZ", **W, rngs=nnx.Rngs(7))
    model.angles[...] = jnp.asarray(RNG.normal(size=(4, 3)))
    bits = np.array([[0, 1, 1], [1, 0, 0], [0.3, 0.6, 0.1]])
    circuits = jax.jit(jax.vmap(lambda b: qj.expval(model.circuit(b), qj.Y(3))))
    exact = circuits(jnp.asarray(bits))
    np.testing.assert_allclose(outputs(model, bits), exact, atol=1e-12)


@pytest.mark.parametrize("n", [3, 5])
def test_parity_of_an_odd_number_of_bits_is_exact(n):
    """One layer of ZX at pi / 4: the readout turns by pi / 2 for each bit."""
    bits = np.array(list(np.ndindex(*(2,) * n)))
    angles = jnp.full((1, n), np.pi / 4)
    value = jax.jit(jax.vmap(lambda b: readout_value(b, angles, "Z")))
    found = np.asarray(value(jnp.asarray(bits, float)))
    parity = 1 - 2.0 * (bits.sum(1) % 2)
    np.testing.assert_allclose(found * found[0], parity, atol=1e-12)


def test_matrix_product_operators_are_exact_at_full_bond_and_optimal_at_two_sites():
    w = RNG.normal(size=(16, 10))

    def dense(bond):
        left, right = mpo_from_matrix(w, (4, 4), (2, 5), bond)
        return np.einsum("aiob,bjpc->ijop", left, right).reshape(16, 10)

    table = w.reshape(4, 4, 2, 5).transpose(0, 2, 1, 3).reshape(8, 20)
    s = np.linalg.svd(table, compute_uv=False)
    for bond in range(1, 9):  # Eckart and Young
        assert abs(np.linalg.norm(dense(bond) - w) - np.linalg.norm(s[bond:])) < 1e-12
    layer = MPODense.from_kernel(w, np.ones(10), max_bond=3)
    x = RNG.normal(size=(2, 3, 16))
    np.testing.assert_allclose(outputs(layer, x), x @ dense(3) + 1, atol=1e-12)
    three = mpo_from_matrix(w, (2, 2, 4), (1, 2, 5), 99)
    found = jax.jit(mpo_to_matrix)([jnp.asarray(core) for core in three])
    np.testing.assert_allclose(found, w, atol=1e-12)


@pytest.mark.parametrize(
    "form",
    [LoRA(2), *(pytest.param(f, marks=pytest.mark.verify) for f in (MPO(2, 3), TeRA(2)))],
    ids=lambda f: type(f).__name__,
)
def test_an_adapter_begins_as_the_layer_it_adapts(form):
    w, b = RNG.normal(size=(16, 8)), RNG.normal(size=8)
    layer = TensorAdapter(jnp.asarray(w), jnp.asarray(b), form, rngs=nnx.Rngs(8))
    x = RNG.normal(size=(3, 16))
    np.testing.assert_allclose(outputs(layer, x), x @ w + b, atol=1e-12)
    assert count_parameters(layer) == layer.num_parameters < w.size
    for param in layer.trained.values():
        param[...] = jnp.asarray(RNG.normal(size=param.shape))
    change = np.asarray(jax.jit(lambda layer: layer.update())(layer))
    rank = {"LoRA": 2, "MPO": 8, "TeRA": 8}[type(form).__name__]
    assert np.linalg.matrix_rank(change) == rank
    np.testing.assert_allclose(outputs(layer, x), x @ (w + change) + b, atol=1e-12)


def test_tera_is_the_sum_over_its_core():
    layer = TensorAdapter(jnp.zeros((4, 6)), form=TeRA(2), rngs=nnx.Rngs(9))
    for param in layer.trained.values():
        param[...] = jnp.asarray(RNG.normal(size=param.shape))
    d = [np.asarray(layer.trained[f"vector{k}"][...]) for k in range(4)]
    a = [np.asarray(layer.frozen[f"factor{k}"][...]) for k in range(4)]
    core = np.asarray(layer.frozen["core"][...])
    exact = np.einsum("abcd,a,b,c,d,ia,jb,kc,ld->ijkl", core, *d, *a).reshape(4, 6)
    change = jax.jit(lambda layer: layer.update())(layer)
    np.testing.assert_allclose(change, exact, atol=1e-12)


def test_the_entanglement_profile_is_that_of_reduced_density_matrices():
    w = RNG.normal(size=(4, 8))
    psi = (w / np.linalg.norm(w)).ravel()
    profile = jax.jit(entanglement_profile)
    found = np.asarray(profile(jnp.asarray(w)))
    assert found.shape == (4,)
    for k in range(1, 5):
        rho = np.einsum("ia,ja->ij", *2 * [psi.reshape(2**k, -1)])
        p = np.linalg.eigvalsh(rho)
        p = p[p > 1e-14]
        assert abs(found[k - 1] + np.sum(p * np.log(p))) < 1e-10
    np.testing.assert_array_equal(profile(jnp.zeros((4, 8))), 0)
    low = RNG.normal(size=(8, 2)) @ RNG.normal(size=(2, 8))
    bound = np.asarray(profile_bound((8, 8), 2))
    np.testing.assert_allclose(np.exp(bound), [2, 4, 2, 4, 2], atol=1e-12)
    assert (np.asarray(profile(jnp.asarray(low))) <= bound + 1e-12).all()


@pytest.mark.verify
def test_a_layer_in_a_linen_network():
    """`flax.nnx.bridge` makes a Linen module of any of these layers."""

    class Model(flax.linen.Module):
        @flax.linen.compact
        def __call__(self, x):
            hidden = nnx.bridge.to_linen(Reuploading, 2, qubits=2, layers=2)(x)
            return flax.linen.Dense(1)(hidden)

    x = jnp.ones((3, 2), jnp.float32)
    variables = Model().init(jax.random.key(0), x)
    slopes = jax.jit(jax.grad(lambda v: jnp.sum(Model().apply(v, x) ** 2)))(variables)
    sizes = [leaf.size for leaf in jax.tree.leaves(slopes["params"])]
    assert sorted(sizes) == [1, 2, 8, 12]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes["params"]))


@pytest.mark.parametrize(
    ("error", "word", "wrong"),
    [
        (DataError, "axes", lambda: quantum_layer(jnp.zeros(()), None, tilted, [qj.Z(0)])),
        (ObservableError, "observables", lambda: Expectations([])),
        (ParameterError, "qubits", lambda: ReuploadingLinear(65, 2, qubits=3, rngs=nnx.Rngs(0))),
        (ParameterError, "power of two", lambda: QCNN(6, rngs=nnx.Rngs(0))),
        (ParameterError, "letters", lambda: FarhiNeven(2, "XY", rngs=nnx.Rngs(0))),
        (ParameterError, "channels", lambda: VisualField(2, 3, qubits=2, rngs=nnx.Rngs(0))),
        (ParameterError, "in_factors", lambda: mpo_from_matrix(np.eye(4), (2, 3), (2, 2), 2)),
        (ParameterError, "max_bond", lambda: MPODense(4, 4, 0, rngs=nnx.Rngs(0))),
        (ParameterError, "sites", lambda: entanglement_profile(np.eye(4), (2, 2))),
        (DataError, "images", lambda: FlippedQuanv(1, 1, rngs=nnx.Rngs(0))(jnp.ones((2, 4, 1)))),
        (DataError, "images", lambda: Quanvolution(2, rngs=nnx.Rngs(0))(jnp.ones((5, 4, 1)))),
        (DataError, "features", lambda: ParallelCircuits(2, 2, rngs=nnx.Rngs(0))(jnp.ones(3))),
        (DataError, "bits", lambda: FarhiNeven(2, rngs=nnx.Rngs(0))(jnp.ones(3))),
        (
            DataError,
            "tokens",
            lambda: CircuitStochastic()(jnp.ones((3, 3)), jnp.ones((2, 3, 3))),
        ),
    ],
)
def test_what_cannot_work_is_refused_by_name(error, word, wrong):
    with pytest.raises(error, match=word):
        wrong()
