"""Fermionic operators as Pauli sums: Jordan-Wigner, parity and Bravyi-Kitaev encodings.

An encoding is a binary matrix B: qubits hold ``B n`` modulo 2, where n are the occupations of the
modes. Mode ``2 k`` is orbital k with spin up, mode ``2 k + 1`` the same orbital with spin down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import ObservableError
from ..pauli import PauliSum, Word, make_word, multiply_words

Terms = dict[Word, complex]
Ladder = tuple[tuple[int, bool], ...]
"""A product of ladder operators, ``((mode, creates), ...)``, the right-most acting first."""

ENCODINGS = ("jordan-wigner", "parity", "bravyi-kitaev")


@lru_cache
def encoding_matrix(encoding: str, modes: int) -> np.ndarray:
    """B of an encoding, ``(modes, modes)`` uint8, lower triangular with ones on the diagonal.

    Args:
        encoding: ``"jordan-wigner"`` (occupations), ``"parity"`` (parities of all modes so far) or
            ``"bravyi-kitaev"`` (parities of the modes below in a binary tree).
        modes: how many.

    Raises:
        ObservableError: another name.

    Source: Seeley, Richard and Love, arXiv:1208.5986.

    Example:
        >>> import qjax as qj
        >>> qj.observables.encoding_matrix("bravyi-kitaev", 4).tolist()
        [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]]
    """
    if encoding == "jordan-wigner":
        return np.eye(modes, dtype=np.uint8)
    if encoding == "parity":
        return np.tril(np.ones((modes, modes), np.uint8))
    if encoding != "bravyi-kitaev":
        raise ObservableError(
            "there is no such encoding of fermions",
            expected=", ".join(map(repr, ENCODINGS)),
            got=repr(encoding),
        )
    tree = np.ones((1, 1), np.uint8)
    while len(tree) < modes:
        zero = np.zeros_like(tree)
        lower = zero.copy()
        lower[-1] = 1
        tree = np.block([[tree, zero], [lower, tree]])
    return tree[:modes, :modes].copy()


def encode_occupations(occupations: Iterable[int], encoding: str = "jordan-wigner") -> str:
    """The bits that hold these occupations, as for `qjax.BasisState`.

    Example:
        >>> import qjax as qj
        >>> qj.observables.encode_occupations([1, 1, 0, 0], "parity")
        '1000'
    """
    n = np.array([int(x) for x in occupations])
    return "".join(map(str, (encoding_matrix(encoding, len(n)) @ n % 2).tolist()))


def fermion_operator(
    terms: Mapping[Ladder, Any], modes: int, encoding: str = "jordan-wigner"
) -> PauliSum:
    """A sum of products of ladder operators as a Pauli sum.

    Args:
        terms: from products ``((mode, creates), ...)``, the right-most acting first, to
            coefficients; ``()`` is the identity.
        modes: how many; as many qubits.
        encoding: see `encoding_matrix`.

    Returns:
        The sum; real coefficients where the operator is Hermitian.

    Raises:
        ObservableError: a mode that does not exist.

    Source: Seeley, Richard and Love, arXiv:1208.5986, for any linear encoding: a mode's Majorana
    operator flips the qubits of its column of B and signs by the parity of the modes before it.

    Example:
        >>> import qjax as qj
        >>> qj.observables.fermion_operator({((0, True), (0, False)): 1.0}, modes=2)
        PauliSum(0.5 I - 0.5 Z0)
    """
    total: Terms = {}
    for product, coefficient in terms.items():
        out: Terms = {(): complex(coefficient)}
        for mode, creates in product:
            if not 0 <= mode < modes:
                raise ObservableError(
                    "fermion_operator: there is no such mode",
                    expected=f"0 to {modes - 1}",
                    got=mode,
                )
            out = multiply(out, ladder(mode, creates, modes, encoding))
        for word, value in out.items():
            total[word] = total.get(word, 0) + value
    return as_sum(total)


@lru_cache(maxsize=1024)
def _majorana(mode: int, modes: int, encoding: str) -> tuple[Word, complex, Word]:
    """``c = a + a'`` as a word and its phase, and the word whose value is ``(-1)**n``."""
    b = encoding_matrix(encoding, modes)
    inverse = _inverse(b)
    before = inverse[:mode].sum(axis=0) % 2
    flips = np.flatnonzero(b[:, mode]).tolist()
    signs = np.flatnonzero(before).tolist()
    own = np.flatnonzero(inverse[mode]).tolist()
    power, word = multiply_words(
        make_word("X" * len(flips), flips), make_word("Z" * len(signs), signs)
    )
    return word, 1j**power, make_word("Z" * len(own), own)


def ladder(mode: int, creates: bool, modes: int, encoding: str) -> Terms:
    """``a'`` or ``a`` of one mode: half of ``c (1 + (-1)**n)`` or of ``c (1 - (-1)**n)``."""
    word, phase, parity = _majorana(mode, modes, encoding)
    power, other = multiply_words(word, parity)
    sign = 0.5 if creates else -0.5
    return {word: 0.5 * phase, other: sign * phase * 1j**power}


def multiply(a: Terms, b: Terms) -> Terms:
    """The product of two sums."""
    out: Terms = {}
    for u, x in a.items():
        for v, y in b.items():
            power, word = multiply_words(u, v)
            out[word] = out.get(word, 0) + x * y * 1j**power
    return {w: c for w, c in out.items() if c != 0}


def as_sum(terms: Terms, keep: Iterable[Word] = ()) -> PauliSum:
    """Sorted by weight and place; what cancels is dropped unless it is to be kept."""
    kept = set(keep)
    words = [w for w, c in terms.items() if abs(c) > 1e-14 or w in kept]
    words += [w for w in kept if w not in terms]
    words.sort(key=lambda w: (len(w), w))
    coeffs: Any = np.array([terms.get(w, 0) for w in words], complex)
    real = np.all(np.abs(coeffs.imag) <= 1e-14 * max(1.0, np.abs(coeffs).max(initial=0)))
    return PauliSum(words, coeffs.real if real else coeffs)


def electronic_hamiltonian(
    core: float,
    one_body: np.ndarray,
    two_body: np.ndarray,
    encoding: str = "jordan-wigner",
    keep: Iterable[Word] = (),
) -> PauliSum:
    """``core + sum h_pq E_pq + 1/2 sum (pq|rs) (E_pq E_rs - delta_qr E_ps)``, spin summed.

    Args:
        core: a constant, as the nuclear repulsion with the energy of frozen orbitals.
        one_body: h, ``(orbitals, orbitals)``, real and symmetric.
        two_body: ``(pq|rs)`` in chemists' order, ``(orbitals,) * 4``, real.
        encoding: see `encoding_matrix`.
        keep: words that stay in the sum also where their coefficient vanishes.

    Returns:
        A sum on ``2 * orbitals`` qubits.

    Source: Helgaker, Jorgensen and Olsen, Molecular Electronic-Structure Theory (2000), (2.2.18).

    Example:
        >>> import numpy as np, qjax as qj
        >>> h, v = np.array([[-1.0]]), np.full((1, 1, 1, 1), 0.5)
        >>> hamiltonian = qj.observables.electronic_hamiltonian(0.0, h, v)
        >>> np.diag(hamiltonian.matrix()).real.tolist()
        [0.0, -1.0, -1.0, -1.5]
    """
    h, v = np.asarray(one_body, float), np.asarray(two_body, float)
    size = len(h)
    if h.shape != (size, size) or v.shape != (size,) * 4:
        raise ObservableError(
            "electronic_hamiltonian: integrals of the wrong shape",
            expected=f"({size}, {size}) and {(size,) * 4}",
            got=f"{h.shape} and {v.shape}",
        )
    single = h - 0.5 * np.einsum("prrq->pq", v)
    excitation = {(p, q): _excitation(p, q, 2 * size, encoding) for p, q in np.ndindex(size, size)}
    total: Terms = {(): complex(core)}

    def add(terms: Terms, factor: float) -> None:
        for word, value in terms.items():
            total[word] = total.get(word, 0) + factor * value

    for pair in excitation:
        add(excitation[pair], float(single[pair]))
    for p, q, r, s in zip(*np.nonzero(v), strict=True):
        product = _product(int(p), int(q), int(r), int(s), 2 * size, encoding)
        add(product, 0.5 * float(v[p, q, r, s]))
    return as_sum(total, keep)


@lru_cache(maxsize=4096)
def _excitation(p: int, q: int, modes: int, encoding: str) -> Terms:
    out: Terms = {}
    for spin in (0, 1):
        up = ladder(2 * p + spin, True, modes, encoding)
        for word, value in multiply(up, ladder(2 * q + spin, False, modes, encoding)).items():
            out[word] = out.get(word, 0) + value
    return out


@lru_cache(maxsize=65536)
def _product(p: int, q: int, r: int, s: int, modes: int, encoding: str) -> Terms:
    return multiply(_excitation(p, q, modes, encoding), _excitation(r, s, modes, encoding))


def _inverse(b: np.ndarray) -> np.ndarray:
    """Of a unit lower triangular matrix, modulo 2."""
    out = np.eye(len(b), dtype=np.uint8)
    for i in range(len(b)):
        for j in range(i):
            if b[i, j]:
                out[i] ^= out[j]
    return out
