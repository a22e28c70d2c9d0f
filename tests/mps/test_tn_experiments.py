"""Experiments on circuits that start from tensor networks: their parts, and their quick forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rich.console

import qjax as qj
from qjax.experiments import execute, find, override
from qjax.experiments.tn_generative import loss
from qjax.experiments.tn_plateau import decay, variances
from qjax.experiments.tn_starts import BLOCKS, plain_starts
from qjax.experiments.tn_vqe import TnVqeSettings, ground_energy, hamiltonian
from qjax.tasks import fixed_cardinality
from qjax.templates import staircase_su4, tensor_network_initial
from qjax.tensor import dmrg

QUICK = [
    "tn-generative",
    *(pytest.param(n, marks=pytest.mark.verify) for n in ("tn-vqe", "tn-plateau")),
]


@pytest.mark.parametrize(
    "layers", [3, *(pytest.param(x, marks=pytest.mark.verify) for x in (2, 4))]
)
def test_identity_blocks_are_the_identity(layers):
    """Every pair of layers undoes itself exactly, though half its gates are far from it; an odd
    layer stays at zero."""
    w = plain_starts(jax.random.key(0), n=5, layers=layers, noise=0.0, seeds=2)[BLOCKS]
    assert w.shape == (2, layers, 4, 15)
    assert np.abs(w[:, : layers // 2 * 2]).max() > 0.5
    np.testing.assert_allclose(qj.unitary(staircase_su4(w[1], 5)), np.eye(32), atol=1e-12)


@pytest.mark.verify
def test_a_circuit_starts_from_a_data_set():
    """Strings of fixed cardinality: the circuit's probabilities are those of the Born machine, as
    well as the decomposition goes."""
    data = fixed_cardinality(4, 2)
    start = tensor_network_initial(data, max_bond=4, layers=2, sweeps=30)
    assert start.fidelity > 0.99
    p = np.asarray(qj.probs(staircase_su4(start.params, 4)))
    index = data @ np.array([8, 4, 2, 1])
    assert p[index].sum() > 0.98
    with pytest.raises(qj.errors.DataError, match="table"):
        tensor_network_initial(np.array([0, 1]))


def test_the_divergence_is_that_of_the_distributions():
    """Against the sum over the data's strings of p ln(p / q)."""
    rng = np.random.default_rng(0)
    w, index = rng.normal(size=(2, 3, 15)), np.array([1, 4, 11])
    q = np.asarray(qj.probs(staircase_su4(jnp.asarray(w), 4)))[index]
    expected = np.sum(np.log(1 / 3 / q)) / 3
    np.testing.assert_allclose(loss(jnp.asarray(w), jnp.asarray(index), 4), expected, rtol=1e-6)


def test_exact_energies_of_the_models():
    """The sparse eigensolver and free fermions, against exact diagonalisation."""
    grid = TnVqeSettings(rows=2, columns=3, anisotropy=0.3)
    chain = TnVqeSettings(model="tfim", rows=1, columns=6)
    for settings in (grid, chain):
        model = hamiltonian(settings)
        exact = np.linalg.eigvalsh(model.matrix(6))[0]
        np.testing.assert_allclose(ground_energy(settings, model), exact, rtol=0, atol=1e-9)


@pytest.mark.verify
def test_variances_by_matrix_product_states_are_those_of_the_statevector():
    """Both costs, at a random point where nothing is truncated."""
    n, model = 5, qj.tfim(5)
    w = jnp.asarray(np.random.default_rng(0).normal(size=(2, n - 1, 15)))
    target = dmrg(model, n, max_bond=4).state
    psi = jnp.asarray(target.dense())

    def infidelity(w):
        overlap = jnp.vdot(psi.astype(complex), qj.run(staircase_su4(w, n)))
        return 1 - jnp.abs(overlap) ** 2

    energy = lambda w: qj.expval(staircase_su4(w, n), model)  # noqa: E731
    expected = [jnp.mean(jax.grad(f)(w) ** 2) for f in (infidelity, energy)]
    got = jax.jit(lambda w: variances(w, target, model, 8))(w)
    np.testing.assert_allclose(got, expected, rtol=1e-8)


def test_decay_is_a_slope():
    sizes = [4, 8, 20]
    assert decay(sizes, 3 * np.exp(-0.7 * np.array(sizes))) == pytest.approx(0.7)
    assert decay(sizes, np.ones(3)) == pytest.approx(0)


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_forms_leave_what_a_run_leaves(name, tmp_path):
    chosen = find(name)
    # Optax is not written for strict promotion.
    with open(tmp_path / "console.txt", "w") as file, jax.numpy_dtype_promotion("standard"):
        console = rich.console.Console(file=file)
        rows = execute(
            chosen, override(chosen.settings, chosen.quick), out=tmp_path, console=console
        )
    assert all(np.isfinite(row.ours).all() for row in rows)
    (folder,) = tmp_path.glob(f"{name}-*/")
    assert {p.suffix for p in folder.iterdir()} >= {".png", ".json", ".qasm"}


@pytest.mark.verify
def test_generative_circuits_start_and_end_lower_from_tensor_networks(tmp_path):
    """Strings of eight bits, five seeds: all three claims."""
    chosen = find("tn-generative")
    changes = ["tasks=cardinality", "bits=8", "steps=100"]
    with open(tmp_path / "console.txt", "w") as file, jax.numpy_dtype_promotion("standard"):
        console = rich.console.Console(file=file)
        rows = execute(chosen, override(chosen.settings, changes), out=tmp_path, console=console)
    assert [r.reproduced for r in rows if r.accept][:2] == [True, True]


@pytest.mark.verify
def test_modules_hold_trained_circuits():
    """Energies and likelihoods as of the circuit; the angles are parameters."""
    nnx = pytest.importorskip("flax.nnx")
    from qjax.nn.tensor_network import StaircaseCircuit

    model = StaircaseCircuit.from_tensor_network(qj.tfim(4), max_bond=2, layers=1, sweeps=3)
    assert [p.shape for p in jax.tree.leaves(nnx.state(model, nnx.Param))] == [(1, 3, 15)]
    np.testing.assert_allclose(
        model(qj.tfim(4)), qj.expval(staircase_su4(model.angles[...], 4), qj.tfim(4)), atol=1e-12
    )
    bits = np.array([[0, 1, 0, 1], [1, 1, 0, 0]])
    p = np.asarray(qj.probs(model.circuit))
    np.testing.assert_allclose(
        model.negative_log_likelihood(jnp.asarray(bits)), -np.mean(np.log(p[[5, 12]])), rtol=1e-9
    )
    slope = jax.grad(lambda w: StaircaseCircuit(w, sim=qj.MPS(4))(qj.tfim(4)))(model.angles[...])
    assert np.isfinite(slope).all()
    assert isinstance(model.circuit, qj.Circuit)
