"""How the weights of a fast programmer change from one step to the next.

Every rule is ``W_t = keep_t * W_(t-1) + write_t * D_t`` with the new entry ``D_t`` and factors that
come from the input alone, so that all steps can be found at once; `Bounded` may instead bound the
carried weights themselves, which only a scan can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from qjax.errors import ParameterError


class Factors(NamedTuple):
    """What multiplies the old weights and the new entry; None stands for 1.

    Args:
        keep: shape (..., 1, 1) or (..., R, C).
        write: likewise.
    """

    keep: jax.Array | None
    write: jax.Array | None


@dataclass(frozen=True)
class Update:
    """A rule of change: frozen and hashable. A rule of one's own derives from it."""

    @property
    def linear(self) -> bool:
        """Whether the new weights depend linearly on the old ones."""
        return True

    def bias(self, shape: tuple[int, int]) -> np.ndarray:
        """Initial biases of the gates, one for each number that the rule reads, shape (G,)."""
        raise NotImplementedError

    def factors(self, gates: jax.Array, shape: tuple[int, int]) -> Factors:
        """The factors of old weights and new entry, from gates of shape (..., G)."""
        raise NotImplementedError

    def carried(self, weights: jax.Array) -> jax.Array:
        """What becomes of ``keep * W`` before the new entry is added."""
        return weights


@dataclass(frozen=True)
class Additive(Update):
    """``W_t = W_(t-1) + D_t``.

    Source: Chen, arXiv:2402.17760.
    """

    def bias(self, shape: tuple[int, int]) -> np.ndarray:
        """No gates."""
        return np.zeros(0)

    def factors(self, gates: jax.Array, shape: tuple[int, int]) -> Factors:
        """Ones."""
        return Factors(None, None)


@dataclass(frozen=True)
class Gated(Update):
    """``W_t = g_t W_(t-1) + (1 - g_t) D_t`` with one gate ``g = sigmoid(.)`` per step.

    Args:
        start: initial bias of the gate; 2 retains 0.88 of the old weights.

    Source: arXiv:2605.06734 (gated QKAN fast-weight programmer).
    """

    start: float | int = 2.0

    def bias(self, shape: tuple[int, int]) -> np.ndarray:
        """One gate."""
        return np.full(1, float(self.start))

    def factors(self, gates: jax.Array, shape: tuple[int, int]) -> Factors:
        """The gate and its complement, (..., 1, 1)."""
        logit = gates[..., None]
        return Factors(jax.nn.sigmoid(logit), jax.nn.sigmoid(-logit))


@dataclass(frozen=True)
class SelfModulated(Update):
    """``W_t = a_t * W_(t-1) + b_t * D_t``: gates of the input on the old weights and the new entry.

    The gates are outer products of a factor per row and one per column, like the entry itself, and
    not bounded: the product of many ``a_t`` may grow without limit. They start at 1, where the
    rule is `Additive`.

    Source: the rule of arXiv:2606.24933.
    """

    def bias(self, shape: tuple[int, int]) -> np.ndarray:
        """A factor per row and per column, of both gates."""
        return np.ones(2 * sum(shape))

    def factors(self, gates: jax.Array, shape: tuple[int, int]) -> Factors:
        """Both gates, (..., R, C)."""
        return Factors(*outer_gates(gates, shape))


@dataclass(frozen=True)
class Bounded(Update):
    """`SelfModulated` with a tanh, which keeps signs, on the branch of the old weights.

    Args:
        on: ``"gate"`` for ``W_t = tanh(a_t) * W_(t-1) + b_t * D_t``, which stays linear in the
            weights; ``"weights"`` for ``W_t = tanh(a_t * W_(t-1)) + b_t * D_t``, which only a
            scan can do.

    Raises:
        ParameterError: another branch.

    Source: arXiv:2607.02363, whose abstract bounds the old-state multiplier.
    """

    on: str = "gate"

    def __post_init__(self) -> None:
        if self.on not in ("gate", "weights"):
            raise ParameterError(
                "Bounded: there is no such branch", expected='"gate" or "weights"', got=self.on
            )

    @property
    def linear(self) -> bool:
        """True where the gate is what is bounded."""
        return self.on == "gate"

    def bias(self, shape: tuple[int, int]) -> np.ndarray:
        """As `SelfModulated`."""
        return np.ones(2 * sum(shape))

    def factors(self, gates: jax.Array, shape: tuple[int, int]) -> Factors:
        """Both gates, (..., R, C), the first bounded."""
        keep, write = outer_gates(gates, shape)
        return Factors(jnp.tanh(keep) if self.on == "gate" else keep, write)

    def carried(self, weights: jax.Array) -> jax.Array:
        """Bounded, where the weights are what is bounded."""
        return jnp.tanh(weights) if self.on == "weights" else weights


def outer_gates(gates: jax.Array, shape: tuple[int, int]) -> Sequence[Any]:
    """Two outer products (..., R, C) from the factors of rows and columns, (..., 2 (R + C))."""
    rows, columns = shape
    ends = np.cumsum([rows, columns, rows])
    a, b, c, d = jnp.split(gates, ends, axis=-1)
    return a[..., :, None] * b[..., None, :], c[..., :, None] * d[..., None, :]
