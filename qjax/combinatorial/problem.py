"""A problem over bits: a quadratic objective to minimise, and linear constraints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CapacityError, DataError
from ..pauli import PauliSum

MOST_BITS = 28  # of which all values fit into memory


@dataclass(frozen=True)
class BinaryProblem:
    """Minimise ``x Q x + offset`` over bits x, subject to ``A x = b`` and ``G x <= h``.

    Since ``x * x = x``, linear terms stand on the diagonal of Q. A problem that maximises is stored
    with its sign turned: see ``sense``.

    Args:
        quadratic: Q, ``(n, n)``, real; only ``Q + Q.T`` matters.
        offset: a constant.
        equal: ``(A, b)`` of shapes ``(rows, n)`` and ``(rows,)``.
        at_most: ``(G, h)``, in the same way.
        name: what it is.
        sense: 1, or -1 where the value in the problem's own words is minus the objective.

    Raises:
        DataError: arrays of other shapes, or not finite.

    Example:
        >>> import numpy as np
        >>> from qjax.combinatorial import BinaryProblem
        >>> BinaryProblem(np.array([[1.0, -3.0], [0.0, 1.0]])).value([1, 1])
        -1.0
    """

    quadratic: Any
    offset: float | int = 0.0
    equal: tuple[Any, Any] | None = None
    at_most: tuple[Any, Any] | None = None
    name: str = ""
    sense: int = 1

    def __post_init__(self) -> None:
        q = _finite(self.quadratic, "quadratic")
        if q.ndim != 2 or q.shape[0] != q.shape[1] or not q.size:
            raise DataError(
                "BinaryProblem: quadratic must be a square matrix", got=f"shape {q.shape}"
            )
        upper = np.triu(q + q.T, 1) + np.diag(np.diag(q))
        object.__setattr__(self, "quadratic", upper)
        object.__setattr__(self, "offset", float(self.offset))
        for label in ("equal", "at_most"):
            pair = getattr(self, label)
            if pair is None:
                continue
            rows, right = _finite(pair[0], label), _finite(pair[1], label)
            if rows.ndim != 2 or rows.shape[1] != len(q) or right.shape != rows.shape[:1]:
                raise DataError(
                    f"BinaryProblem: {label} must be (matrix, vector)",
                    expected=f"shapes (rows, {len(q)}) and (rows,)",
                    got=f"{rows.shape} and {right.shape}",
                )
            object.__setattr__(self, label, (rows, right))

    @property
    def n(self) -> int:
        """How many bits."""
        return len(self.quadratic)

    def value(self, bits: Any) -> Any:
        """The objective of bits ``(..., n)``: a float, or an array of shape ``(...)``."""
        x = _bits(bits, self.n)
        out = np.einsum("...i,ij,...j->...", x, self.quadratic, x, optimize=True) + self.offset
        return float(out) if out.ndim == 0 else out

    def feasible(self, bits: Any, tolerance: float = 1e-9) -> Any:
        """Whether bits ``(..., n)`` meet every constraint: a bool, or an array of them."""
        x = _bits(bits, self.n)
        out = np.ones(x.shape[:-1], bool)
        if self.equal is not None:
            out &= np.all(np.abs(x @ self.equal[0].T - self.equal[1]) <= tolerance, axis=-1)
        if self.at_most is not None:
            out &= np.all(x @ self.at_most[0].T - self.at_most[1] <= tolerance, axis=-1)
        return bool(out) if out.ndim == 0 else out

    @property
    def constrained(self) -> bool:
        """Whether there are constraints."""
        return self.equal is not None or self.at_most is not None

    def ising(self) -> tuple[np.ndarray, np.ndarray, float]:
        """``(J, h, constant)`` of ``sum_(i<j) J_ij s_i s_j + sum_i h_i s_i + constant``.

        Here ``s = 1 - 2 x``, the eigenvalue of Z.
        """
        strict = np.triu(self.quadratic, 1)
        linear = np.diag(self.quadratic)
        h = -linear / 2 - (strict.sum(0) + strict.sum(1)) / 4
        return strict / 4, h, self.offset + linear.sum() / 2 + strict.sum() / 4

    def hamiltonian(self) -> PauliSum:
        """The objective as a diagonal `PauliSum`; constraints are not in it."""
        J, h, constant = self.ising()
        pairs = list(zip(*np.nonzero(J), strict=True))
        words = [((int(i), "Z"), (int(j), "Z")) for i, j in pairs]
        coeffs = [J[i, j] for i, j in pairs]
        fields = np.flatnonzero(h).tolist()
        words += [((i, "Z"),) for i in fields]
        return PauliSum([*words, ()], np.array([*coeffs, *h[fields], constant]))

    def energies(self) -> np.ndarray:
        """The objective of all bit strings, ``(2**n,)`` float64; bit 0 is the most significant.

        Raises:
            CapacityError: more than 28 bits.
        """
        if self.n > MOST_BITS:
            raise CapacityError(
                "energies: all values of so many bits do not fit",
                expected=f"at most {MOST_BITS} bits",
                got=self.n,
            )
        # Bit by bit from the last: what bit k adds is linear in the bits after it.
        q, out = self.quadratic, np.array([self.offset])
        shifts = np.zeros((self.n, 1))  # of every earlier bit, by the bits so far
        for k in reversed(range(self.n)):
            out = np.concatenate([out, out + q[k, k] + shifts[k]])
            if k:
                shifts = np.concatenate([shifts[:k], shifts[:k] + q[:k, k : k + 1]], axis=1)
        return out


def all_bits(n: int) -> np.ndarray:
    """Every bit string, ``(2**n, n)`` uint8, in the order of `BinaryProblem.energies`."""
    return ((np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1).astype(np.uint8)


def _bits(bits: Any, n: int) -> np.ndarray:
    x = np.asarray([int(b) for b in bits] if isinstance(bits, str) else bits, float)
    if x.shape[-1:] != (n,) or not np.all((x == 0) | (x == 1)):
        raise DataError(
            "bits must be zeros and ones", expected=f"shape (..., {n})", got=f"shape {x.shape}"
        )
    return x


def _finite(value: Any, label: str) -> np.ndarray:
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        array = np.asarray(np.nan)
    if not np.all(np.isfinite(array)):
        raise DataError(f"BinaryProblem: {label} must be finite real numbers")
    return array
