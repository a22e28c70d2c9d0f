"""Steps of a density matrix's plan that are not small blocks: large operators, states put in,
measurements, branches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...circuit import Condition
from ...gates.channels import CHANNELS, as_complex, pauli_components
from ..kernels import Pair, apply_matrix
from ..steps.local import embed_controls, reorder
from ..steps.step import Item, Step, fetch, target_matrix
from .basis import to_elements


class OperatorsStep(Step):
    """``sum K rho K^dagger`` on many qubits: they are turned to matrix elements and back."""

    kind = "operators"
    real = True

    def __init__(self, n: int, item: Item, register: int, channel: bool) -> None:
        self.n, self.item, self.register, self.channel = n, item, register, channel
        self.qubits, self.leaves = frozenset(item.qubits), item.leaves
        self.order = tuple(sorted(range(len(item.qubits)), key=lambda i: item.qubits[i]))
        self.ascending = tuple(sorted(item.qubits))

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        if self.channel:
            params = fetch(self.item.params, leaves, dtype)
            stack = as_complex(CHANNELS[self.item.name].kraus(params, dtype))
        else:
            stack = embed_controls(target_matrix(self.item, leaves, dtype), self.item)[None]
        return jnp.real(stack), jnp.imag(stack)

    def apply(self, state: Pair, coefficients: Pair) -> Pair:
        state = to_elements(state, self.ascending, self.register)
        total: Pair | None = None
        for re, im in zip(*coefficients, strict=True):
            u = reorder((re, im), self.order)
            moved = self._one(state, u, 0)
            moved = self._one(moved, (u[0], -u[1]), 1)
            total = moved if total is None else (total[0] + moved[0], total[1] + moved[1])
        assert total is not None
        return to_elements(total, self.ascending, self.register, back=True)[0], None

    def _one(self, state: Pair, matrix: Pair, side: int) -> Pair:
        """The matrix on the rows (side 0) or the columns (side 1) of the named qubits."""
        axes = tuple(2 * q + side for q in self.ascending)
        return apply_matrix(state, matrix, axes, self.register)

    def cost(self) -> tuple[float, float]:
        k = len(self.ascending)
        return 8.0 * 2 * 2**k * 2**self.register, 2.0 + 2 * k

    def describe(self) -> str:
        return f"{self.item.name} on {self.item.qubits} as a matrix from both sides"


class PrepareStep(Step):
    """Qubits replaced by a given state, pure (a vector) or mixed (a matrix)."""

    kind = "preparation"
    real = True

    def __init__(self, n: int, item: Item, register: int) -> None:
        self.n, self.item, self.register = n, item, register
        self.qubits, self.leaves = frozenset(item.qubits), item.leaves

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        (x,) = fetch(self.item.params, leaves, dtype)
        if x.ndim == 1:
            x = x[:, None] * x.conj()[None, :]
        return pauli_components(x, dtype)

    def apply(self, state: Pair, coefficients: Any) -> Pair:
        n, some = self.n, self.item.qubits
        order = sorted(range(len(some)), key=lambda i: some[i])
        new = coefficients.reshape((4,) * len(some)).transpose(order)
        spread = [4 if q in some else 1 for q in range(n)]
        where = tuple(slice(0, 1) if q in some else slice(None) for q in range(n))
        rest = state[0].reshape(*(4,) * n, -1)[where]
        return (new.reshape(*spread, 1) * rest).reshape(state[0].shape), None

    def cost(self) -> tuple[float, float]:
        return 2.0**self.register, 1.0

    def describe(self) -> str:
        return f"a state put in on {self.item.qubits}"


class FixedStep(Step):
    """A constant real matrix on some bits of the register: measurements, resets, assignments."""

    kind = "record"
    real = True

    def __init__(
        self, n: int, matrix: np.ndarray, bits: tuple[int, ...], register: int, text: str
    ) -> None:
        self.n, self.matrix, self.bits, self.register = n, matrix, bits, register
        self.qubits, self.leaves, self.text = frozenset(range(n)), frozenset(), text

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        return ()

    def apply(self, state: Pair, coefficients: Any) -> Pair:
        m = jnp.asarray(self.matrix, state[0].dtype)
        return apply_matrix(state, (m, None), self.bits, self.register)

    def cost(self) -> tuple[float, float]:
        return 2.0 * len(self.matrix) * 2**self.register, 1.0

    def describe(self) -> str:
        return self.text


def projection(value: int) -> np.ndarray:
    """The transfer matrix of keeping one outcome of a Z measurement."""
    sign = 1 - 2 * value
    out = np.zeros((4, 4))
    out[0, 0] = out[3, 3] = 0.5
    out[0, 3] = out[3, 0] = 0.5 * sign
    return out


def measurement() -> np.ndarray:
    """Qubit (2 bits) and record (1 bit): the old record is forgotten, the outcome is written."""
    out = np.zeros((4, 2, 4, 2))
    for value in (0, 1):
        out[:, value, :, :] = projection(value)[:, :, None]
    return out.reshape(8, 8)


class BranchStep(Step):
    """One body where the record meets a condition, another where it does not.

    The state is a sum over records, so both bodies act on their own part of it and the results
    add up: exact, and differentiable. With ``turns`` the first body repeats while the condition
    holds.
    """

    kind = "branch"
    real = True

    def __init__(
        self,
        n: int,
        condition: Condition,
        bodies: tuple[Sequence[Step], Sequence[Step]],
        register: int,
        turns: int = 1,
    ) -> None:
        self.n, self.condition, self.register, self.turns = n, condition, register, turns
        self.bodies = tuple(tuple(b) for b in bodies)
        steps = [s for body in self.bodies for s in body]
        self.qubits = frozenset(range(n))
        self.leaves = frozenset(i for s in steps for i in s.leaves)
        table = np.zeros((2,) * (register - 2 * n))
        for pattern in condition.accepted:
            where: list[Any] = [slice(None)] * table.ndim
            for bit, value in zip(condition.bits, pattern, strict=True):
                where[bit] = value
            table[tuple(where)] = 1
        self.mask = table.reshape(-1)

    def prepare(self, leaves: Sequence[Any], dtype: Any) -> Any:
        return tuple([s.prepare(leaves, dtype) for s in body] for body in self.bodies)

    def apply(self, state: Pair, coefficients: Any) -> Pair:
        width = len(self.mask)

        def masked(x: Any, mask: np.ndarray) -> Any:
            return (x.reshape(-1, width) * jnp.asarray(mask, x.dtype)[None]).reshape(x.shape)

        def turn(x: Any, _: Any) -> tuple[Any, None]:
            parts = []
            for body, made, mask in zip(
                self.bodies, coefficients, (self.mask, 1 - self.mask), strict=True
            ):
                part: Pair = (masked(x, mask), None)
                for step, c in zip(body, made, strict=True):
                    part = step.apply(part, c)
                parts.append(part[0])
            return parts[0] + parts[1], None

        if self.turns == 1:
            return turn(state[0], None)[0], None
        return jax.lax.scan(turn, state[0], None, self.turns)[0], None

    def cost(self) -> tuple[float, float]:
        costs = [s.cost() for body in self.bodies for s in body]
        flops, passes = sum(c[0] for c in costs), sum(c[1] for c in costs)
        return self.turns * flops, self.turns * (passes + 2)

    def describe(self) -> str:
        return f"branches on {self.condition!r}" + (f", {self.turns} times" * (self.turns > 1))
