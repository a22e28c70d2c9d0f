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
from .step import Parameter, Step, fetch

SMALLEST = 2  # steps that are worth a loop
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
        width = max(len(s.sums) for s in steps)
        words = max(len(s.items) for s in steps)
        ha, hb = halves(n)
        shape = (len(steps), width)
        # from angles to tables, and from tables to Walsh coefficients, all padded
        self.params: list[Parameter] = []
        self.angles = np.zeros((*shape, words))
        self.walsh = np.zeros((*shape, width))
        even, odd = np.zeros((2, *shape), int)
        for g, step in enumerate(steps):
            k, count = len(step.sums), len(step.items)
            self.params += [item.params[0] for item in step.items] + [0.0] * (words - count)
            self.angles[g, :k, :count] = step.angles
            self.walsh[g, :k, :k] = step.walsh / k
            even[g, :k] = step.sums
            # a(b^x) is (-1)**y a(b)
            odd[g, :k] = [m ^ step.z for m in step.sums]
        self.even, self.odd = (_signs(masks, ha, hb) for masks in (even, odd))
        self.turned = np.array([1.0 - 2.0 * s.parity for s in steps])
        flips = np.array([s.x for s in steps], np.int32)
        self.partner = np.arange(2**n, dtype=np.int32)[None] ^ flips[:, None]
        self.straight = np.array([float(s.parity) for s in steps])  # u is 1, else -i

    # --- the coefficients ------------------------------------------------------------------------
    def prepare(self, leaves: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
        """Cosine and sine of each step's table, ``(steps, width)``."""
        thetas = jnp.stack(fetch(self.params, leaves, dtype)).reshape(len(self.steps), -1)
        f = jnp.einsum("gkj,gj->gk", jnp.asarray(self.angles, dtype), thetas, precision=HIGHEST)
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
        count = sum(len(s.items) for s in self.steps)
        return f"{count} Pauli rotations as a loop over {len(self.steps)} steps"


def _signs(masks: np.ndarray, ha: int, hb: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the leading and of the trailing half-register: ``(steps, width, 2**half)``."""

    def side(size: int, bits: np.ndarray) -> np.ndarray:
        return np.stack([[bit_signs(size, int(m)) for m in row] for row in bits])

    return side(ha, masks >> hb), side(hb, masks & (2**hb - 1))


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

    most = LARGEST_TABLE >> n

    def end() -> None:
        if len(run) < SMALLEST or most < SMALLEST:
            out.extend(run)
        else:
            out.extend(PauliTableStep(n, run[k : k + most]) for k in range(0, len(run), most))
        run.clear()

    for step in steps:
        if isinstance(step, PauliStep):
            run.append(step)
        else:
            end()
            out.append(step)
    end()
    return out
