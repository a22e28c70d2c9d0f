"""The overlap of staircases of gates with a matrix product state, and the gates that raise it.

All layers advance side by side: while the first layer's gate acts on qubits t and t + 1, that of
the second acts on t - 1 and t, and so on. What has been contracted is one array with the target's
bond and a qubit for each layer, the window. Nothing is truncated, and a sweep costs as much as the
square of the target's bond, whatever bonds the circuit's state would need.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gates.matrices import su4
from ..simulators.mps.basis import HIGHEST
from .two_site import einsum


def _steps(gates: Any, target: Any) -> tuple[Any, Any, Any, Any]:
    """What every step of the window meets, and what its ends are.

    Layer ``k`` begins ``k`` steps late; idle qubits in front of the chain and behind it, and
    identities, fill the rest.

    Returns:
        Gates ``(steps, layers, 4, 4)``, conjugate tensors ``(steps, chi, 2, chi)``, and the window
        before the first step and what it meets after the last, both ``(chi, 2**layers)``.
    """
    layers, chi = gates.shape[0], target.shape[1]
    eye = jnp.broadcast_to(jnp.eye(4, dtype=gates.dtype), (layers, 4, 4))
    rows = [jnp.concatenate([eye[:k], gates[k], eye[k + 1 :]]) for k in range(layers)]
    target = jnp.conj(target).astype(gates.dtype)
    idle = jnp.zeros((layers - 1, chi, 2, chi), gates.dtype).at[:, 0, 0, 0].set(1)
    first = jnp.zeros((chi, 2**layers), gates.dtype).at[0, 0].set(1)
    last = jnp.zeros((chi, 2, 2 ** (layers - 1)), gates.dtype).at[:, :, 0].set(target[-1, :, :, 0])
    tensors = jnp.concatenate([idle, target[:-1]])
    return jnp.stack(rows, axis=1), tensors, first, last.reshape(chi, -1)


def _layers(steps: Any) -> Any:
    """The gates of all steps as ``(layers, n - 1, 4, 4)`` again."""
    count, layers = steps.shape[:2]
    return jnp.stack([steps[k : count - layers + 1 + k, k] for k in range(layers)])


def _grown(window: Any) -> Any:
    """One more qubit, at zero."""
    return jnp.stack([window, jnp.zeros_like(window)], axis=-1).reshape(window.shape[0], -1)


def _acted(gate: Any, window: Any, place: int) -> Any:
    """A gate on the window's qubits ``place`` and ``place + 1``."""
    parts = window.reshape(window.shape[0], 2**place, 4, -1)
    return einsum("pq,xaqb->xapb", gate, parts).reshape(window.shape)


def _forwards(gates: Any, window: Any) -> list[Any]:
    """The window before every gate of a step, and after the last."""
    out = [_grown(window)]
    for k, gate in enumerate(gates):
        out.append(_acted(gate, out[-1], len(gates) - 1 - k))
    return out


def _closed(window: Any, tensor: Any) -> Any:
    """The window's first qubit meets the target."""
    return einsum("lsr,lsb->rb", tensor, window.reshape(window.shape[0], 2, -1))


def _opened(rest: Any, tensor: Any) -> Any:
    """What the window meets before its first qubit left."""
    return einsum("lsr,rb->lsb", tensor, rest).reshape(rest.shape[0], -1)


def _unit(window: Any) -> tuple[Any, Any]:
    """Of norm one, and the logarithm of its norm."""
    norm = jnp.linalg.norm(window)
    return window / norm.astype(window.dtype), jnp.log(norm)


def log_fidelity(gates: Any, target: Any) -> Any:
    """``ln |<target|circuit>|**2``, differentiable.

    Args:
        gates: ``(layers, n - 1, 4, 4)``, layer by layer on ``|0...0>``, each from the left.
        target: normalised, ``(n, chi, 2, chi)``.
    """
    steps, tensors, first, last = _steps(gates, target)

    def step(window: Any, given: Any) -> Any:
        some, tensor = given
        return _unit(_closed(_forwards(some, window)[-1], tensor))

    window, norms = jax.lax.scan(step, first, (steps, tensors))
    overlap = jnp.sum(window * last)
    return 2 * jnp.sum(norms) + jnp.log(jnp.real(overlap) ** 2 + jnp.imag(overlap) ** 2)


@partial(jax.jit, static_argnums=2)
def swept(gates: Any, target: Any, sweeps: int) -> tuple[Any, Any]:
    """Sweeps there and back over all gates, each replaced by the best one given the others.

    Returns:
        The gates, and the fidelity after every sweep.

    Source: Rudolph et al., arXiv:2209.00595; Evenbly and Vidal, PRB 79, 144108 (2009).
    """
    layers = gates.shape[0]
    steps, tensors, first, last = _steps(gates, target)
    at = np.arange(steps.shape[0])[:, None] - np.arange(layers)
    used = (at >= 0) & (at <= gates.shape[1] - 1)

    def best(used: Any, gate: Any, rest: Any, window: Any, place: int) -> Any:
        shape = (window.shape[0], 2**place, 4, -1)
        around = einsum("xapb,xaqb->pq", rest.reshape(shape), window.reshape(shape))
        u, _, v = jnp.linalg.svd(around)
        return jnp.where(used, jnp.conj(jnp.matmul(u, v, precision=HIGHEST)), gate)

    def backward(rest: Any, given: Any) -> Any:
        window, some, used, tensor = given
        before = _forwards(some, window)
        meets, new = _opened(rest, tensor), []
        for k in reversed(range(layers)):
            place = layers - 1 - k
            new.append(best(used[k], some[k], meets, before[k], place))
            meets = _acted(new[-1].T, meets, place)
        out, _ = _unit(meets.reshape(meets.shape[0], -1, 2)[:, :, 0])
        return out, (jnp.stack(new[::-1]), rest)

    def forward(window: Any, given: Any) -> Any:
        rest, some, used, tensor = given
        meets = [_opened(rest, tensor)]
        for k in reversed(range(1, layers)):
            meets.append(_acted(some[k].T, meets[-1], layers - 1 - k))
        now, new = _grown(window), []
        for k in range(layers):
            place = layers - 1 - k
            new.append(best(used[k], some[k], meets[layers - 1 - k], now, place))
            now = _acted(new[-1], now, place)
        out, norm = _unit(_closed(now, tensor))
        return out, (jnp.stack(new), window, norm)

    def walk(window: Any, given: Any) -> Any:
        some, tensor = given
        return _unit(_closed(_forwards(some, window)[-1], tensor))[0], window

    def sweep(carry: Any, _: Any) -> Any:
        steps, windows = carry
        _, (steps, rests) = jax.lax.scan(
            backward, last, (windows, steps, used, tensors), reverse=True
        )
        end, (steps, windows, norms) = jax.lax.scan(forward, first, (rests, steps, used, tensors))
        overlap = jnp.exp(jnp.sum(norms)) * jnp.abs(jnp.sum(end * last))
        return (steps, windows), overlap**2

    windows = jax.lax.scan(walk, first, (steps, tensors))[1]
    (steps, _), fidelity = jax.lax.scan(sweep, (steps, windows), None, length=sweeps)
    return _layers(steps), fidelity


@jax.jit
def _value_and_gradient(params: Any, gates: Any, target: Any) -> tuple[Any, Any]:
    def loss(params: Any) -> Any:
        turns = jax.vmap(jax.vmap(lambda p: su4((p,), None, gates.dtype)))(params)
        return -log_fidelity(jnp.matmul(turns, gates, precision=HIGHEST), target)

    return jax.value_and_grad(loss)(params)


def polished(gates: Any, target: Any, steps: int) -> tuple[Any, np.ndarray]:
    """All gates turned together, by L-BFGS steps on the logarithm of the fidelity.

    Returns:
        The gates, and the fidelity after every step.

    Source: Liu and Nocedal, Math. Program. 45, 503 (1989), by SciPy.
    """
    from scipy.optimize import minimize

    kind = np.finfo(np.dtype(gates.dtype)).dtype
    shape = (*gates.shape[:2], 15)
    reached: list[float] = []

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slope = _value_and_gradient(x.reshape(shape).astype(kind), gates, target)
        return float(loss), np.asarray(slope, np.float64).reshape(-1)

    found = minimize(
        value,
        np.zeros(int(np.prod(shape))),
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: reached.append(float(intermediate_result.fun)),
        options={"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 0, "gtol": 0},
    )
    turn = jax.vmap(jax.vmap(lambda p: su4((p,), None, gates.dtype)))
    turns = turn(jnp.asarray(found.x.reshape(shape), kind))
    return jnp.matmul(turns, gates, precision=HIGHEST), np.exp(-np.array(reached))
