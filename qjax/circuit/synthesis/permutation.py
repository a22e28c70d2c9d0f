"""Permutations of basis states as X under controls."""

from __future__ import annotations

from collections.abc import Sequence

from ..operations import Gate
from .one_qubit import make


def gates(table: Sequence[int], qubits: Sequence[int]) -> list[Gate]:
    """Gates that send basis state ``j`` to ``table[j]``.

    Args:
        table: the numbers 0 to ``2**k - 1`` in some order.
        qubits: k qubits, the first the most significant.

    Source: Miller, Maslov and Dueck, DAC 2003 (transformation-based synthesis).
    """
    image, k = list(table), len(qubits)
    steps: list[tuple[int, int]] = []  # (control mask, target mask), applied to the images

    def step(controls: int, target: int) -> None:
        steps.append((controls, target))
        for j, y in enumerate(image):
            if y & controls == controls:
                image[j] = y ^ target

    for i in range(2**k):
        for b in range(k):
            if i & ~image[i] & 1 << b:
                step(image[i], 1 << b)
        for b in range(k):
            if image[i] & ~i & 1 << b:
                step(i, 1 << b)

    def places(mask: int) -> tuple[int, ...]:
        return tuple(qubits[k - 1 - b] for b in range(k) if mask >> b & 1)

    out = []
    for controls, target in reversed(steps):
        gate = make("X", (), places(target))
        out.append(gate.control(places(controls)) if controls else gate)
    return out
