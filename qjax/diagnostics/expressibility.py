"""How much of Hilbert space an ansatz covers, and how much it entangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..circuit import Circuit, as_circuit
from ..errors import ParameterError
from ..measure import run

Sampler = Callable[[Array], Any]


def expressibility(
    circuit_fn: Callable[[Any], Circuit],
    sampler: Sampler,
    key: Array,
    *,
    pairs: int = 2000,
    bins: int = 75,
) -> Float[Array, ""]:
    """The Kullback-Leibler divergence of an ansatz's fidelities from those of Haar-random states.

    0 is as expressive as can be; an ansatz of one state has ``(2**n - 1) ln(bins)``. With P pairs
    and B bins even Haar-random states have about ``B / (2 P)``.

    Args:
        circuit_fn: parameters to a circuit.
        sampler: PRNG key to parameters.
        key: a PRNG key.
        pairs: pairs of states whose fidelity is taken.
        bins: of the histogram.

    Returns:
        A real scalar in nats.

    Source: Sim, Johnson and Aspuru-Guzik, arXiv:1905.10876.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.diagnostics import expressibility
        >>> angles = lambda key: jax.random.uniform(key, (1,), maxval=6.28)
        >>> turned = lambda w: qj.Circuit(1, [qj.H(0), qj.RZ(w[0], 0)])
        >>> 0.2 < float(expressibility(turned, angles, jax.random.key(0))) < 0.3
        True
    """
    if pairs < 1 or bins < 2:
        raise ParameterError(
            "expressibility: pairs must be at least 1 and bins at least 2", got=(pairs, bins)
        )
    states = _states(circuit_fn, sampler, key, 2 * pairs)
    fidelity = jnp.abs(jnp.sum(states[:pairs].conj() * states[pairs:], axis=1)) ** 2
    edges = jnp.linspace(0, 1, bins + 1)
    counts, _ = jnp.histogram(jnp.clip(fidelity, 0, 1), edges.astype(fidelity.dtype))
    found = counts.astype(fidelity.dtype) / pairs
    expected = haar_log_histogram(states.shape[1], bins).astype(fidelity.dtype)
    some = found > 0
    safe = jnp.where(some, found, 1)
    return jnp.sum(jnp.where(some, found * (jnp.log(safe) - expected), 0))


def haar_histogram(dimension: int, bins: int) -> Float[Array, " bins"]:
    """The probability of every bin of the fidelity of two Haar-random states.

    Source: the density ``(D - 1)(1 - F)**(D - 2)``, Zyczkowski and Sommers, PRA 71, 032313.
    """
    return jnp.exp(haar_log_histogram(dimension, bins))


def haar_log_histogram(dimension: int, bins: int) -> Float[Array, " bins"]:
    """The logarithms of `haar_histogram`, which in high dimensions are far below underflow."""
    upper = 1 - jnp.linspace(0, 1, bins + 1)  # 1 - F at the edges, descending
    power = dimension - 1
    low, high = upper[1:], upper[:-1]
    ratio = jnp.exp(power * (jnp.log(jnp.maximum(low, 1e-30)) - jnp.log(high)))
    return power * jnp.log(high) + jnp.log1p(-jnp.where(low > 0, ratio, 0))


def entangling_capability(
    circuit_fn: Callable[[Any], Circuit], sampler: Sampler, key: Array, *, samples: int = 1000
) -> Float[Array, ""]:
    """The mean Meyer-Wallach measure ``Q = 2 (1 - mean_q tr rho_q**2)`` over random parameters.

    0 for product states, 1 where every qubit is maximally mixed; Haar-random states have
    ``(2**n - 2) / (2**n + 1)``.

    Args:
        circuit_fn: parameters to a circuit.
        sampler: PRNG key to parameters.
        key: a PRNG key.
        samples: states that are averaged over.

    Source: Meyer and Wallach, quant-ph/0108104; Brennen, quant-ph/0305094; Sim et al.,
        arXiv:1905.10876.

    Example:
        >>> import jax, qjax as qj
        >>> from qjax.diagnostics import entangling_capability
        >>> bell = lambda w: qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1), qj.RZ(w, 0)])
        >>> round(float(entangling_capability(bell, jax.random.uniform, jax.random.key(0))), 3)
        1.0
    """
    if samples < 1:
        raise ParameterError("entangling_capability: samples must be at least 1", got=samples)
    states = _states(circuit_fn, sampler, key, samples)
    return jnp.mean(jax.vmap(meyer_wallach)(states))


def meyer_wallach(state: Array) -> Float[Array, ""]:
    """``2 (1 - mean_q tr rho_q**2)`` of amplitudes ``(2**n,)``."""
    n = state.shape[0].bit_length() - 1
    total = jnp.zeros((), jnp.finfo(state.dtype).dtype)
    for q in range(n):
        rows = jnp.moveaxis(state.reshape(2**q, 2, -1), 1, 0).reshape(2, -1)
        total += jnp.sum(jnp.abs(rows @ rows.conj().T) ** 2)
    return 2 * (1 - total / n)


def _states(circuit_fn: Any, sampler: Sampler, key: Array, count: int) -> Array:
    def one(k: Array) -> Array:
        return run(as_circuit(circuit_fn(sampler(k)), "circuit_fn: what it returns"))

    return jax.jit(jax.vmap(one))(jax.random.split(key, count))
