"""Fast-weight programmers and quantum recurrent cells in NumPy, one gate and one step at a time.

States are real and imaginary parts, (2,) * n each, so that every function here is analytic in the
parameters: its derivative is the imaginary part of its value at a complex step, exact to rounding.
"""

import numpy as np


def zeros(n):
    re = np.zeros((2,) * n)
    re[(0,) * n] = 1.0
    return re, np.zeros((2,) * n)


def turn(state, matrix, q):
    """A real 2x2 matrix on qubit q."""
    return tuple(np.moveaxis(np.tensordot(matrix, part, (1, q)), 0, q) for part in state)


def h(state, q):
    return turn(state, np.array([[1, 1], [1, -1]]) / np.sqrt(2), q)


def ry(state, t, q):
    c, s = np.cos(t / 2), np.sin(t / 2)
    return turn(state, np.array([[c, -s], [s, c]]), q)


def rz(state, t, q):
    shape = [1] * state[0].ndim
    shape[q] = 2
    c = np.cos(t / 2)
    s = (np.sin(t / 2) * np.array([1.0, -1.0])).reshape(shape)
    re, im = state
    return c * re + s * im, c * im - s * re


def rx(state, t, q):
    """H RZ H."""
    return h(rz(h(state, q), t, q), q)


def cnot(state, control, target):
    out = []
    for part in state:
        part = np.moveaxis(part, (control, target), (0, 1)).copy()
        part[1] = part[1, ::-1].copy()
        out.append(np.moveaxis(part, (0, 1), (control, target)))
    return tuple(out)


def z(state, q):
    p = np.moveaxis(state[0] ** 2 + state[1] ** 2, q, 0)
    return p[0].sum() - p[1].sum()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def linear(params, name, x):
    return x @ params[f"{name}.kernel"] + params[f"{name}.bias"]


# --- the fast-weight programmer -----------------------------------------------------------------


def brickwork(x, weights, outputs):
    layers, n = weights.shape
    state = zeros(n)
    for q in range(n):
        state = h(state, q)
    for j in range(len(x)):
        state = ry(state, x[j], j)
    for layer in range(layers):
        for first in (0, 1):
            for q in range(first, n - 1, 2):
                state = cnot(state, q, q + 1)
        for q in range(n):
            state = ry(state, weights[layer, q], q)
    return np.array([z(state, q) for q in range(outputs)])


def new_weights(rule, old, entry, gates):
    rows, columns = entry.shape
    if rule == "additive":
        return old + entry
    if rule == "gated":
        g = sigmoid(gates[0])
        return g * old + (1 - g) * entry
    keep = np.outer(gates[:rows], gates[rows : rows + columns])
    write = np.outer(gates[rows + columns : 2 * rows + columns], gates[2 * rows + columns :])
    if rule == "modulated":
        return keep * old + write * entry
    if rule == "bounded gate":
        return np.tanh(keep) * old + write * entry
    assert rule == "bounded weights"
    return np.tanh(keep * old) + write * entry


def programmer(params, x, rule, shape, outputs, start=None, every=True):
    """Outputs of every step (T, O) for one series x (T, F), or of the last alone."""
    weights, out = np.zeros(shape) if start is None else start, []
    for t, value in enumerate(x):
        latent = linear(params, "slow", value)
        entry = np.outer(linear(params, "rows", latent), linear(params, "columns", latent))
        gates = linear(params, "gates", latent) if "gates.kernel" in params else None
        weights = new_weights(rule, weights, entry, gates)
        if every or t == len(x) - 1:
            out.append(linear(params, "readout", brickwork(value, weights, outputs)))
    return np.array(out) if every else out[0]


# --- recurrent cells ----------------------------------------------------------------------------


def ring_circuit(v, weights):
    """The published circuit of a QLSTM gate; all <Z>."""
    depth, n, _ = weights.shape
    state = zeros(n)
    for q in range(n):
        state = rz(ry(h(state, q), np.arctan(v[q]), q), np.arctan(v[q] ** 2), q)
    for layer in range(depth):
        for hop in (1, 2):
            for q in range(n):
                state = cnot(state, q, (q + hop) % n)
        for q in range(n):
            a, b, c = weights[layer, q]
            state = rz(ry(rz(state, a, q), b, q), c, q)
    return np.array([z(state, q) for q in range(n)])


def embedded_circuit(v, weights):
    """RX of the inputs, then RX and a ring of CNOTs in every layer; all <Z>."""
    n = weights.shape[1]
    state = zeros(n)
    for q in range(n):
        state = rx(state, v[q], q)
    for layer in weights:
        for q in range(n):
            state = rx(state, layer[q], q)
        for q in range(n if n > 2 else n - 1):
            state = cnot(state, q, (q + 1) % n)
    return np.array([z(state, q) for q in range(n)])


def qlstm(params, x, hidden):
    """The outputs V6 of every step, (T, n)."""
    circuits = params["circuits"]
    n = circuits.shape[2]
    memory, state, out = np.zeros(n), np.zeros(hidden), []
    for value in x:
        v = np.concatenate([value, state])
        forget, admit, content, emit = (ring_circuit(v, w) for w in circuits[:4])
        memory = sigmoid(forget) * memory + sigmoid(admit) * np.tanh(content)
        u = sigmoid(emit) * np.tanh(memory)
        state = ring_circuit(u, circuits[4])[:hidden]
        out.append(ring_circuit(u, circuits[5]))
    return np.array(out)


def linear_in_qlstm(params, x, hidden):
    """The hidden states of every step, (T, H)."""
    memory, state, out = np.zeros(hidden), np.zeros(hidden), []
    for value in x:
        y = linear(params, "encoder", np.concatenate([state, value]))
        gates = [linear(params, "decoder", embedded_circuit(y, w)) for w in params["circuits"]]
        forget, admit, content, emit = gates
        memory = sigmoid(forget) * memory + sigmoid(admit) * np.tanh(content)
        state = sigmoid(emit) * np.tanh(memory)
        out.append(state)
    return np.array(out)


def qgru(params, x, hidden):
    circuits = params["circuits"]
    state, out = np.zeros(hidden), []
    for value in x:
        v = np.concatenate([value, state])
        reset, update = (sigmoid(ring_circuit(v, w)[:hidden]) for w in circuits[:2])
        trial = np.tanh(ring_circuit(np.concatenate([value, reset * state]), circuits[2])[:hidden])
        state = update * state + (1 - update) * trial
        out.append(state)
    return np.array(out)


def qrnn(params, x, hidden):
    state, out = np.zeros(hidden), []
    for value in x:
        v = np.concatenate([value, state])
        state = np.tanh(ring_circuit(v, params["circuits"][0])[:hidden])
        out.append(state)
    return np.array(out)


# --- derivatives and parameters -----------------------------------------------------------------


def gradient(function, params, step=1e-30):
    """The derivative of a scalar by every number in a dictionary of arrays."""
    out = {}
    for name, array in params.items():
        slopes = np.empty(array.size)
        for k in range(array.size):
            moved = array.astype(complex)
            moved.ravel()[k] += 1j * step
            slopes[k] = np.imag(function({**params, name: moved})) / step
        out[name] = slopes.reshape(array.shape)
    return out


def as_params(state):
    """The parameters of a module's state by their dotted names, float64."""
    import jax

    leaves, _ = jax.tree_util.tree_flatten_with_path(state)
    names = [".".join(str(k.key) for k in path if hasattr(k, "key")) for path, _ in leaves]
    return {n: np.asarray(leaf, float) for n, (_, leaf) in zip(names, leaves, strict=True)}
