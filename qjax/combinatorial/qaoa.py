"""The quantum approximate optimisation algorithm on the values of all bit strings.

Each layer is one multiplication by the phases of the costs and one turn of all qubits. Turned by a
quarter about Z, ``exp(-i beta X)`` is real, and the quarter turns of neighbouring layers cancel:
between the first layer and the last only real matrices act, on real and imaginary part apart. A
problem that does not change when all bits are flipped, as every cut, needs half the amplitudes.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..errors import DataError, ParameterError
from .objective import cvar
from .problem import BinaryProblem

GROUP = 5  # qubits that one matrix turns

Pair = tuple[Array, Array]


def qaoa_energy(
    problem: Any,
    gammas: Any,
    betas: Any,
    *,
    start: Any = None,
    alpha: float = 1.0,
    even: bool | None = None,
    dtype: Any = None,
) -> Float[Array, ""]:
    """The mean of the objective, or its CVaR, after QAOA layers from ``|+...+>``.

    Args:
        problem: a `BinaryProblem` (its constraints are ignored), or the values of all bit
            strings, ``(2**n,)``, which may be traced.
        gammas: times of the cost, ``(layers,)``; multi-angle: ``(layers, words)``, one for each
            word of ``problem.hamiltonian()`` but the identity.
        betas: times of the mixer in radians, ``(layers,)``; multi-angle: ``(layers, n)``.
        start: probabilities of a 1 at the start, ``(n,)``, as from a relaxed problem: the state is
            their product, and the mixer turns about it. Default one half.
        alpha: the share of the best outcomes that counts, see `cvar`; 1 is the mean.
        even: whether flipping all bits changes no value, as of every cut; half the amplitudes are
            then enough. Default: it is looked up, and False for traced values.
        dtype: real dtype of the state; default that of JAX.

    Returns:
        A real scalar, differentiable in gammas, betas, start and values.

    Raises:
        ParameterError: angles of the wrong shape, multi-angle costs without their words.
        DataError: values that are not one for each bit string.

    Source: Farhi, Goldstone and Gutmann, arXiv:1411.4028; Herrman et al., arXiv:2109.11455, for
    many angles; Egger, Marecek and Woerner, arXiv:2009.10095, for the warm start.

    Example:
        >>> from qjax.combinatorial import maxcut_problem, qaoa_energy, regular_graph_angles
        >>> gamma, beta = regular_graph_angles(2)
        >>> ring = maxcut_problem([(k, (k + 1) % 6) for k in range(6)])
        >>> round(float(qaoa_energy(ring, [gamma], [beta])), 4)
        -4.5
    """
    plan = _Plan(problem, gammas, betas, start, dtype, even)
    re, im = plan.run()
    return cvar(re**2 + im**2, plan.values, alpha) if alpha != 1 else plan.mean(re, im)


def qaoa_state(
    problem: Any, gammas: Any, betas: Any, *, start: Any = None, dtype: Any = None
) -> Complex[Array, " amplitudes"]:
    """The state after QAOA layers, ``(2**n,)``: the same as of `qjax.templates.qaoa`.

    Arguments and errors as for `qaoa_energy`.

    Example:
        >>> from qjax.combinatorial import maxcut_problem, qaoa_state
        >>> abs(qaoa_state(maxcut_problem([(0, 1)]), [0.7], [0.0])).round(2).tolist()
        [0.5, 0.5, 0.5, 0.5]
    """
    plan = _Plan(problem, gammas, betas, start, dtype, even=False)
    re, im = plan.run()
    state = jax.lax.complex(re, im)
    if start is not None:
        return state
    quarter = np.exp(0.25j * np.pi * (plan.n - 2 * _weights(plan.n)))
    return state * jnp.asarray(quarter, state.dtype)


class _Plan:
    """Static facts, and arrays in one dtype."""

    def __init__(
        self, problem: Any, gammas: Any, betas: Any, start: Any, dtype: Any, even: bool | None
    ) -> None:
        self.dtype = jnp.zeros(()).dtype if dtype is None else np.dtype(dtype)
        if isinstance(problem, BinaryProblem):
            values, flips = problem.energies(), not np.any(problem.ising()[1])
        else:
            values = problem if isinstance(problem, jax.Array) else np.asarray(problem, float)
            flips = isinstance(values, np.ndarray) and np.array_equal(values, values[::-1])
        self.n = int(values.size).bit_length() - 1
        if values.ndim != 1 or values.size != 2**self.n or self.n < 1:
            raise DataError(
                "qaoa: problem must give one value for each bit string",
                expected="a BinaryProblem, or values of shape (2**n,)",
                got=f"shape {values.shape}",
            )
        self.gammas, self.betas = (jnp.asarray(x).astype(self.dtype) for x in (gammas, betas))
        layers = self.gammas.shape[:1]
        self.phases = None  # words over half-registers, for many angles
        if self.gammas.ndim == 2 and isinstance(problem, BinaryProblem):
            self.phases = _words(problem)
            wanted = [(*layers, self.phases[0].shape[1])]
        else:
            wanted = [layers]
        if self.gammas.shape not in wanted or len(layers) != 1:
            raise ParameterError(
                "qaoa: gammas of the wrong shape",
                expected="(layers,), or (layers, words) with a BinaryProblem",
                got=self.gammas.shape,
            )
        if self.betas.shape not in (layers, (*layers, self.n)):
            raise ParameterError(
                "qaoa: betas of the wrong shape",
                expected=f"{layers} or {(*layers, self.n)}",
                got=self.betas.shape,
            )
        self.start = None if start is None else jnp.asarray(start).astype(self.dtype)
        if self.start is not None and self.start.shape != (self.n,):
            raise ParameterError(
                "qaoa: start needs one probability for each bit",
                expected=(self.n,),
                got=self.start.shape,
            )
        self.even = (flips if even is None else even) and self.start is None and self.n > 1
        half = values.size // 2 if self.even else values.size
        self.bits = self.n - self.even
        self.values = jnp.asarray(values[:half]).astype(self.dtype)

    def mean(self, re: Array, im: Array) -> Array:
        return jnp.sum((re * re + im * im) * self.values)

    def run(self) -> Pair:
        turns = self.betas
        if turns.ndim == 1:
            turns = jnp.broadcast_to(turns[:, None], (*turns.shape, self.n))
        mix = self._mixer if self.start is None else self._warm_mixer

        def layer(pair: Pair, angles: Any) -> tuple[Pair, None]:
            gamma, beta = angles
            phase = gamma * self.values if self.phases is None else self._phase(gamma)
            c, s = jnp.cos(phase), jnp.sin(phase)
            re, im = pair
            return mix((re * c + im * s, im * c - re * s), beta), None

        return jax.lax.scan(layer, self._begin(), (self.gammas, turns))[0]

    def _begin(self) -> Pair:
        if self.start is None:
            size = 2**self.bits
            turn = np.exp(-0.25j * np.pi * (self.n - 2 * _weights(self.bits))) / np.sqrt(size)
            return jnp.asarray(turn.real, self.dtype), jnp.asarray(turn.imag, self.dtype)
        out = jnp.ones(1, self.dtype)
        for p in jnp.clip(self.start, 0, 1):
            out = jnp.outer(out, jnp.stack([jnp.sqrt(1 - p), jnp.sqrt(p)])).reshape(-1)
        return out, jnp.zeros_like(out)

    def _phase(self, gamma: Array) -> Array:
        left, right = self.phases  # pyright: ignore[reportGeneralTypeIssues]
        a, b = jnp.asarray(left, self.dtype), jnp.asarray(right, self.dtype)
        out = jnp.matmul(a * gamma[None], b, precision="highest").reshape(-1)
        return out[: self.values.size]

    def _mixer(self, pair: Pair, beta: Array) -> Pair:
        re, im = pair
        if self.even:  # the first qubit: its other value is the flip of all the others
            odd = (self.n - 1 - _weights(self.bits)) % 2
            sign = jnp.asarray(1 - 2.0 * odd, self.dtype)
            flips = (sign * re[::-1], sign * im[::-1])
            for _ in range(self.n % 4):
                flips = (-flips[1], flips[0])
            c, s = jnp.cos(beta[0]), jnp.sin(beta[0])
            re, im = c * re - s * flips[0], c * im - s * flips[1]
            beta = beta[1:]
        c, s = jnp.cos(beta), jnp.sin(beta)
        single = jnp.stack([jnp.stack([c, -s], -1), jnp.stack([s, c], -1)], -2)
        for matrix in _matrices(single):
            re, im = _turn(re, matrix), _turn(im, matrix)
        return re, im

    def _warm_mixer(self, pair: Pair, beta: Array) -> Pair:
        # exp(-i beta A), where A has the start as its eigenvector of +1
        p = jnp.clip(self.start, 0, 1)  # pyright: ignore[reportArgumentType,reportCallIssue]
        z, x = 1 - 2 * p, 2 * jnp.sqrt(p * (1 - p))
        axis = jnp.stack([jnp.stack([z, x], -1), jnp.stack([x, -z], -1)], -2)
        eye = jnp.eye(2, dtype=self.dtype)[None]
        c, s = jnp.cos(beta)[:, None, None], jnp.sin(beta)[:, None, None]
        single = jax.lax.complex(c * eye, -s * axis)
        state = jax.lax.complex(*pair)
        for matrix in _matrices(single):
            state = _turn(state, matrix)
        return state.real, state.imag


def _matrices(single: Array) -> list[Array]:
    """Products of the matrices of neighbouring qubits, ``(n, 2, 2)``, groups of equal size."""
    n = single.shape[0]
    count = -(-n // GROUP)
    out, first = [], 0
    for k in range(count):
        size = n // count + (k < n % count)
        matrix = single[first]
        for q in range(first + 1, first + size):
            d = 2 * matrix.shape[0]
            matrix = (matrix[:, None, :, None] * single[q][None, :, None, :]).reshape(d, d)
        out.append(matrix)
        first += size
    return out


def _turn(x: Array, matrix: Array) -> Array:
    """The matrix on the leading qubits, which then come last: all groups in turn restore order."""
    d = matrix.shape[0]
    out = jax.lax.dot_general(
        x.reshape(d, -1), matrix, (((0,), (1,)), ((), ())), precision=jax.lax.Precision.HIGHEST
    )
    return out.reshape(-1)


def _weights(n: int) -> np.ndarray:
    return np.bitwise_count(np.arange(2**n, dtype=np.uint32)).astype(int)


def _words(problem: BinaryProblem) -> tuple[np.ndarray, np.ndarray]:
    """Every word with its coefficient, as a product of signs over two half-registers."""
    total, n = problem.hamiltonian(), problem.n
    half = n // 2
    left = (np.arange(2**half)[:, None] >> np.arange(half - 1, -1, -1)) & 1
    right = (np.arange(2 ** (n - half))[:, None] >> np.arange(n - half - 1, -1, -1)) & 1
    a, b = [], []
    for word, c in zip(total.words, total.coeffs, strict=True):
        if word:
            first = [q for q, _ in word if q < half]
            second = [q - half for q, _ in word if q >= half]
            a.append(c * (1 - 2.0 * (left[:, first].sum(1) % 2)))
            b.append(1 - 2.0 * (right[:, second].sum(1) % 2))
    return np.stack(a, 1), np.stack(b)
