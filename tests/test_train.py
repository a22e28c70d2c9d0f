"""The training loop and its checkpoints: same bits however often it is stopped, nothing torn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from qjax.errors import ExperimentError
from qjax.train import descend, load_checkpoint, run_chunks, save_checkpoint


class Stop(Exception):
    """Stands for a kill between two chunks."""


OPTIMISER = optax.adam(0.1)


def update(carry, step, target):
    params, state, key = carry
    key, noise = jax.random.split(key)
    gradient = 2 * (params - target) + 0.1 * jax.random.normal(noise, params.shape)
    params, state = descend(OPTIMISER, gradient, state, params)
    return (params, state, key), {"params": params, "step": step}


def start():
    params = jnp.ones(3)
    return params, OPTIMISER.init(params), jax.random.key(7)


TARGET = np.arange(3.0)


def stop_at(step):
    def on_chunk(first, metrics):
        if first == step:
            raise Stop

    return on_chunk


@pytest.mark.parametrize("stops", [[0], [10], [0, 10, 20]])
def test_a_stopped_loop_ends_with_the_bits_of_an_unstopped_one(tmp_path, stops):
    whole = run_chunks(update, start(), 25, chunk=10, data=TARGET)
    file = tmp_path / "a.npz"
    for step in stops:
        with pytest.raises(Stop):
            run_chunks(
                update, start(), 25, chunk=10, data=TARGET, checkpoint=file, on_chunk=stop_at(step)
            )
    seen = []
    resumed = run_chunks(
        update,
        start(),
        25,
        chunk=10,
        data=TARGET,
        checkpoint=file,
        on_chunk=lambda first, metrics: seen.append((first, len(metrics["step"]))),
    )
    np.testing.assert_array_equal(whole.metrics["params"], resumed.metrics["params"])
    np.testing.assert_array_equal(whole.metrics["step"], np.arange(25))
    for a, b in zip(jax.tree.leaves(whole.carry), jax.tree.leaves(resumed.carry), strict=True):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_array_equal(a, b)
    done = min(25, stops[-1] + 10)
    assert seen[0] == (0, done)
    assert sum(count for _, count in seen) == 25


def test_a_finished_loop_computes_nothing_again(tmp_path):
    calls = []

    def counted(carry, step, data):
        calls.append(1)
        return carry + 1, {"x": carry}

    file = tmp_path / "a.npz"
    first = run_chunks(counted, jnp.zeros(()), 4, chunk=4, checkpoint=file)
    again = run_chunks(counted, jnp.zeros(()), 4, chunk=4, checkpoint=file)
    assert first.carry == again.carry == 4
    np.testing.assert_array_equal(again.metrics["x"], [0, 1, 2, 3])


def test_checkpoints_keep_every_kind_of_leaf_bit_for_bit(tmp_path):
    tree = {
        "half": jnp.asarray([1.5, -2.25], jnp.bfloat16),
        "complex": jnp.asarray([1 + 2j], jnp.complex128),
        "count": jnp.int32(3),
        "key": jax.random.key(5),
        "keys": jax.random.split(jax.random.key(5, impl="rbg"), 2),
        "nested": (np.float64(0.1), [jnp.zeros((0, 2))]),
    }
    save_checkpoint(tmp_path / "t.npz", tree)
    back = load_checkpoint(tmp_path / "t.npz", tree)
    assert jax.tree.structure(back) == jax.tree.structure(tree)
    for a, b in zip(jax.tree.leaves(tree), jax.tree.leaves(back), strict=True):
        a, b = jnp.asarray(a), jnp.asarray(b)
        assert a.dtype == b.dtype
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "t.npz"
    save_checkpoint(file, jnp.zeros(2))

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(file, jnp.ones(2))
    np.testing.assert_array_equal(load_checkpoint(file, jnp.ones(2)), np.zeros(2))


@pytest.mark.parametrize(
    ("like", "words"),
    [
        ({"w": jnp.zeros(3), "b": jnp.zeros(2)}, "another program"),
        ({"w": jnp.zeros(4)}, "another program"),
        ({"w": jnp.zeros(3, jnp.float32)}, "precision"),
    ],
)
def test_a_checkpoint_of_another_program_is_refused(tmp_path, like, words):
    save_checkpoint(tmp_path / "t.npz", {"w": jnp.zeros(3)})
    with pytest.raises(ExperimentError, match=words):
        load_checkpoint(tmp_path / "t.npz", like)


def test_a_damaged_checkpoint_is_named(tmp_path):
    file = tmp_path / "t.npz"
    file.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ExperimentError, match=r"t\.npz cannot be read"):
        run_chunks(update, start(), 25, data=TARGET, checkpoint=file)


def test_a_checkpoint_beyond_the_end_is_refused(tmp_path):
    run_chunks(update, start(), 20, chunk=10, data=TARGET, checkpoint=tmp_path / "a.npz")
    with pytest.raises(ExperimentError, match="beyond the end"):
        run_chunks(update, start(), 10, chunk=10, data=TARGET, checkpoint=tmp_path / "a.npz")


@pytest.mark.parametrize("bad", [{"steps": 0}, {"steps": 5, "chunk": 0}])
def test_nothing_to_do_is_refused(bad):
    with pytest.raises(ExperimentError, match="positive"):
        run_chunks(update, start(), data=TARGET, **bad)
