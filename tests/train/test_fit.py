"""`fit`: the numbers of a plain loop, the best kept, the same bits however often it is stopped."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import qjax as qj
from qjax.errors import ExperimentError
from qjax.train import fit, load_checkpoint

HAMILTONIAN = qj.tfim(3, J=1.0, h=0.5)


def energy(w):
    ops = [[qj.RY(w[k, q], q) for q in range(3)] + [qj.CZ(0, 1), qj.CZ(1, 2)] for k in range(2)]
    return qj.expval(qj.Circuit(3, ops), HAMILTONIAN)


def square(w, x):
    return jnp.sum((w - x) ** 2)


def noisy(w, x, key):
    error = jnp.mean((x @ w - 1.0) ** 2) + 0.01 * jax.random.normal(key) * jnp.sum(w)
    return error, {"size": jnp.sum(w**2)}


ROWS = np.random.default_rng(0).normal(size=(20, 3))


def same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


def test_it_descends_as_a_plain_loop_of_optax_does():
    w = jnp.asarray(np.random.default_rng(1).normal(size=(2, 3)))
    done = fit(energy, w, steps=12, chunk=5, optimiser=optax.adam(0.1))
    rule = optax.adam(0.1)
    step = jax.jit(jax.value_and_grad(energy))
    state, losses = rule.init(w), []
    with jax.numpy_dtype_promotion("standard"):
        for _ in range(12):
            value, gradient = step(w)
            change, state = rule.update(gradient, state)
            w = w + change
            losses.append(float(value))
    np.testing.assert_allclose(done.metrics["loss"], losses, rtol=0, atol=1e-12)
    np.testing.assert_allclose(done.params, w, rtol=0, atol=1e-12)
    at, watched = done.watched()
    assert at.tolist() == [5, 10, 12]
    np.testing.assert_allclose(watched[:2], done.metrics["loss"][[5, 10]], rtol=0, atol=1e-12)
    assert done.steps == 12
    assert done.ended == "steps"


def test_schedules_and_rates_are_recorded():
    schedule = optax.linear_schedule(0.1, 0.0, 10)
    done = fit(square, jnp.zeros(2), jnp.ones(2), steps=10, optimiser=schedule, chunk=4)
    np.testing.assert_allclose(
        done.metrics["learning_rate"], 0.1 * (1 - np.arange(10) / 10), atol=1e-7
    )


def test_a_line_search_gets_what_it_needs():
    done = fit(square, jnp.zeros(2), jnp.ones(2), steps=6, optimiser=optax.lbfgs(), chunk=3)
    assert done.metrics["loss"][-1] < 1e-12


def test_every_epoch_sees_every_row_once():
    def loss(w, x, key):
        return jnp.sum(w) ** 2, {"rows": x}

    data = jnp.arange(12)
    done = fit(loss, jnp.ones(1), data, steps=6, batch_size=4, key=jax.random.key(0), chunk=6)
    epochs = done.metrics["rows"].reshape(2, 12)
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(12))
    assert epochs[0].tolist() != epochs[1].tolist()


def test_patience_ends_it_and_the_best_is_kept():
    # Gradient ascent away from the optimum: the first look is the best.
    done = fit(
        square, jnp.full(2, 1.1), jnp.ones(2), steps=100, chunk=5, patience=2,
        optimiser=optax.sgd(-0.1),
    )  # fmt: skip
    assert (done.steps, done.ended, done.best_step) == (15, "patience", 5)
    assert done.best_value == pytest.approx(float(square(done.best, jnp.ones(2))), abs=1e-14)
    assert done.best_value < square(done.params, jnp.ones(2))


def test_the_watched_loss_is_that_of_the_validation_data():
    done = fit(
        square, jnp.zeros(1), jnp.ones(1), validation=jnp.full(1, 0.5), steps=40, chunk=10,
        optimiser=optax.sgd(0.05),
    )  # fmt: skip
    path = 1 - 0.9 ** np.arange(10, 41, 10)
    np.testing.assert_allclose(done.watched()[1], (path - 0.5) ** 2, atol=1e-12)
    assert done.best_step == 10


def test_numbers_that_are_not_finite_end_it():
    done = fit(square, jnp.zeros(1), jnp.ones(1), steps=50, chunk=5, optimiser=optax.sgd(1e200))
    assert done.ended == "not finite"
    assert done.steps == 5


def test_a_callback_sees_each_chunk_and_may_end_it():
    seen = []

    def callback(report):
        seen.append((report.step, len(report.metrics["loss"]), report.best_step))
        return report.step == 8

    done = fit(square, jnp.zeros(1), jnp.ones(1), steps=50, chunk=4, callbacks=[callback])
    assert seen == [(4, 4, 4), (8, 4, 8)]
    assert done.ended == "callback"


class Stop(Exception):
    """Stands for a kill between two chunks."""


GIVEN = {"steps": 18, "chunk": 4, "batch_size": 5, "key": jax.random.key(3)}


def stopped(folder, at):
    def stop(report):
        if report.step == at:
            raise Stop

    with pytest.raises(Stop):
        fit(noisy, jnp.zeros(3), ROWS, **GIVEN, folder=folder, callbacks=[stop])
    return fit(noisy, jnp.zeros(3), ROWS, **GIVEN, folder=folder)


@pytest.mark.parametrize("at", [pytest.param(4, marks=pytest.mark.verify), 8])
def test_a_stopped_training_ends_with_the_same_bits(tmp_path, at):
    whole, again = fit(noisy, jnp.zeros(3), ROWS, **GIVEN), stopped(tmp_path, at)
    same((whole.params, whole.best, whole.metrics), (again.params, again.best, again.metrics))
    same(load_checkpoint(tmp_path / "best.npz", jnp.zeros(3)), whole.best)


@pytest.mark.verify
def test_more_steps_of_a_finished_training_are_those_of_one_that_was_to_be_longer(tmp_path):
    stopped(tmp_path, 4)
    more = fit(noisy, jnp.zeros(3), ROWS, **(GIVEN | {"steps": 24}), folder=tmp_path)
    longer = fit(noisy, jnp.zeros(3), ROWS, **(GIVEN | {"steps": 24}))
    np.testing.assert_allclose(more.params, longer.params, rtol=0, atol=1e-13)
    np.testing.assert_allclose(more.metrics["loss"], longer.metrics["loss"], rtol=0, atol=1e-13)


class Counting(nnx.Module):
    """A module with parameters, statistics and a stream of keys."""

    def __init__(self, rngs):
        self.dense = nnx.Linear(3, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return jnp.sum(self.drop(self.norm(self.dense(x))), axis=-1)


def module_loss(module, x):
    return jnp.mean((module(x) - 1.0) ** 2)


def test_a_module_trains_with_its_statistics_and_streams_and_resumes(tmp_path):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        module = Counting(nnx.Rngs(0))
        before = np.asarray(module.dense.kernel[...])
        data = jnp.asarray(ROWS, jnp.float32)
        given = {"steps": 6, "chunk": 2, "optimiser": optax.adam(0.1)}
        whole = fit(module_loss, module, data, **given)

        def stop(report):
            assert isinstance(report.params, Counting)
            if report.step == 4:
                raise Stop

        with pytest.raises(Stop):
            fit(module_loss, module, data, **given, folder=tmp_path, callbacks=[stop])
        again = fit(module_loss, module, data, **given, folder=tmp_path)
    np.testing.assert_array_equal(before, module.dense.kernel[...])  # left as it was
    assert int(whole.params.drop.rngs.count[...]) == 6
    assert np.abs(np.asarray(whole.params.norm.mean[...])).max() > 0
    plain = [
        jax.tree.map(
            lambda x: jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x,
            nnx.state(trained.params),
        )
        for trained in (whole, again)
    ]
    same(*plain)


def test_the_folder_of_another_training_is_refused(tmp_path):
    fit(square, jnp.zeros(2), jnp.ones(2), steps=2, folder=tmp_path)
    for changes, word in (
        (({}, jnp.zeros(2) + 1, jnp.ones(2)), "start"),
        (({}, jnp.zeros(2), jnp.zeros(2)), "data"),
        (({"chunk": 3}, jnp.zeros(2), jnp.ones(2)), "chunk"),
    ):
        more, start, data = changes
        with pytest.raises(ExperimentError, match=f"another training: {word} changed"):
            fit(square, start, data, steps=2, folder=tmp_path, **more)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps must be"),
        ({"patience": 0}, "patience must be"),
        ({"batch_size": 1}, "needs data and a key"),
        ({"batch_size": 3, "key": jax.random.key(0)}, "does not fit"),
    ],
)
def test_refusals(changes, words):
    with pytest.raises(ExperimentError, match=words):
        fit(
            lambda w, x, key=None: square(w, x),
            jnp.zeros(2),
            jnp.ones(2),
            **{"steps": 1, **changes},
        )


def test_what_cannot_be_trained_is_named():
    with pytest.raises(ExperimentError, match=r"\['n'\] is not real"):
        fit(lambda w: jnp.sum(w["x"]), {"x": jnp.ones(1), "n": jnp.int32(3)}, steps=1)
    with pytest.raises(ExperimentError, match="real scalar"):
        fit(lambda w: w, jnp.ones(2), steps=1)
    with pytest.raises(ExperimentError, match="itself records"):
        fit(lambda w: (jnp.sum(w), {"watched": w}), jnp.ones(2), steps=1)
