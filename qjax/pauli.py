"""Pauli words and the algebra of their sums. No simulation lives here."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .errors import ObservableError, QubitError

Word = tuple[tuple[int, str], ...]
"""A Pauli word: ``((qubit, letter), ...)``, qubits ascending, letters ``X Y Z``; ``()`` is I."""

# (a, b) -> (phase exponent p, c) with a b = i**p c
_PRODUCT = {
    ("X", "Y"): (1, "Z"),
    ("Y", "Z"): (1, "X"),
    ("Z", "X"): (1, "Y"),
    ("Y", "X"): (3, "Z"),
    ("Z", "Y"): (3, "X"),
    ("X", "Z"): (3, "Y"),
}


def make_word(letters: str, qubits: Iterable[int] | None = None) -> Word:
    """The word with ``letters[k]`` on ``qubits[k]`` (on qubit ``k`` when qubits are not given).

    Raises:
        ObservableError: a letter other than ``I X Y Z``, or a length that does not match.
        QubitError: a negative or repeated qubit.
    """
    if not isinstance(letters, str) or any(c not in "IXYZ" for c in letters):
        raise ObservableError(
            "a Pauli word has letters I, X, Y and Z only",
            expected='a string such as "XIZ"',
            got=repr(letters),
        )
    places = tuple(range(len(letters))) if qubits is None else tuple(qubits)
    if len(places) != len(letters):
        raise ObservableError(
            "a Pauli word needs one qubit per letter",
            expected=f"{len(letters)} qubits for {letters!r}",
            got=places,
        )
    for q in places:
        if isinstance(q, bool) or not isinstance(q, numbers.Integral) or q < 0:
            raise QubitError("a qubit is a non-negative integer", got=repr(q))
    if len(set(places)) != len(places):
        raise QubitError("a Pauli word names each qubit once", got=places)
    return tuple(sorted((int(q), c) for q, c in zip(places, letters, strict=True) if c != "I"))


def multiply_words(a: Word, b: Word) -> tuple[int, Word]:
    """``(p, c)`` with ``a b = i**p c``."""
    out, power = dict(a), 0
    for q, letter in b:
        mine = out.get(q)
        if mine is None:
            out[q] = letter
        elif mine == letter:
            del out[q]
        else:
            p, out[q] = _PRODUCT[mine, letter]
            power += p
    return power % 4, tuple(sorted(out.items()))


def word_masks(word: Word, n: int) -> tuple[int, int, int]:
    """``(x, z, y_count)``: which index bits the word flips, which it signs, how many Ys it has.

    Qubit 0 is the most significant of ``n`` bits.
    """
    x = sum(1 << (n - 1 - q) for q, c in word if c in "XY")
    z = sum(1 << (n - 1 - q) for q, c in word if c in "YZ")
    return x, z, sum(c == "Y" for _, c in word)


def _as_word(word: Any) -> Word:
    """A word in its one form: qubits ascending, no I, so that equal words compare equal."""
    try:
        pairs = [(q, letter) for q, letter in word]
        return make_word("".join(letter for _, letter in pairs), [q for q, _ in pairs])
    except (TypeError, ValueError) as error:
        if isinstance(error, QubitError | ObservableError):
            raise
        raise ObservableError(
            "a Pauli word is ((qubit, letter), ...)",
            got=repr(word),
            fix="build sums from X(0) @ Z(1), or with PauliSum.from_terms",
        ) from None


def _is_scalar(value: Any) -> bool:
    return isinstance(value, numbers.Number) or (
        isinstance(value, (np.generic, np.ndarray, jax.Array)) and np.ndim(value) == 0
    )


def _concrete(value: Any) -> bool:
    return not isinstance(value, jax.Array)


def _result_type(a: Any, b: Any) -> Any:
    """The dtype that holds both, also where JAX is told to promote strictly."""
    return jax.dtypes.canonicalize_dtype(np.result_type(a.dtype, b.dtype))


@jax.tree_util.register_pytree_with_keys_class
class PauliSum:
    """A weighted sum of Pauli words, ``sum_k coeffs[k] * words[k]``.

    Built from ``X(0) @ Z(1)``, sums and products with numbers, or by `from_terms`. The words are
    static structure, the coefficients are one array leaf, so a Hamiltonian may be traced,
    differentiated with respect to its coefficients, and batched.

    Args:
        words: Pauli words, each ``((qubit, letter), ...)``.
        coeffs: their coefficients, shape ``(len(words),)``, real (complex ones are allowed in
            intermediate products, but are refused by `expval`).

    Raises:
        ObservableError: as many coefficients as words are needed, all of them finite.

    Example:
        >>> import qjax as qj
        >>> 0.5 * qj.X(0) @ qj.X(1) - qj.Z(0)
        PauliSum(0.5 X0 X1 - 1.0 Z0)
    """

    __array_ufunc__ = None  # numpy scalars on the left must defer to __rmul__

    def __init__(self, words: Iterable[Word], coeffs: Any) -> None:
        words = tuple(_as_word(w) for w in words)
        if _concrete(coeffs):
            coeffs = np.asarray(coeffs)
            if coeffs.dtype.kind not in "iufc":
                raise ObservableError(
                    "coeffs must be numbers",
                    got=coeffs.tolist(),
                    fix="a term is a Pauli word and its coefficient, as in {'XX': 0.5}",
                )
            if coeffs.dtype.kind not in "fc":
                coeffs = coeffs.astype(np.float64)
            if not np.all(np.isfinite(coeffs)):
                raise ObservableError("coeffs must be finite numbers", got=coeffs)
        if np.shape(coeffs) != (len(words),):
            raise ObservableError(
                "coeffs needs one number per word",
                expected=f"shape ({len(words)},)",
                got=f"shape {np.shape(coeffs)}",
            )
        self.words, self.coeffs = _merge(words, coeffs)

    def tree_flatten_with_keys(self):
        return ((jax.tree_util.GetAttrKey("coeffs"), self.coeffs),), self.words

    def tree_flatten(self):
        return (self.coeffs,), self.words

    @classmethod
    def tree_unflatten(cls, words, children):
        self = object.__new__(cls)
        self.words, (self.coeffs,) = words, children
        return self

    @classmethod
    def from_terms(
        cls, terms: Mapping[str, Any] | Iterable[tuple[str, Any] | tuple[str, Iterable[int], Any]]
    ) -> PauliSum:
        """From ``{"XXI": 0.5, ...}`` or ``[("XX", (0, 3), 0.5), ("ZII", 1.0), ...]``.

        Example:
            >>> import qjax as qj
            >>> qj.PauliSum.from_terms({"ZZ": 1.0, "XI": -0.5})
            PauliSum(1.0 Z0 Z1 - 0.5 X0)
        """
        items: list[Any] = list(terms.items() if isinstance(terms, Mapping) else terms)
        for item in items:
            if not isinstance(item, tuple | list) or len(item) not in (2, 3):
                raise ObservableError(
                    "a term is (letters, coefficient) or (letters, qubits, coefficient)", got=item
                )
        words = [make_word(t[0], t[1] if len(t) == 3 else None) for t in items]
        values = [t[-1] for t in items]
        if all(_concrete(v) for v in values):
            return cls(words, np.array(values) if values else np.zeros(0))
        return cls(words, jnp.stack([jnp.asarray(v) for v in values]))

    @property
    def num_qubits(self) -> int:
        """One more than the largest qubit index named."""
        return 1 + max((q for word in self.words for q, _ in word), default=-1)

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits named, ascending."""
        return tuple(sorted({q for word in self.words for q, _ in word}))

    @property
    def is_diagonal(self) -> bool:
        """Whether every word has only ``I`` and ``Z``."""
        return all(c == "Z" for word in self.words for _, c in word)

    @property
    def is_real(self) -> bool:
        """Whether the matrix is real: an even number of Y in every word."""
        return all(sum(c == "Y" for _, c in word) % 2 == 0 for word in self.words)

    def map_qubits(self, mapping: Mapping[int, int] | Iterable[int]) -> PauliSum:
        """The sum with qubit ``q`` renamed ``mapping[q]``."""
        table = dict(mapping) if isinstance(mapping, Mapping) else dict(enumerate(mapping))
        return PauliSum(
            [
                make_word("".join(c for _, c in w), [table.get(q, q) for q, _ in w])
                for w in self.words
            ],
            self.coeffs,
        )

    def matrix(self, n: int | None = None) -> np.ndarray:
        """The dense matrix, shape ``(2**n, 2**n)`` complex128: for small systems and for tests."""
        n = self.num_qubits if n is None else n
        if n < self.num_qubits:
            raise ObservableError(
                "n is smaller than the observable needs",
                expected=f"at least {self.num_qubits}",
                got=n,
            )
        index = np.arange(2**n)
        out = np.zeros((2**n, 2**n), complex)
        for word, c in zip(self.words, np.asarray(self.coeffs), strict=True):
            x, z, y_count = word_masks(word, n)
            sign = 1 - 2 * (np.bitwise_count(index & z).astype(int) % 2)
            out[index ^ x, index] += c * (1j**y_count) * sign
        return out

    def __matmul__(self, other: Any) -> PauliSum:
        other = as_pauli_sum(other)
        pairs = [multiply_words(a, b) for a in self.words for b in other.words]
        powers = np.array([p for p, _ in pairs], int)
        a, b = self.coeffs, other.coeffs
        if _concrete(a) and _concrete(b):
            coeffs = np.outer(a, b).reshape(-1)
        else:
            dtype = _result_type(a, b)
            coeffs = jnp.outer(jnp.asarray(a, dtype), jnp.asarray(b, dtype)).reshape(-1)
        if np.all(powers % 2 == 0):
            signs = (1 - powers).astype(np.finfo(coeffs.dtype).dtype)
        else:
            signs = (1j**powers).astype(np.result_type(coeffs.dtype, np.complex64))
            coeffs = coeffs.astype(signs.dtype)
        coeffs = coeffs * signs.astype(coeffs.dtype)
        return PauliSum([w for _, w in pairs], _drop_zero_imaginary(coeffs))

    def __add__(self, other: Any) -> PauliSum:
        other = as_pauli_sum(other)
        a, b = self.coeffs, other.coeffs
        words = self.words + other.words
        if _concrete(a) and _concrete(b):
            return PauliSum(words, np.concatenate([a, b]))
        dtype = _result_type(a, b)
        return PauliSum(words, jnp.concatenate([jnp.asarray(a, dtype), jnp.asarray(b, dtype)]))

    def __radd__(self, other: Any) -> PauliSum:
        return as_pauli_sum(other) + self

    def __mul__(self, scalar: Any) -> PauliSum:
        if isinstance(scalar, PauliSum) or hasattr(scalar, "__pauli_sum__"):
            raise ObservableError("* multiplies by a number", fix="write a @ b for the product")
        if not _is_scalar(scalar):
            return NotImplemented
        if _concrete(scalar) and _concrete(self.coeffs):
            return PauliSum(self.words, self.coeffs * scalar)
        scalar = jnp.asarray(scalar)
        dtype = _result_type(scalar, self.coeffs)
        return PauliSum(self.words, jnp.asarray(self.coeffs, dtype) * scalar.astype(dtype))

    __rmul__ = __mul__

    def __truediv__(self, scalar: Any) -> PauliSum:
        return self * (1 / scalar)

    def __neg__(self) -> PauliSum:
        return PauliSum(self.words, -self.coeffs)

    def __sub__(self, other: Any) -> PauliSum:
        return self + (-as_pauli_sum(other))

    def __rsub__(self, other: Any) -> PauliSum:
        return as_pauli_sum(other) + (-self)

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        names = [" ".join(f"{c}{q}" for q, c in w) or "I" for w in self.words]
        if not isinstance(self.coeffs, np.ndarray):
            return f"PauliSum({len(names)} words: {' + '.join(names[:8])})"
        text = ""
        for k, (name, c) in enumerate(zip(names, self.coeffs.tolist(), strict=True)):
            if k == 12:
                text += f" ... ({len(names)} words)"
                break
            sign = " - " if not isinstance(c, complex) and c < 0 else " + "
            size = c if isinstance(c, complex) else abs(c)
            text += (sign if k else sign.strip(" +")) + f"{size} {name}"
        return f"PauliSum({text})"


def _merge(words: tuple[Word, ...], coeffs: Any) -> tuple[tuple[Word, ...], Any]:
    """Equal words joined, in order of first appearance."""
    first: dict[Word, int] = {}
    target = np.array([first.setdefault(w, len(first)) for w in words], int)
    if len(first) == len(words):
        return words, coeffs
    if _concrete(coeffs):
        out = np.zeros(len(first), coeffs.dtype)
        np.add.at(out, target, coeffs)
    else:
        out = jnp.zeros(len(first), coeffs.dtype).at[target].add(coeffs)
    return tuple(first), out


def _drop_zero_imaginary(coeffs: Any) -> Any:
    if isinstance(coeffs, np.ndarray) and coeffs.dtype.kind == "c" and not np.any(coeffs.imag):
        return coeffs.real
    return coeffs


def as_pauli_sum(value: Any) -> PauliSum:
    """``value`` as a `PauliSum`: a sum, a Pauli operation, or a number (a multiple of I).

    Raises:
        ObservableError: anything else.
    """
    if isinstance(value, PauliSum):
        return value
    if hasattr(value, "__pauli_sum__"):
        return value.__pauli_sum__()
    if _is_scalar(value):
        return PauliSum([()], np.asarray(value)[None] if _concrete(value) else value[None])
    raise ObservableError(
        "only Pauli operators, their sums and products, and numbers can be combined",
        expected="I, X, Y, Z on one qubit, a PauliSum or a number",
        got=f"{type(value).__name__}: {value!r}",
    )
