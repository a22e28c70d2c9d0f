"""jit, vmap, scan, grad and their nests all give the same numbers."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference as ref

import qjax as qj
from qjax.measure import program
from qjax.simulators import memory

H = qj.X(0) @ qj.X(1) + 0.5 * qj.Z(1) - 0.3 * qj.Y(0)
POINTS = np.random.default_rng(0).normal(size=(2, 3, 3))


def circuit(w):
    layer = lambda x: [qj.RY(x, 0), qj.CRX(x * w[0], 0, 1)]  # noqa: E731
    return qj.Circuit(2, [qj.RX(w[0], 0), qj.U2(w[1], w[2], 1), qj.Layers(layer, w)])


BACKPROP = qj.Backprop()


def energy(w, gradient=BACKPROP):
    return qj.expval(circuit(w), H, gradient=gradient)


@pytest.fixture(scope="module")
def exact():
    """Energies at all points, by the dense reference."""
    dense = H.matrix(2)
    values = [ref.expval(circuit(jnp.asarray(w)), dense) for w in POINTS.reshape(-1, 3)]
    return np.array(values).reshape(2, 3)


def close(got, expected, atol=1e-12):
    np.testing.assert_allclose(got, expected, rtol=0, atol=atol)


def test_values_agree(exact):
    """Eager, without jit, jit, vmap, nested vmap, scan, map, checkpoint: the same energies."""
    w = jnp.asarray(POINTS)
    close([[energy(x) for x in row] for row in w], exact)
    with jax.disable_jit():
        close(energy(w[0, 0]), exact[0, 0])
    close(jax.jit(energy)(w[0, 0]), exact[0, 0])
    close(jax.vmap(energy)(w[1]), exact[1])
    close(jax.jit(jax.vmap(jax.vmap(energy)))(w), exact)
    close(jax.vmap(energy, in_axes=1)(w[0].T), exact[0])
    close(jax.lax.scan(lambda total, x: (total + energy(x), energy(x)), 0.0, w[0])[1], exact[0])
    close(jax.lax.map(jax.vmap(energy), w), exact)
    close(jax.checkpoint(energy)(w[0, 0]), exact[0, 0])


def test_a_batch_of_circuits_is_a_batched_circuit(exact):
    """vmap over the circuit itself, built before, is vmap over its parameters."""
    batch = jax.vmap(circuit)(jnp.asarray(POINTS[0]))
    close(jax.vmap(lambda c: qj.expval(c, H))(batch), exact[0])
    states = jax.vmap(qj.run)(batch)
    close(states[2], ref.state(circuit(jnp.asarray(POINTS[0, 2]))))


@pytest.mark.parametrize("gradient", [qj.Backprop(), qj.Adjoint(), qj.ParameterShift()])
def test_gradients_agree(gradient):
    """vmap of grad, grad of vmap, grad of scan and jit of all agree, by every method."""
    w = jnp.asarray(POINTS[0])
    one = lambda x: energy(x, gradient)  # noqa: E731
    step = 1e-5 * np.eye(3)
    dense = H.matrix(2)
    numeric = [
        [
            ref.expval(circuit(jnp.asarray(x + s)), dense)
            - ref.expval(circuit(jnp.asarray(x - s)), dense)
            for s in step
        ]
        for x in POINTS[0]
    ]
    slopes = jax.jit(jax.vmap(jax.grad(one)))(w)
    close(slopes, np.array(numeric) / 2e-5, 1e-7)
    close(jax.jit(jax.grad(lambda w: jnp.sum(jax.vmap(one)(w))))(w), slopes, 1e-10)
    close(jax.grad(one)(w[1]), slopes[1], 1e-10)
    total = lambda w: jax.lax.scan(lambda t, x: (t + one(x), None), 0.0, w)[0]  # noqa: E731
    close(jax.jit(jax.grad(total))(w), slopes, 1e-10)


def test_forward_mode_and_hessians_agree():
    """jacfwd equals jacrev; the Hessian is symmetric, and the same in a batch."""
    w = jnp.asarray(POINTS[0, 0])
    close(jax.jacfwd(energy)(w), jax.jacrev(energy)(w), 1e-12)
    hessian = jax.jit(jax.hessian(energy))(w)
    close(hessian, hessian.T, 1e-12)
    close(jax.jit(jax.vmap(jax.hessian(energy)))(w[None])[0], hessian, 1e-11)


@pytest.mark.verify
def test_hessians_without_jit_and_by_reverse_mode_agree():
    """The Hessian forward over reverse, reverse over reverse, within jit and without."""
    w = jnp.asarray(POINTS[0, 0])
    hessian = jax.hessian(energy)(w)
    close(jax.jacrev(jax.jacrev(energy))(w), hessian, 1e-11)
    close(jax.jit(jax.hessian(energy))(w), hessian, 1e-12)


def test_training_in_a_scan_descends():
    """A whole gradient descent compiled as one scan lowers the energy at every step."""

    def step(w, _):
        value, slope = jax.value_and_grad(energy)(w)
        return w - 0.05 * slope, value

    _, values = jax.jit(lambda w: jax.lax.scan(step, w, None, 20))(jnp.asarray(POINTS[0, 0]))
    assert np.all(np.diff(values) < 0)


def test_many_structures_do_not_fill_the_process(monkeypatch):
    """Where memory maps run short, compiled programs are dropped, and compile again when asked."""
    monkeypatch.setattr(program, "short_of_maps", lambda: True)
    monkeypatch.setattr(program, "CHECKED_EVERY", 3)
    program._execute.clear_cache()
    sizes = []
    for n in range(1, 8):
        np.testing.assert_allclose(qj.expval(qj.Circuit(n, [qj.X(0)]), qj.Z(0)), -1, atol=1e-12)
        sizes.append(program._execute._cache_size())
    assert max(sizes) <= 3, sizes
    np.testing.assert_allclose(qj.expval(qj.Circuit(1, [qj.X(0)]), qj.Z(0)), -1, atol=1e-12)


def test_memory_maps_are_counted():
    """Against what the kernel says about this process, where it says anything."""
    assert not memory.short_of_maps(share=1.0)
    if Path("/proc/self/maps").exists():
        assert memory.short_of_maps(share=0.0)
