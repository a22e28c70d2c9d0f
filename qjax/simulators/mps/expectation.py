"""Expectation values of Pauli sums: one sweep for all words together.

The words are read as paths of a finite automaton. At every bond its states are the distinct ways
in which words that have begun may still go on; a word's coefficient enters where it begins. Words
that end alike share their way, so a chain of neighbours has five states however long it is. This
is the matrix product operator of the sum, kept sparse.

Source: Crosswhite and Bacon, PRA 78, 012356 (2008).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...pauli import Word
from .basis import dag, mm

WAITING, DONE = "waiting", "done"


class Automaton(NamedTuple):
    """Static tables, padded to one size for all sites.

    Attributes:
        source: ``(n, m)``, the state that each transition starts from.
        letter: ``(n, m)``, 0 to 3 for I, X, Y, Z.
        target: ``(n, m)``, the state that it leads to.
        word: ``(n, m)``, whose coefficient it brings; -1 for none.
        used: ``(n, m)``, whether it exists.
        states: how many states there are at most.
        end: the state that stands for finished words at the right end.
    """

    source: np.ndarray
    letter: np.ndarray
    target: np.ndarray
    word: np.ndarray
    used: np.ndarray
    states: int
    end: int


@lru_cache(maxsize=128)
def automaton(words: tuple[Word, ...], n: int) -> Automaton:
    """The automaton of the words, each with its qubits already renamed to sites."""
    steps: list[list[tuple[int, int, int, int]]] = []
    names: dict[Any, int] = {WAITING: 0}
    begins: dict[int, list[int]] = {}
    for k, word in enumerate(words):
        begins.setdefault(word[0][0] if word else 0, []).append(k)
    widest = 1
    for s in range(n):
        after: dict[Any, int] = {WAITING: 0, DONE: 1}
        row: list[tuple[int, int, int, int]] = [(0, 0, 0, -1)]
        for name, state in names.items():
            if name == DONE:
                row.append((state, 0, 1, -1))
            elif name != WAITING:
                (site, letter), *rest = name
                if site > s:
                    row.append((state, 0, after.setdefault(name, len(after)), -1))
                else:
                    to = after.setdefault(tuple(rest) or DONE, len(after))
                    row.append((state, "IXYZ".index(letter), to, -1))
        for k in begins.get(s, ()):
            word = words[k]
            letter, rest = (word[0][1], word[1:]) if word else ("I", ())
            to = after.setdefault(rest or DONE, len(after))
            row.append((0, "IXYZ".index(letter), to, k))
        steps.append(row)
        names = after
        widest = max(widest, len(after))
    most = max(len(row) for row in steps)
    table = np.zeros((4, n, most), int)
    table[3] = -1
    used = np.zeros((n, most), bool)
    for s, row in enumerate(steps):
        table[:, s, : len(row)] = np.array(row).T
        used[s, : len(row)] = True
    return Automaton(*table, used=used, states=widest, end=1)


LETTERS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def expectation(tensors: Any, words: tuple[Word, ...], coeffs: Any) -> Any:
    """``sum_k coeffs[k] <psi| words[k] |psi> / <psi|psi>``, real; words name sites."""
    n, chi = tensors.shape[:2]
    dtype = tensors.dtype
    if not words:
        return jnp.zeros((), jnp.finfo(dtype).dtype)
    a = automaton(words, n)
    # Transitions from one state with one letter share their work.
    (source, letter), pair = _distinct(a)
    values = jnp.where(a.word >= 0, jnp.asarray(coeffs).astype(dtype)[np.maximum(a.word, 0)], 1)
    weights = jnp.zeros((n, a.states, source.shape[1]), dtype)
    weights = weights.at[np.arange(n)[:, None], a.target, pair].add(jnp.where(a.used, values, 0))

    def site(env: Any, given: Any) -> Any:
        t, source, letter, weight = given
        ket = mm(env.reshape(-1, chi), t.reshape(chi, 2 * chi)).reshape(-1, chi, 2, chi)
        ket = jnp.swapaxes(ket, 1, 2).reshape(-1, 2, chi * chi)
        turned = jnp.swapaxes(mm(letter, ket[source]).reshape(-1, 2, chi, chi), 1, 2)
        through = mm(dag(t.reshape(2 * chi, chi))[None], turned.reshape(-1, 2 * chi, chi))
        return mm(weight, through.reshape(-1, chi * chi)).reshape(env.shape), None

    env = jnp.zeros((a.states, chi, chi), dtype).at[0, 0, 0].set(1)
    env, _ = jax.lax.scan(
        site, env, (tensors, source, jnp.asarray(LETTERS, dtype)[letter], weights)
    )
    return jnp.real(env[a.end, 0, 0]) / jnp.real(env[0, 0, 0])


def _distinct(a: Automaton) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (source, letter) pairs of every site, padded, ``(2, n, m)``; and for each
    transition which pair it uses, ``(n, transitions)``."""
    n = a.source.shape[0]
    rows, where = [], np.zeros(a.source.shape, int)
    for s in range(n):
        seen: dict[tuple[int, int], int] = {}
        for j in range(a.source.shape[1]):
            if a.used[s, j]:
                pair = (int(a.source[s, j]), int(a.letter[s, j]))
                where[s, j] = seen.setdefault(pair, len(seen))
        rows.append(list(seen))
    most = max(len(r) for r in rows)
    out = np.zeros((2, n, most), int)
    for s, row in enumerate(rows):
        out[:, s, : len(row)] = np.array(row).T
    return out, where
