"""Which pairs of qubits an entangling layer joins."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from ..circuit.operations import as_qubits, check_distinct
from ..errors import ParameterError, QubitError

_PATTERNS = ("linear", "reverse_linear", "circular", "full", "pairwise")


def entangled_pairs(n: int, entanglement: Any) -> tuple[tuple[int, int], ...]:
    """The pairs (control, target) of an entangling layer, in order of application.

    Args:
        n: number of qubits.
        entanglement: a name, or a list of pairs of qubits. With neighbours ``(k, k + 1)``:
            ``"linear"`` joins them in order, ``"reverse_linear"`` from the last to the first,
            ``"circular"`` first joins ``(n - 1, 0)`` (for more than two qubits), ``"pairwise"``
            takes even k before odd k; ``"full"`` joins every pair ``(j, k)`` with j < k.

    Raises:
        ParameterError: an unknown name, or something that is not pairs of qubits.
        QubitError: a pair outside the n qubits, or of a qubit with itself.

    Source: the names and orders of Qiskit's `n_local`.

    Example:
        >>> import qjax as qj
        >>> qj.templates.entangled_pairs(3, "circular")
        ((2, 0), (0, 1), (1, 2))
    """
    chain = [(k, k + 1) for k in range(n - 1)]
    if isinstance(entanglement, str):
        if entanglement not in _PATTERNS:
            raise ParameterError(
                "entanglement: there is no pattern of that name",
                expected=f"one of {', '.join(_PATTERNS)}, or a list of pairs of qubits",
                got=repr(entanglement),
            )
        return {
            "linear": tuple(chain),
            "reverse_linear": tuple(reversed(chain)),
            "circular": tuple(([(n - 1, 0)] if n > 2 else []) + chain),
            "full": tuple(combinations(range(n), 2)),
            "pairwise": tuple(chain[::2] + chain[1::2]),
        }[entanglement]
    try:
        pairs: list[tuple[int, ...]] = [as_qubits(pair, "entanglement: ") for pair in entanglement]
    except TypeError:
        pairs = [()]
    if any(len(pair) != 2 for pair in pairs):
        raise ParameterError(
            "entanglement must be a name or a list of pairs of qubits",
            expected=f"one of {', '.join(_PATTERNS)}, or such as [(0, 1), (1, 2)]",
            got=repr(entanglement),
        )
    for pair in pairs:
        check_distinct(pair, "entanglement: ")
        if max(pair) >= n:
            raise QubitError(
                f"entanglement: a pair reaches beyond the {n} qubits of the template",
                expected=f"qubits 0 to {n - 1}",
                got=pair,
            )
    return tuple((a, b) for a, b in pairs)
