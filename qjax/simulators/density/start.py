"""The evolution from ``|0...0>``: what happens to single qubits first leaves a product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..statevector import run_steps
from .blocks import SMALL, Block, BlocksStep
from .plan import MixedPlan
from .run import RunStep

ZERO = np.array([1.0, 0.0, 0.0, 1.0])
"""The components of one qubit in ``|0>``."""


def evolved(plan: MixedPlan, coefficients: Sequence[Any], dtype: Any) -> Any:
    """The components, real ``(2**(2 n + bits),)``, after all steps of a plan."""
    n, bits, steps = plan.n, plan.bits, plan.steps
    first = _singles(plan)
    if first is None:
        return run_steps(steps, (initial(n, bits, dtype), None), list(coefficients))[0]
    whole = product(first.blocks, coefficients[0][0], n, bits, dtype)
    opening = steps[0]
    assert isinstance(opening, RunStep)
    state = opening.resume((whole, None), coefficients[0])
    return run_steps(steps[1:], state, list(coefficients[1:]))[0]


def _singles(plan: MixedPlan) -> BlocksStep | None:
    """What a plan begins with, where that is blocks on different single qubits of a register so
    small that the overhead of each of them counts."""
    if 2 * plan.n + plan.bits > SMALL or not plan.steps or not isinstance(plan.steps[0], RunStep):
        return None
    first = plan.steps[0].parts[0]
    if not isinstance(first, BlocksStep):
        return None
    qubits = [q for block in first.blocks for q in block.qubits]
    return first if len(set(qubits)) == len(qubits) == len(first.blocks) else None


def product(blocks: Sequence[Block], matrices: Sequence[Any], n: int, bits: int, dtype: Any) -> Any:
    """The state that matrices on different qubits make of ``|0...0>``."""
    made = {block.qubits[0]: m for block, m in zip(blocks, matrices, strict=True)}
    out: Any = None
    for q in range(n):
        m = jnp.asarray(made[q], dtype) if q in made else None
        one = jnp.asarray(ZERO, dtype) if m is None else m[:, 0] + m[:, 3]
        out = one if out is None else (out[:, None] * one[None, :]).reshape(-1)
    record = jnp.asarray(np.eye(1, 2**bits)[0], dtype)
    return (out[:, None] * record[None, :]).reshape(-1) if bits else out


def initial(n: int, bits: int, dtype: Any) -> Any:
    """``|0...0>`` with all classical bits 0: every word of I and Z has the value 1."""
    if 2 * n + bits <= SMALL:
        return jnp.asarray(np.kron(_words(n), np.eye(1, 2**bits)[0]), dtype)
    half = n // 2
    left, right = (_words(k) for k in (half, n - half))
    records = np.eye(1, 2**bits)
    table = jnp.asarray(left, dtype)[:, None] * jnp.asarray(np.kron(right[None], records), dtype)
    return table.reshape(-1)


def _words(k: int) -> np.ndarray:
    out = np.ones(1)
    for _ in range(k):
        out = np.kron(out, ZERO)
    return out
