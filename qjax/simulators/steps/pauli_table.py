"""Many Pauli rotations as one loop over a table: compile time independent of their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..gather import permute
from ..kernels import HIGHEST, Pair, bit_signs
from ..words import halves
from .pauli import PauliStep
from .step import Step, fetch

SMALLEST = 4  # steps that are worth a loop
LARGEST_REGISTER = 14  # qubits: beyond, flips by strides are faster than gathers
LARGEST_TABLE = 2**21  # amplitudes times steps


class PauliTableStep(Step):
    """Steps ``cos a(b) psi[b] + u sin a(b) psi[b^x]``, one after the other, with u 1 or ``-i``.

    What `PauliStep` knows of each stands in arrays with a leading axis: Walsh sums make the sines
    and cosines of all steps at once, and one body with a gather runs through them.
    """

    kind = "pauli table"

    def __init__(self, n: int, steps: Sequence[PauliStep]) -> None:
        self.n, self.steps = n, tuple(steps)
        self.qubits = frozenset(q for s in steps for q in s.qubits)
        self.leaves = frozenset(i for s in steps for i in s.leaves)
        self.real = all(s.real for s in steps)
        self.params = [item.params[0] for s in steps for item in s.items]
        width = max(len(s.sums) for s in steps)
        ha, hb = halves(n)
        shape = (len(steps), width)
        self.angles = np.zeros((*shape, len(self.params)))
        self.walsh = np.zeros((*shape, width))  # from tables to Walsh coefficients, both padded
        even, odd = np.zeros((2, *shape), int)
        column = 0
        for g, step in enumerate(steps):
            k, items = len(step.sums), len(step.items)
            self.angles[g, :k, column : column + items] = step.angles
            self.walsh[g, :k, :k] = step.walsh / k
            even[g, :k] = step.sums
            # a(b^x) is (-1)**y a(b)
            odd[g, :k] = [m ^ step.z for m in step.sums]
            column += items
        self.even, self.odd = (
            tuple(
                np.stack([[bit_signs(h, int(m)) for m in row] for row in side])
                for h, side in ((ha, masks >> hb), (hb, masks & (2**hb - 1)))
            )
            for masks in (even, odd)
        )
        self.turned = np.array([1.0 - 2.0 * s.parity for s in steps])
        self.partner = np.arange(2**n)[None] ^ np.array([s.x for s in steps])[:, None]
        self.straight = np.array([float(s.parity) for s in steps])  # u is 1, else -i

    # --- the coefficients ------------------------------------------------------------------------
    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
        """Cosine and sine of each step's table, ``(steps, width)``."""
        thetas = jnp.stack(fetch(self.params, leaves, dtype))
        f = jnp.matmul(jnp.asarray(self.angles, dtype), thetas, precision=HIGHEST)
        return jnp.cos(f), jnp.sin(f)

    def _spread(self, table: Any, sides: tuple[np.ndarray, np.ndarray]) -> Any:
        """``(steps, 2**n)``."""
        walsh, a, b = (jnp.asarray(x, table.dtype) for x in (self.walsh, *sides))
        middle = jnp.einsum("gks,gs->gk", walsh, table, precision=HIGHEST)
        out = jnp.matmul(
            jnp.swapaxes(a, 1, 2) * middle[:, None], b, precision=HIGHEST
        )  # one product of half-registers for each step
        return out.reshape(len(self.steps), -1)

    def _collect(self, array: Any, sides: tuple[np.ndarray, np.ndarray]) -> Any:
        """The transpose of `_spread`."""
        walsh, a, b = (jnp.asarray(x, array.dtype) for x in (self.walsh, *sides))
        grid = array.reshape(len(self.steps), a.shape[2], b.shape[2])
        half = jnp.matmul(a, grid, precision=HIGHEST)
        sums = jnp.sum(half * b, axis=-1)
        return jnp.einsum("gks,gk->gs", walsh, sums, precision=HIGHEST)

    def _given(self, coefficients: tuple[Any, Any], back: bool = False) -> Any:
        """What each turn of the loop needs: cos, sin (of the inverse if ``back``), partners, u."""
        c, s = coefficients
        even, odd = self._spread(c, self.even), self._spread(s, self.odd)
        signs = -self.turned if back else self.turned
        odd = odd * jnp.asarray(signs, odd.dtype)[:, None]
        return even, odd, jnp.asarray(self.partner), jnp.asarray(self.straight, odd.dtype)

    # --- running ---------------------------------------------------------------------------------
    def apply(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        return self._scan(state, self._given(coefficients), reverse=False)

    def undo(self, state: Pair, coefficients: tuple[Any, Any]) -> Pair:
        return self._scan(state, self._given(coefficients, back=True), reverse=True)

    def _scan(self, state: Pair, given: Any, reverse: bool) -> Pair:
        def turn(state: Pair, item: Any) -> tuple[Pair, None]:
            return _rotated(state, item), None

        return jax.lax.scan(turn, state, given, reverse=reverse)[0]

    def pull(
        self, state: Pair, coefficients: tuple[Any, Any], cotangent: Pair
    ) -> tuple[Pair, Pair, tuple[Any, Any]]:
        """The slope in ``a(b^x)`` is ``Re <cotangent[b]| u state[b^x]>``."""

        def turn(both: Any, item: Any) -> Any:
            state, bar = both
            _, _, partner, straight = item
            image = _turned(state, partner, straight)
            parts = [x * y for x, y in zip(bar, image, strict=True) if x is not None]
            slope = sum(parts[1:], parts[0])
            return (_rotated(state, item), _rotated(bar, item)), slope

        given = self._given(coefficients, back=True)
        (state, cotangent), slopes = jax.lax.scan(turn, (state, cotangent), given, reverse=True)
        f = self._collect(slopes * jnp.asarray(self.turned, slopes.dtype)[:, None], self.odd)
        c, s = coefficients
        return state, cotangent, (-s * f, c * f)

    def cost(self) -> tuple[float, float]:
        return 6.0 * len(self.steps) * 2.0**self.n, float(len(self.steps))

    def describe(self) -> str:
        return f"{len(self.params)} Pauli rotations as a loop over {len(self.steps)} steps"


def _turned(state: Pair, partner: Any, straight: Any) -> Pair:
    """``u state[b^x]``."""
    re, im = (None if x is None else permute(x, partner, partner) for x in state)
    if im is None:
        return re, None
    aside = 1 - straight
    return straight * re + aside * im, straight * im - aside * re


def _rotated(state: Pair, item: Any) -> Pair:
    cos, sin, partner, straight = item
    image = _turned(state, partner, straight)
    return tuple(  # type: ignore[return-value]
        None if x is None else cos * x + sin * y for x, y in zip(state, image, strict=True)
    )


def as_table(n: int, steps: Sequence[Step]) -> list[Step]:
    """The steps, with long runs of Pauli rotations as one each."""
    out: list[Step] = []
    run: list[PauliStep] = []

    def end() -> None:
        fits = len(run) >= SMALLEST and len(run) * 2**n <= LARGEST_TABLE
        out.extend([PauliTableStep(n, run)] if fits and n <= LARGEST_REGISTER else run)
        run.clear()

    for step in steps:
        if isinstance(step, PauliStep):
            run.append(step)
        else:
            end()
            out.append(step)
    end()
    return out
