"""The quantum approximate optimisation algorithm on the values of all bit strings.

Each layer is one multiplication by the phases of the costs and one turn of all qubits. Turned by a
quarter about Z, ``exp(-i beta X)`` is real, and the quarter turns of neighbouring layers cancel:
between the first layer and the last only real matrices act, on real and imaginary part apart. A
problem that does not change when all bits are flipped, as every cut, needs half the amplitudes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..errors import DataError, ParameterError, UnsupportedError
from ..gradients import Adjoint, Backprop
from ..simulators.kernels import apply_matrix, complex_pair, gram, partition
from .objective import cvar
from .problem import BinaryProblem

GROUP = 5  # qubits that one matrix turns
FEW = 16  # amplitudes for each different value, from which on phases are looked up
BACKPROP = Backprop()

Pair = tuple[Array, Array]


def qaoa_energy(
    problem: Any,
    gammas: Any,
    betas: Any,
    *,
    start: Any = None,
    alpha: float = 1.0,
    even: bool | None = None,
    gradient: Backprop | Adjoint = BACKPROP,
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
        gradient: `qjax.Adjoint()` undoes the layers instead of storing them: faster, in reverse
            mode only.
        dtype: real dtype of the state; default that of JAX.

    Returns:
        A real scalar, differentiable in gammas, betas, start and values.

    Raises:
        ParameterError: angles of the wrong shape, multi-angle costs without their words.
        DataError: values that are not one for each bit string.
        UnsupportedError: `Adjoint` of a warm start.

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
    re, im = plan.run(gradient)
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
            J, h, _ = problem.ising()
            values = problem.energies()
            flips = bool(np.abs(h).max() <= 1e-12 * (np.abs(J).max() + np.abs(h).max()))
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
        self.levels = None  # few values, as every cut has, and which of them each amplitude has
        if self.phases is None and isinstance(values, np.ndarray):
            levels, which = np.unique(values[:half], return_inverse=True)
            if FEW * len(levels) <= half:
                self.levels = (levels, which.astype(np.int32))

    def mean(self, re: Array, im: Array) -> Array:
        return jnp.sum((re * re + im * im) * self.values)

    def run(self, gradient: Backprop | Adjoint = BACKPROP) -> Pair:
        turns = self.betas
        if turns.ndim == 1:
            turns = jnp.broadcast_to(turns[:, None], (*turns.shape, self.n))
        if isinstance(gradient, Adjoint):
            if self.start is not None:
                raise UnsupportedError(
                    "qaoa_energy: Adjoint does not know the mixer of a warm start",
                    fix="use gradient=qjax.Backprop()",
                )
            return self._reversible(self.gammas, turns, self.values)
        return self._layers(self.gammas, turns, self.values)

    def _layers(self, gammas: Array, turns: Array, values: Array) -> Pair:
        mix = self._mixer if self.start is None else self._warm_mixer

        def layer(pair: Pair, angles: Any) -> tuple[Pair, None]:
            gamma, beta = angles
            c, s = self._cos_and_sin(gamma, values)
            re, im = pair
            return mix((re * c + im * s, im * c - re * s), beta), None

        return jax.lax.scan(layer, self._begin(), (gammas, turns))[0]

    def _reversible(self, *arguments: Array) -> Pair:
        """The layers, undone on the way back in the place of being stored."""
        call = jax.custom_vjp(self._layers)

        def forward(*arguments: Array) -> Any:
            pair = self._layers(*arguments)
            return pair, (arguments, pair)

        def backward(saved: Any, bar: Pair) -> Any:
            (gammas, turns, values), pair = saved

            def undo(carry: Any, angles: Any) -> Any:
                pair, bar, total = carry
                gamma, beta = angles
                pair, bar, turn = self._unmix(pair, bar, beta)
                _, pull = jax.vjp(self._phase, gamma, values)
                c, s = self._cos_and_sin(gamma, values)
                slope, more = pull(bar[0] * pair[1] - bar[1] * pair[0])
                pair, bar = ((re * c - im * s, im * c + re * s) for re, im in (pair, bar))
                return (pair, bar, total + more), (slope, turn)

            start = (pair, bar, jnp.zeros_like(values))
            (_, _, total), slopes = jax.lax.scan(undo, start, (gammas, turns), reverse=True)
            return (*slopes, total)

        call.defvjp(forward, backward)
        return call(*arguments)

    def _begin(self) -> Pair:
        if self.start is None:
            size = 2**self.bits
            turn = np.exp(-0.25j * np.pi * (self.n - 2 * _weights(self.bits))) / np.sqrt(size)
            return jnp.asarray(turn.real, self.dtype), jnp.asarray(turn.imag, self.dtype)
        out = jnp.ones(1, self.dtype)
        for p in jnp.clip(self.start, 0, 1):
            out = jnp.outer(out, jnp.stack([jnp.sqrt(1 - p), jnp.sqrt(p)])).reshape(-1)
        return out, jnp.zeros_like(out)

    def _phase(self, gamma: Array, values: Array) -> Array:
        if self.phases is None:
            return gamma * values
        a, b = (jnp.asarray(x, self.dtype) for x in self.phases)
        out = jnp.matmul(a * gamma[None], b, precision="highest").reshape(-1)
        return out[: values.size]

    def _cos_and_sin(self, gamma: Array, values: Array) -> Pair:
        """Of the phases of a layer: they cost more than its turns unless they are looked up."""
        if self.levels is None:
            phase = self._phase(gamma, values)
            return jnp.cos(phase), jnp.sin(phase)
        levels, which = self.levels

        @jax.custom_jvp
        def looked_up(gamma: Array, values: Array) -> Pair:
            angles = gamma * jnp.asarray(levels, gamma.dtype)
            both = jnp.stack([jnp.cos(angles), jnp.sin(angles)], 1)
            # A product with the identity, into which XLA fuses nothing: it would else compute the
            # sines anew for every amplitude.
            both = jnp.matmul(jnp.eye(len(levels), dtype=both.dtype), both, precision="highest")
            index = jnp.asarray(which)
            c, s = (both[:, k].at[index].get(mode="promise_in_bounds") for k in (0, 1))
            return c, s

        @looked_up.defjvp
        def _(primals: Any, tangents: Any) -> Any:
            c, s = looked_up(*primals)
            # the transpose of this is a sum, where that of a look-up would scatter
            turn = tangents[0] * primals[1] + primals[0] * tangents[1]
            return (c, s), (-s * turn, c * turn)

        return looked_up(gamma, values)

    def _flipped(self, pair: Pair) -> Pair:
        """The amplitudes where the first qubit, which is left out, has its other value."""
        odd = (self.n - 1 - _weights(self.bits)) % 2
        sign = jnp.asarray(1 - 2.0 * odd, self.dtype)
        re, im = sign * pair[0][::-1], sign * pair[1][::-1]
        for _ in range(self.n % 4):
            re, im = -im, re
        return re, im

    def _turned(self, pair: Pair, c: Array, s: Array) -> Pair:
        """The first qubit, which is left out, turned."""
        other = self._flipped(pair)
        return c * pair[0] - s * other[0], c * pair[1] - s * other[1]

    def _turns(self, beta: Array) -> list[Array]:
        c, s = jnp.cos(beta[self.even :]), jnp.sin(beta[self.even :])
        single = jnp.stack([jnp.stack([c, -s], -1), jnp.stack([s, c], -1)], -2)
        return _matrices(single, partition(self.bits, GROUP))

    def _mixer(self, pair: Pair, beta: Array) -> Pair:
        if self.even:
            pair = self._turned(pair, jnp.cos(beta[0]), jnp.sin(beta[0]))
        for matrix, qubits in zip(self._turns(beta), partition(self.bits, GROUP), strict=True):
            pair = apply_matrix(pair, (matrix, None), qubits, self.bits)
        return pair

    def _unmix(self, pair: Pair, bar: Pair, beta: Array) -> tuple[Pair, Pair, Array]:
        """State and cotangent before the mixer, and the slopes of its angles."""
        matrices, pull = jax.vjp(self._turns, beta)
        slopes = []
        windows = partition(self.bits, GROUP)
        for matrix, qubits in zip(matrices[::-1], windows[::-1], strict=True):
            back = (matrix.T, None)
            pair = apply_matrix(pair, back, qubits, self.bits)
            slopes.append(gram(bar, pair, qubits, self.bits)[0])
            bar = apply_matrix(bar, back, qubits, self.bits)
        (slope,) = pull(slopes[::-1])
        if self.even:
            c, s = jnp.cos(beta[0]), jnp.sin(beta[0])
            pair, bar = self._turned(pair, c, -s), self._turned(bar, c, -s)
            other = self._flipped(pair)
            slope = slope.at[0].add(-jnp.sum(bar[0] * other[0] + bar[1] * other[1]))
        return pair, bar, slope

    def _warm_mixer(self, pair: Pair, beta: Array) -> Pair:
        # exp(-i beta A), where A has the start as its eigenvector of +1
        p = jnp.clip(self.start, 0, 1)  # pyright: ignore[reportArgumentType,reportCallIssue]
        z, x = 1 - 2 * p, 2 * jnp.sqrt(p * (1 - p))
        axis = jnp.stack([jnp.stack([z, x], -1), jnp.stack([x, -z], -1)], -2)
        eye = jnp.eye(2, dtype=self.dtype)[None]
        c, s = jnp.cos(beta)[:, None, None], jnp.sin(beta)[:, None, None]
        single = jax.lax.complex(c * eye, -s * axis)
        windows = partition(self.bits, GROUP)
        for matrix, qubits in zip(_matrices(single, windows), windows, strict=True):
            pair = apply_matrix(pair, complex_pair(matrix), qubits, self.bits)
        return pair


def _matrices(single: Array, windows: Sequence[tuple[int, ...]]) -> list[Array]:
    """Products of the matrices of neighbouring qubits, ``(n, 2, 2)``, one for each window."""
    out = []
    for qubits in windows:
        matrix = single[qubits[0]]
        for q in qubits[1:]:
            d = 2 * matrix.shape[0]
            matrix = (matrix[:, None, :, None] * single[q][None, :, None, :]).reshape(d, d)
        out.append(matrix)
    return out


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
