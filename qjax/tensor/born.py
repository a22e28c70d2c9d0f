"""Born machines: probability distributions ``p(b) = |<b|psi>|^2`` of matrix product states."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import DataError, ParameterError, QubitError
from ..simulators.mps import MatrixProductState
from ..simulators.mps import state as mps
from .two_site import cut, einsum, join


def log_probabilities(state: MatrixProductState, bits: Any) -> Any:
    """``ln p(b)`` of bit strings. Differentiable, also where ``p`` itself underflows.

    Args:
        state: not necessarily normalised.
        bits: 0 or 1, ``(k, n)``.

    Returns:
        ``(k,)``, real; minus infinity for strings that never occur.

    Raises:
        DataError: bits of another shape.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.tensor import MatrixProductState, log_probabilities
        >>> bell = MatrixProductState.from_dense(jnp.array([1.0, 0, 0, 1.0]), 2)
        >>> jnp.exp(log_probabilities(bell, jnp.array([[0, 0], [1, 1]]))).round(4).tolist()
        [0.5, 0.5]
    """
    bits = jnp.asarray(bits)
    if bits.ndim != 2 or bits.shape[1] != state.n:
        raise DataError(
            "log_probabilities: bits has the wrong shape",
            expected=f"(k, {state.n})",
            got=bits.shape,
        )
    tensors = state.tensors
    rows, scales = _right_rows(tensors, bits)
    last = _chosen(tensors[0], rows[0], bits[:, 0])[:, 0]
    return scales + 2 * _log_size(last) - _log_norm(tensors)


def negative_log_likelihood(state: MatrixProductState, bits: Any, weights: Any = None) -> Any:
    """The mean of ``-ln p(b)`` over a data set, in nats; at least the data's entropy.

    Args:
        state: not necessarily normalised.
        bits: 0 or 1, ``(k, n)``.
        weights: ``(k,)``, of sum one (default: all equal).
    """
    values = log_probabilities(state, bits)
    if weights is None:
        return -jnp.mean(values)
    return -jnp.sum(jnp.asarray(weights).astype(values.dtype) * values)


def sample_given(state: MatrixProductState, key: Any, shots: int, known: Any) -> Any:
    """Exact samples of the distribution under the condition that some bits are known.

    Args:
        state: not necessarily normalised.
        key: PRNG key.
        shots: number of samples.
        known: ``(n,)``: 0 or 1 where a bit is given, -1 where it is to be drawn. A condition of
            probability zero gives no meaningful samples.

    Returns:
        uint8 ``(shots, n)``, the known bits among them.

    Raises:
        QubitError: ``known`` of another length.

    Source: perfect sampling, Ferris and Vidal, PRB 85, 165146 (2012), of the projected state.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from qjax.tensor import MatrixProductState, sample_given
        >>> ghz = MatrixProductState.from_dense(jnp.zeros(8).at[jnp.array([0, 7])].set(1.0), 2)
        >>> sample_given(ghz, jax.random.key(0), 2, jnp.array([-1, 1, -1])).tolist()
        [[1, 1, 1], [1, 1, 1]]
    """
    known = jnp.asarray(known)
    if known.shape != (state.n,):
        raise QubitError(
            "sample_given: known must say something of every qubit",
            expected=f"shape ({state.n},), entries 0, 1 or -1",
            got=known.shape,
        )
    excluded = known[:, None] == 1 - jnp.arange(2, dtype=known.dtype)[None, :]
    tensors = jnp.where(excluded[:, None, :, None], 0, state.tensors)
    return mps.sample(tensors, key, shots)


class BornMachine(NamedTuple):
    """A trained distribution.

    Attributes:
        state: the `MatrixProductState`, real and normalised.
        losses: negative log-likelihood (nats) after every sweep.
    """

    state: MatrixProductState
    losses: np.ndarray


def train_born_machine(
    bits: Any,
    *,
    max_bond: int = 8,
    sweeps: int = 40,
    rate: float | int = 0.2,
    updates: int = 4,
    seed: int = 0,
    start: MatrixProductState | None = None,
) -> BornMachine:
    """A matrix product state whose Born distribution fits a data set, by two-site sweeps.

    As in DMRG, two neighbouring tensors are improved together, with their bond chosen anew. For
    the joint tensor t of norm one the likelihood is stationary where t equals the mean of
    ``x / <x, t>`` over what the rest of the chain makes of the data; every update moves t towards
    that mean.

    Args:
        bits: 0 or 1, ``(k, n)`` with at least two columns; strings may occur several times.
        max_bond: largest bond dimension.
        sweeps: there and back.
        rate: step of one update, in (0, 1].
        updates: for every pair of neighbours.
        seed: of the nonnegative random tensors that it starts from.
        start: a real state to start from instead.

    Raises:
        DataError: not a table of bits.
        ParameterError: numbers out of range.

    Source: the two-site scheme of Han et al., PRX 8, 031012 (2018), arXiv:1709.01662.

    Example:
        >>> import numpy as np
        >>> from qjax.tensor import train_born_machine
        >>> found = train_born_machine(np.array([[0, 0, 0], [1, 1, 1]]), max_bond=2)
        >>> round(float(found.losses[-1]), 3)  # ln 2
        0.693
    """
    table, weights = weighted(bits)
    n = table.shape[1]
    for name, value in (("max_bond", max_bond), ("sweeps", sweeps), ("updates", updates)):
        if not isinstance(value, int) or value < 1:
            raise ParameterError(f"train_born_machine: {name} must be at least 1", got=repr(value))
    if not 0 < rate <= 1:
        raise ParameterError("train_born_machine: rate must lie in (0, 1]", got=rate)
    chi = min(max_bond, 2 ** (n // 2))
    if start is None:
        tensors = initial_tensors(jax.random.key(seed), n, chi)
    else:
        tensors = start.truncated(chi).normalised().tensors
        if jnp.iscomplexobj(tensors) or start.n != n:
            raise DataError(
                "train_born_machine: start must be real and as long as the data",
                got=f"{tensors.dtype}, {start.n} qubits",
            )
    losses, tensors = _sweeps(
        tensors, jnp.asarray(table), jnp.asarray(weights), sweeps, float(rate), updates
    )
    return BornMachine(MatrixProductState(tensors), np.asarray(losses))


@partial(jax.jit, static_argnums=(3, 4, 5))
def _sweeps(tensors: Any, table: Any, weights: Any, sweeps: int, rate: float, updates: int) -> Any:
    def one(tensors: Any, _: Any) -> Any:
        return born_sweep(tensors, table, weights, rate=rate, updates=updates)

    tensors, losses = jax.lax.scan(one, tensors, None, sweeps)
    return losses, tensors


def weighted(bits: Any) -> tuple[np.ndarray, np.ndarray]:
    """The distinct strings of a data set, uint8 ``(k, n)``, and their shares ``(k,)``.

    Raises:
        DataError: not a table of zeros and ones with at least two columns.
    """
    table = np.asarray(bits)
    if table.ndim != 2 or table.shape[1] < 2 or not len(table) or not np.isin(table, (0, 1)).all():
        raise DataError(
            "bits must be a table of zeros and ones, one row for each string",
            expected="shape (k, n) with n of at least 2",
            got=f"shape {table.shape}",
        )
    distinct, counts = np.unique(table.astype(np.uint8), axis=0, return_counts=True)
    return distinct, counts / counts.sum()


def initial_tensors(key: Any, n: int, chi: int) -> Any:
    """Nonnegative random tensors, right-canonical: every string is about as likely as any other."""
    tensors = jax.random.uniform(key, (n, chi, 2, chi), minval=0.5, maxval=1.5)
    return mps.canonical(tensors)


def born_sweep(tensors: Any, bits: Any, weights: Any, *, rate: float | int, updates: int) -> Any:
    """There and back once.

    Args:
        tensors: real, right-canonical with their centre at site 0, ``(n, chi, 2, chi)``.
        bits: distinct strings, ``(k, n)``.
        weights: their shares, ``(k,)``.
        rate, updates: as of `train_born_machine`.

    Returns:
        Tensors of the same form, and the negative log-likelihood in nats.
    """
    chi = tensors.shape[1]
    weights = weights.astype(tensors.dtype)
    # The data's rows are rescaled at every site: only their directions matter.
    start = jnp.zeros((len(bits), chi), tensors.dtype).at[:, 0].set(1)
    rights = _right_rows(tensors, bits)[0]
    step = partial(_improved, weights=weights, rate=rate, updates=updates)
    columns = jnp.asarray(bits).T

    def forward(carry: Any, given: Any) -> Any:
        left, centre = carry
        b, right, here, there = given
        theta = step(join(centre, b), left, right, here, there)
        a, centre, _ = cut(theta, chi, True)
        return (_unit(_chosen_left(a, left, here))[0], centre), (a, left)

    given = (tensors[1:], rights[1:], columns[:-1], columns[1:])
    (_, centre), (isometries, lefts) = jax.lax.scan(forward, (start, tensors[0]), given)

    def backward(carry: Any, given: Any) -> Any:
        right, centre = carry
        a, left, here, there = given
        theta = step(join(a, centre), left, right, here, there)
        centre, b, _ = cut(theta, chi, False)
        return (_unit(_chosen(b, right, there))[0], centre), b

    given = (isometries, lefts, columns[:-1], columns[1:])
    (_, first), rest = jax.lax.scan(backward, (start, centre), given, reverse=True)
    tensors = jnp.concatenate([first[None], rest])
    return tensors, negative_log_likelihood(MatrixProductState(tensors), bits, weights)


def _improved(
    theta: Any,
    left: Any,
    right: Any,
    here: Any,
    there: Any,
    *,
    weights: Any,
    rate: float | int,
    updates: int,
) -> Any:
    """The joint tensor of two sites after some updates, of norm one."""
    shape = theta.shape
    which = (2 * here + there)[:, None] == jnp.arange(4, dtype=here.dtype)[None, :]
    outer = (left[:, :, None] * which[:, None, :].astype(left.dtype)).reshape(len(left), -1)

    def one(theta: Any, _: Any) -> Any:
        amplitude = jnp.sum(jnp.matmul(outer, theta) * right, axis=1)
        # An amplitude of zero has no direction to grow in; a tiny one must not outweigh the rest.
        floor = 1e-3 * jnp.sqrt(weights) * jnp.linalg.norm(outer, axis=1)
        size = jnp.maximum(jnp.abs(amplitude), floor)
        ratio = weights / jnp.where(amplitude < 0, -size, size)
        aim = jnp.matmul((outer * ratio[:, None]).T, right)
        theta = theta + jnp.asarray(rate, theta.dtype) * (aim - theta)
        return theta / jnp.linalg.norm(theta), None

    theta = theta.reshape(-1, shape[3])
    return jax.lax.scan(one, theta / jnp.linalg.norm(theta), None, updates)[0].reshape(shape)


def _right_rows(tensors: Any, bits: Any) -> tuple[Any, Any]:
    """What the data's bits make of everything right of each site, as rows of norm one
    ``(n, k, chi)``; and the logarithm of the squared scales that were divided out, ``(k,)``."""
    chi = tensors.shape[1]
    start = jnp.zeros((len(bits), chi), tensors.dtype).at[:, 0].set(1)

    def one(carry: Any, given: Any) -> Any:
        rows, scale = carry
        a, b = given
        new, log = _unit(_chosen(a, rows, b))
        return (new, scale + 2 * log), rows

    zero = jnp.zeros(len(bits), jnp.finfo(tensors.dtype).dtype)
    (first, scale), before = jax.lax.scan(
        one, (start, zero), (tensors[1:], jnp.asarray(bits).T[1:]), reverse=True
    )
    return jnp.concatenate([first[None], before]), scale


def _chosen(a: Any, rows: Any, bit: Any) -> Any:
    """``a[:, bit, :] rows`` for every string, ``(k, chi)``."""
    both = einsum("lsr,kr->ksl", a, rows)
    return jnp.where(bit[:, None] == 1, both[:, 1], both[:, 0])


def _chosen_left(a: Any, rows: Any, bit: Any) -> Any:
    both = einsum("kl,lsr->ksr", rows, a)
    return jnp.where(bit[:, None] == 1, both[:, 1], both[:, 0])


def _unit(rows: Any) -> tuple[Any, Any]:
    """Rows of norm one and the logarithms of their norms; rows of zeros stay."""
    square = jnp.sum(jnp.real(rows) ** 2 + jnp.imag(rows) ** 2, axis=1)
    some = square > 0
    safe = jnp.where(some, square, 1)
    scaled = rows / jnp.sqrt(safe).astype(rows.dtype)[:, None]
    return scaled, jnp.where(some, 0.5 * jnp.log(safe), -jnp.inf)


def _log_size(values: Any) -> Any:
    square = jnp.real(values) ** 2 + jnp.imag(values) ** 2
    some = square > 0
    return jnp.where(some, 0.5 * jnp.log(jnp.where(some, square, 1)), -jnp.inf)


def _log_norm(tensors: Any) -> Any:
    """``ln <psi|psi>``."""
    chi = tensors.shape[1]

    def one(carry: Any, a: Any) -> Any:
        env, log = carry
        env = mps.step(env, a, a)
        size = jnp.real(jnp.trace(env))
        return (env / size.astype(env.dtype), log + jnp.log(size)), None

    start = (mps.first(chi, chi, tensors.dtype), jnp.zeros((), jnp.finfo(tensors.dtype).dtype))
    (env, log), _ = jax.lax.scan(one, start, tensors)
    return log + jnp.log(jnp.real(env[0, 0]))
