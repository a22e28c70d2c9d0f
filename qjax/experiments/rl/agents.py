"""Policies: quantum circuits and small networks that turn an observation into log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import qjax as qj

Params = Any


class Agent(NamedTuple):
    """A policy without memory, as two pure functions.

    Args:
        name: as in tables.
        init: key to parameters.
        outputs: parameters and an observation (F,) to the logarithms of the probabilities of the
            actions, (A,); to the values of the actions, where those are what is learned.
        rates: learning rates in the structure of the parameters' first level.
    """

    name: str
    init: Callable[[jax.Array], Params]
    outputs: Callable[[Params, jax.Array], jax.Array]
    rates: dict[str, float]


def size(params: Params) -> int:
    """How many numbers are trained."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def reuploading_circuit(x: jax.Array, params: Params) -> qj.Circuit:
    """RZ and RY on every qubit and a ring of CZ, then RX of the scaled inputs, in every layer; RZ
    and RY at the end.

    Args:
        x: one input per qubit, shape (n,).
        params: ``angles`` (layers + 1, n, 2), radians, and ``scales`` (layers, n).

    Source: Jerbi et al., arXiv:2103.05577 (their RY of the second encoding axis left out).

    Example:
        >>> params = {"angles": jnp.zeros((2, 3, 2)), "scales": jnp.ones((1, 3))}
        >>> reuploading_circuit(jnp.zeros(3), params).counts()
        {'RZ': 6, 'RY': 6, 'CZ': 3, 'RX': 3}
    """
    angles, scales = params["angles"], params["scales"]
    n = angles.shape[1]

    def turns(a: jax.Array) -> list[Any]:
        return [gate for q in range(n) for gate in (qj.RZ(a[q, 0], q), qj.RY(a[q, 1], q))]

    def layer(part: tuple[jax.Array, jax.Array]) -> list[Any]:
        a, s = part
        ring = [qj.CZ(q, (q + 1) % n) for q in range(n if n > 2 else n - 1)]
        return [*turns(a), *ring, *(qj.RX(s[q] * x[q], q) for q in range(n))]

    ops = [layer((angles[k], scales[k])) for k in range(scales.shape[0])]
    return qj.Circuit(n, [*ops, *turns(angles[-1])])


def _init_circuit(key: jax.Array, layers: int, n: int) -> Params:
    return {
        "angles": jax.random.uniform(key, (layers + 1, n, 2), maxval=2 * np.pi),
        "scales": jnp.ones((layers, n)),
    }


RATES = {"angles": 0.01, "scales": 0.1, "weights": 0.1, "biases": 0.1, "net": 0.01}


def _scaled(x: jax.Array, scale: Sequence[float]) -> jax.Array:
    return jnp.arctan(x / jnp.asarray(scale, x.dtype))


def reuploading(features: int, actions: int, scale: Sequence[float], layers: int = 5) -> Agent:
    """Softmax of trained multiples of one expectation value per action.

    Two actions share the product of Z on all qubits, with either sign; more actions have Z of a
    qubit each, of which there must be as many.
    """
    if actions == 2:
        words = [_product(range(features))]
    else:
        words = [qj.Z(a % features) for a in range(actions)]

    def init(key: jax.Array) -> Params:
        return {**_init_circuit(key, layers, features), "weights": jnp.ones(actions)}

    def log_probs(params: Params, x: jax.Array) -> jax.Array:
        circuit = reuploading_circuit(_scaled(x, scale), params)
        values = _expectations(circuit, words)
        if actions == 2:
            values = jnp.concatenate([values, -values])
        return jax.nn.log_softmax(params["weights"] * values)

    return Agent("re-uploading circuit", init, log_probs, RATES)


def _expectations(circuit: qj.Circuit, observables: list[Any]) -> jax.Array:
    """Several from one run; a single one by the simulator's fastest form for batches."""
    if len(observables) == 1:
        return qj.expval(circuit, observables[0])[None]
    return jnp.stack(qj.expval(circuit, observables, gradient=qj.Adjoint()))


def _product(qubits: Sequence[int] | range) -> Any:
    word = qj.Z(qubits[0])
    for q in qubits[1:]:
        word = word @ qj.Z(q)
    return word


def single_qubits(features: int, actions: int, scale: Sequence[float], layers: int = 5) -> Agent:
    """One re-uploading qubit per feature, none entangled; a linear layer reads their ``<Z>``.

    The state is a product: n circuits of one qubit take the place of one circuit of n.

    Source: Hsiao, Du, Chiang, Hsieh, Goan, arXiv:2203.14348.
    """

    def init(key: jax.Array) -> Params:
        first, second = jax.random.split(key)
        return {
            "angles": jax.random.uniform(first, (features, layers + 1, 2), maxval=2 * np.pi),
            "scales": jnp.ones((features, layers)),
            "weights": jax.random.normal(second, (actions, features)),
            "biases": jnp.zeros(actions),
        }

    def one(x: jax.Array, angles: jax.Array, scales: jax.Array) -> jax.Array:
        ops = []
        for k in range(layers):
            ops += [qj.RZ(angles[k, 0], 0), qj.RY(angles[k, 1], 0), qj.RX(scales[k] * x, 0)]
        ops += [qj.RZ(angles[layers, 0], 0), qj.RY(angles[layers, 1], 0)]
        return qj.expval(qj.Circuit(1, ops), qj.Z(0))

    def log_probs(params: Params, x: jax.Array) -> jax.Array:
        values = jax.vmap(one)(_scaled(x, scale), params["angles"], params["scales"])
        return jax.nn.log_softmax(params["weights"] @ values + params["biases"])

    return Agent("single qubits", init, log_probs, RATES)


def decoding_words(n: int, actions: int, how: str) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Which products of Z tell the probabilities of the actions, and with which signs.

    An action of m bits is read from a bitstring. ``"local"``: its bit k is the outcome of qubit k,
    and only m qubits are looked at. ``"global"``: bit k is the parity of qubits k to n - 1, so that
    every bit depends on as many qubits as it can.

    Args:
        n: qubits.
        actions: a power of two.
        how: ``"local"`` or ``"global"``.

    Returns:
        Words as tuples of qubits (the empty one is left out), and signs (words, actions): the
        probabilities are ``(1 + signs^T <words>) / actions``.

    Source: Meyer, Scherer, Plinge, Mutschler, Hartmann, arXiv:2212.06663.

    Example:
        >>> decoding_words(4, 2, "global")[0], decoding_words(4, 2, "local")[0]
        ([(0, 1, 2, 3)], [(0,)])
    """
    bits = actions.bit_length() - 1
    single = [set(range(k, n)) if how == "global" else {k} for k in range(bits)]
    words, signs = [], []
    for subset in range(1, actions):
        chosen = [k for k in range(bits) if subset >> k & 1]
        word: set[int] = set()
        for k in chosen:
            word = word ^ single[k]
        words.append(tuple(sorted(word)))
        signs.append([(-1) ** sum(a >> k & 1 for k in chosen) for a in range(actions)])
    return words, np.array(signs, float)


def decoding(
    features: int, actions: int, scale: Sequence[float] | None, how: str, layers: int = 5
) -> Agent:
    """The action is read off the measured bitstring: no softmax, no weights.

    Args:
        features: number of observations, and of qubits.
        actions: a power of two.
        scale: size of each observation; None where observations are bits, which turn by pi.
        how: ``"global"`` or ``"local"``, see `decoding_words`.
        layers: of the circuit.

    Source: Meyer, Scherer, Plinge, Mutschler, Hartmann, arXiv:2212.06663.
    """
    words, signs = decoding_words(features, actions, how)
    observables = [_product(word) for word in words]

    def init(key: jax.Array) -> Params:
        return _init_circuit(key, layers, features)

    def log_probs(params: Params, x: jax.Array) -> jax.Array:
        angles = np.pi * x if scale is None else _scaled(x, scale)
        circuit = reuploading_circuit(angles, params)
        values = _expectations(circuit, observables)
        probs = (1 + jnp.asarray(signs.T, values.dtype) @ values) / actions
        # A probability of zero has no logarithm, and rounding may put one below zero.
        return jnp.log(jnp.maximum(probs, 1e-6))

    return Agent(f"{how} decoding", init, log_probs, RATES)


def mlp(features: int, actions: int, scale: Sequence[float] | None, hidden: int = 8) -> Agent:
    """A tanh network with one hidden layer."""

    def init(key: jax.Array) -> Params:
        first, second = jax.random.split(key)
        bound = features**-0.5, hidden**-0.5
        net = {
            "in": jax.random.uniform(first, (hidden, features), minval=-bound[0], maxval=bound[0]),
            "in bias": jnp.zeros(hidden),
            "out": jax.random.uniform(second, (actions, hidden), minval=-bound[1], maxval=bound[1]),
            "out bias": jnp.zeros(actions),
        }
        return {"net": net}

    def log_probs(params: Params, x: jax.Array) -> jax.Array:
        net = params["net"]
        x = x if scale is None else _scaled(x, scale)
        latent = jnp.tanh(net["in"] @ x + net["in bias"])
        return jax.nn.log_softmax(net["out"] @ latent + net["out bias"])

    return Agent("MLP", init, log_probs, RATES)


def value_circuit(features: int, actions: int, layers: int = 5) -> Agent:
    """Values of actions: a trained multiple of ``<Z>`` of a qubit each; observations are bits.

    Source: Chen et al., arXiv:1907.00397 (variational circuits for deep Q-learning).
    """

    def init(key: jax.Array) -> Params:
        return {**_init_circuit(key, layers, features), "weights": jnp.ones(actions)}

    def values(params: Params, x: jax.Array) -> jax.Array:
        circuit = reuploading_circuit(np.pi * x, params)
        found = _expectations(circuit, [qj.Z(a % features) for a in range(actions)])
        return params["weights"] * (1 + found) / 2

    return Agent("Q circuit", init, values, RATES)
