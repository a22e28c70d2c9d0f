"""Which Pauli words can be measured from the same shots."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..pauli import Word, as_pauli_sum


class Group(NamedTuple):
    """Words that are read off one measurement setting.

    Attributes:
        basis: the letter in which each qubit is measured, ``((qubit, letter), ...)``, qubits
            ascending; qubits that are not named may be measured in any basis.
        indices: which words of the sum, ascending.
    """

    basis: Word
    indices: tuple[int, ...]


def group_commuting(observable: Any) -> list[Group]:
    """The words of a sum in groups that commute qubit by qubit.

    Two words commute qubit-wise when no qubit carries different letters in them; one rotation of
    each qubit then diagonalises the whole group. Greedy first fit, the words with most letters
    first: not always the least number of groups, but deterministic and quadratic at worst.

    Args:
        observable: a `PauliSum` (or what can be taken for one).

    Returns:
        Groups that hold every word once. The identity joins the first group.

    Source: Kandala et al., arXiv:1704.05018 (tensor product bases); the greedy colouring is that
    of Verteletskyi, Yen and Izmaylov, arXiv:1907.03358.

    Example:
        >>> import qjax as qj
        >>> for basis, words in qj.observables.group_commuting(
        ...     qj.Z(0) @ qj.Z(1) + qj.X(0) + qj.Z(1) + qj.X(0) @ qj.X(1)
        ... ):
        ...     print(basis, words)
        ((0, 'Z'), (1, 'Z')) (0, 2)
        ((0, 'X'), (1, 'X')) (1, 3)
    """
    words = as_pauli_sum(observable).words
    bases: list[dict[int, str]] = []
    members: list[list[int]] = []
    for k in sorted(range(len(words)), key=lambda k: -len(words[k])):
        for basis, indices in zip(bases, members, strict=True):
            if all(basis.get(q, letter) == letter for q, letter in words[k]):
                basis.update(words[k])
                indices.append(k)
                break
        else:
            bases.append(dict(words[k]))
            members.append([k])
    return [
        Group(tuple(sorted(basis.items())), tuple(sorted(indices)))
        for basis, indices in zip(bases, members, strict=True)
    ]
