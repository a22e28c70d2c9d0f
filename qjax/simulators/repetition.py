"""Repetition in a flat list of operations."""

from __future__ import annotations

from collections.abc import Sequence

from ..circuit import Operation


def find_repetition(ops: Sequence[Operation]) -> list[Operation]:
    """The operations, as they are."""
    return list(ops)
