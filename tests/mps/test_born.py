"""Born machines: probabilities, training, samples under conditions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rich.console
from scipy.stats import chisquare

import qjax as qj
from qjax.experiments import execute, find, override
from qjax.experiments.born_machine import independent_nll, markov_nll
from qjax.tasks import bars_and_stripes, fixed_cardinality
from qjax.tensor import (
    MatrixProductState,
    log_probabilities,
    negative_log_likelihood,
    sample_given,
    train_born_machine,
)


def every_string(n):
    return (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1


def test_patterns_are_those_of_their_definitions():
    """By exhaustive search over all images of 3 x 3, and over all strings of 6 bits."""
    images = every_string(9).reshape(-1, 3, 3)
    equal = (images == images[:, :1]).all((1, 2)) | (images == images[:, :, :1]).all((1, 2))
    np.testing.assert_array_equal(bars_and_stripes(3, 3), images[equal].reshape(-1, 9))
    assert len(bars_and_stripes(4, 4)) == 30
    strings = every_string(6)
    found = fixed_cardinality(6, 2)
    assert {tuple(s) for s in found} == {tuple(s) for s in strings[strings.sum(1) == 2]}
    for bad in ((4, 5), (0, 0), (40, 20)):
        with pytest.raises(qj.errors.DataError, match="fixed_cardinality"):
            fixed_cardinality(*bad)
    with pytest.raises(qj.errors.DataError, match="sides"):
        bars_and_stripes(0, 4)


def test_probabilities_are_those_of_the_dense_state():
    """Complex, not normalised; with derivatives against finite differences; and 200 qubits, where
    the probability itself is too small for a number."""
    rng = np.random.default_rng(0)
    tensors = jnp.asarray(rng.normal(size=(5, 3, 2, 3)) + 1j * rng.normal(size=(5, 3, 2, 3)))
    state, bits = MatrixProductState(tensors), every_string(5)
    expected = np.log(np.abs(np.asarray(state.dense())) ** 2)
    np.testing.assert_allclose(log_probabilities(state, bits), expected, rtol=0, atol=1e-11)

    def loss(x):
        return negative_log_likelihood(MatrixProductState(x), bits[3:9])

    real = jnp.real(tensors)
    slope = jax.jit(jax.grad(loss))(real)
    way, h = rng.normal(size=real.shape), 1e-5
    by_hand = (loss(real + h * way) - loss(real - h * way)) / (2 * h)
    np.testing.assert_allclose(np.sum(np.asarray(slope) * way), by_hand, rtol=1e-7)

    plus = MatrixProductState(jnp.zeros((2000, 2, 2, 2)).at[:, 0, :, 0].set(0.5))
    one = log_probabilities(plus, np.zeros((1, 2000), int))
    np.testing.assert_allclose(one, -2000 * np.log(2), rtol=1e-12)


def test_training_finds_the_distribution_of_the_data():
    """Strings with different frequencies: the likelihood reaches the entropy, and the state's
    probabilities are the frequencies. A product state is no better than independent bits can be."""
    table = np.array([[0, 0, 1, 1], [1, 0, 1, 0], [1, 1, 1, 1], [0, 1, 0, 0]])
    data = np.repeat(table, [4, 3, 2, 1], axis=0)
    p = np.array([0.4, 0.3, 0.2, 0.1])
    entropy = -np.sum(p * np.log(p))
    found = train_born_machine(data, max_bond=4, sweeps=60)
    assert entropy - 1e-9 < found.losses[-1] < entropy + 1e-4
    np.testing.assert_allclose(np.exp(log_probabilities(found.state, table)), p, atol=5e-3)
    again = train_born_machine(data, max_bond=4, sweeps=1, start=found.state)
    assert again.losses[0] < entropy + 1e-4
    small = train_born_machine(data, max_bond=1, sweeps=60)
    # Independent bits: the sum of the entropies of the columns is the best there is.
    q = data.mean(axis=0)
    best = -np.sum(q * np.log(q) + (1 - q) * np.log(1 - q))
    assert best - 1e-9 < small.losses[-1] < 4 * np.log(2)


def test_samples_under_a_condition_follow_the_conditional_distribution():
    """Chi-squared against the dense state's conditional probabilities; known bits come back."""
    rng = np.random.default_rng(1)
    psi = rng.normal(size=32)
    state = MatrixProductState.from_dense(jnp.asarray(psi), 4)
    known = jnp.array([-1, 1, -1, 0, -1])
    drawn = np.asarray(sample_given(state, jax.random.key(0), 4000, known))
    assert (drawn[:, 1] == 1).all()
    assert (drawn[:, 3] == 0).all()
    p = (psi**2).reshape((2,) * 5)[:, 1, :, 0, :].reshape(-1)
    counts = np.bincount(drawn[:, [0, 2, 4]] @ np.array([4, 2, 1]), minlength=8)
    assert chisquare(counts, 4000 * p / p.sum()).pvalue > 1e-3


def test_classical_baselines_have_closed_forms():
    """All strings of two bits but one: by hand."""
    data = np.array([[0, 0], [0, 1], [1, 1]])
    one, two = 1 / 3 * np.log(3) + 2 / 3 * np.log(3 / 2), np.log(3)
    assert independent_nll(data) == pytest.approx(2 * one)
    assert markov_nll(data) == pytest.approx(two)


def test_what_bad_data_gets():
    """Errors name the argument."""
    state = MatrixProductState.from_dense(jnp.ones(4), 2)
    with pytest.raises(qj.errors.DataError, match="bits"):
        log_probabilities(state, np.zeros((3, 5), int))
    with pytest.raises(qj.errors.DataError, match="bits"):
        train_born_machine(np.array([[0, 2], [1, 1]]))
    with pytest.raises(qj.errors.ParameterError, match="rate"):
        train_born_machine(np.array([[0, 1]]), rate=2)
    with pytest.raises(qj.errors.ParameterError, match="sweeps"):
        train_born_machine(np.array([[0, 1]]), sweeps=0)
    with pytest.raises(qj.errors.DataError, match="start"):
        train_born_machine(np.array([[0, 1, 1]]), start=state)
    with pytest.raises(qj.errors.QubitError, match="known"):
        sample_given(state, jax.random.key(0), 1, jnp.array([1]))


def born_rows(tmp_path, changes):
    chosen = find("born-machine")
    with open(tmp_path / "console.txt", "w") as file:
        console = rich.console.Console(file=file)
        return execute(chosen, override(chosen.settings, changes), out=tmp_path, console=console)


def test_the_experiment_runs_in_its_quick_form(tmp_path):
    """Two by two pixels: four patterns of one bond, their entropy nearly reached."""
    rows = born_rows(tmp_path, find("born-machine").quick)
    assert rows[0].median == pytest.approx(np.log(6), abs=0.05)
    (folder,) = tmp_path.glob("born-machine-*/")
    assert {p.suffix for p in folder.iterdir()} >= {".png", ".json", ".jsonl", ".npz", ".qasm"}


@pytest.mark.verify
def test_bars_and_stripes_reach_their_entropy(tmp_path):
    """Sixteen pixels at bond 16: 3.45 nats at most, of 3.401 that are possible."""
    rows = born_rows(tmp_path, ["bonds=16"])
    assert rows[0].reproduced
    assert min(rows[0].ours) > np.log(30) - 1e-9
