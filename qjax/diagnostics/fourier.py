"""The Fourier series that a circuit is in its input: which frequencies it has, and how strongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..circuit import Circuit, as_circuit
from ..errors import ParameterError, UnsupportedError
from ..gradients.parameter_shift import Occurrences
from ..measure.program import structure_of

_PROBES = (0.37, 1.91)  # two inputs at which the angles' slopes are compared
_DIGITS = 9  # to which frequencies are told apart


class Spectrum(NamedTuple):
    """The accessible frequencies of a circuit in a scalar input.

    Attributes:
        frequencies: ascending and symmetric about 0, shape ``(k,)``, radians per unit of x.
        degeneracy: in how many ways a frequency arises as a difference of exponents, shape
            ``(k,)``.
    """

    frequencies: np.ndarray
    degeneracy: np.ndarray


def accessible_frequencies(circuit_fn: Callable[[Any], Circuit]) -> Spectrum:
    """The frequencies that an expectation value can have in a scalar x, whatever the observable.

    They follow from the gates alone: every gate whose angle is ``c x + const`` contributes ``c``
    times the differences of its exponents; no circuit is run.

    Args:
        circuit_fn: x, a scalar, to a circuit; its angles must be affine in x.

    Raises:
        UnsupportedError: an angle that is not affine in x, or x in a gate without a finite spectrum
            (a matrix, SU2, SU4, Evolution).

    Source: Schuld, Sweke and Meyer, arXiv:2008.08605.

    Example:
        >>> import qjax as qj
        >>> from qjax.diagnostics import accessible_frequencies
        >>> twice = lambda x: qj.Circuit(1, [qj.RX(x, 0), qj.RY(0.3, 0), qj.RX(3 * x, 0)])
        >>> accessible_frequencies(twice).frequencies.tolist()
        [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    """

    def leaves(x: Any) -> list[Any]:
        return [jnp.asarray(v) for v in jax.tree.leaves(circuit_fn(x))]

    circuit = as_circuit(circuit_fn(jnp.asarray(_PROBES[0])), "accessible_frequencies")
    occurrences = Occurrences(structure_of(circuit)[0])
    slopes = [
        [np.asarray(v) for v in occurrences.expand(_slopes(leaves, jnp.asarray(x)))]
        for x in _PROBES
    ]
    counts = {0.0: 1}
    for here, there, exponents, name in zip(
        *slopes, occurrences.exponents, occurrences.names, strict=True
    ):
        tolerance = 1e-4 * (1 + np.max(np.abs(here), initial=0))
        if np.max(np.abs(here - there), initial=0) > tolerance:
            raise UnsupportedError(
                f"accessible_frequencies: an angle of {name} is not affine in x",
                fix="sample the model instead: fourier_coefficients(model, degree)",
            )
        used = here[np.abs(here) > 0]
        if used.size and exponents is None:
            raise UnsupportedError(
                f"accessible_frequencies: {name} has no finite spectrum in its parameter",
                fix="sample the model instead: fourier_coefficients(model, degree)",
            )
        for slope in used:
            counts = _summed(counts, [float(slope) * e for e in exponents or ()])
    frequencies = np.array(sorted(counts))
    return Spectrum(frequencies, np.array([counts[f] for f in frequencies]))


def _slopes(leaves: Callable[[Any], list[Any]], x: Any) -> list[Any]:
    values, slopes = jax.jvp(leaves, (x,), (jnp.ones_like(x),))
    return [
        s if jnp.issubdtype(v.dtype, jnp.inexact) else jnp.zeros(v.shape)
        for v, s in zip(values, slopes, strict=True)
    ]


def _summed(counts: dict[float, int], exponents: list[float]) -> dict[float, int]:
    """All frequencies so far plus all differences of two exponents."""
    out: dict[float, int] = {}
    for frequency, ways in counts.items():
        for a in exponents:
            for b in exponents:
                total = round(frequency + a - b, _DIGITS) + 0.0
                out[total] = out.get(total, 0) + ways
    return out


def fourier_coefficients(
    model: Callable[[Any], Any], degree: int, *, period: float | int = 2 * np.pi
) -> Complex[Array, ...]:
    """The coefficients ``c_k`` of a function ``sum_k c_k exp(2 pi i k x / period)``.

    Exact for a band-limited function from ``2 degree + 1`` equidistant samples; what lies above the
    degree is folded into it. Differentiable, and vmapped over parameters by closing over them.

    Args:
        model: a scalar x to a real scalar (or an array, whose axes then follow).
        degree: highest k, at least 0.
        period: of the function, in units of x.

    Returns:
        Complex, shape ``(2 degree + 1, ...)``, from ``k = -degree`` to ``degree``.

    Raises:
        ParameterError: a negative degree, a period that is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.diagnostics import fourier_coefficients
        >>> abs(fourier_coefficients(lambda x: 1 + jnp.cos(2 * x), 2)).round(3).tolist()
        [0.5, 0.0, 1.0, 0.0, 0.5]
    """
    if degree < 0 or not period > 0:
        raise ParameterError(
            "fourier_coefficients: degree must be at least 0 and period positive",
            got=f"degree {degree}, period {period}",
        )
    count = 2 * degree + 1
    values: Float[Array, ...] = jax.vmap(model)(jnp.arange(count, dtype=float) * (period / count))
    return jnp.fft.fftshift(jnp.fft.fft(values, axis=0), axes=0) / count
