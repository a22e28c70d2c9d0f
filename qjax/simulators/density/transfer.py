"""Pauli transfer matrices of single operations, as functions of their parameters.

Gates with one angle are trigonometric polynomials of it, whose constant matrices are found once
with NumPy; everything else goes through the general formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...gates.channels import CHANNELS, kraus_transfer, pauli_basis
from ...gates.matrices import pauli_matrix
from ..kernels import HIGHEST
from ..steps.local import embed_controls
from ..steps.step import Item, complex_of, target_matrix

ROTATIONS = {w: w[1:] for w in ("RX", "RY", "RZ", "RXX", "RYY", "RZZ", "RZX")}


@dataclass(frozen=True)
class Form:
    """What is static about an operation's transfer matrix: everything but its parameters.

    Attributes:
        item: the operation, its parameters numbered from 0, its qubits from 0 in ascending order.
        channel: whether it is an entry of the channel table.
    """

    item: Item
    channel: bool = False

    @property
    def constant(self) -> np.ndarray | None:
        """The matrix, where it has no parameters."""
        return None if self.item.params or self.channel else _constant(self.item)

    @property
    def series(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What a gate with one angle consists of: frequencies, and the coefficients of 1, of
        cosines and of sines; None for everything else."""
        return None if self.channel else _series(self.item)

    @property
    def tabled(self) -> bool:
        """Whether `table` computes many of them at once: gates with one angle, Pauli noise."""
        if self.channel:
            return CHANNELS[self.item.name].diagonal is not None
        return self.series is not None

    def table(self, values: Any, dtype: Any) -> Any:
        """The matrices for parameters stacked along a leading axis, ``(m, 4**k, 4**k)``, or their
        diagonals ``(m, 4**k)``."""
        if self.series is not None:
            return _evaluate(self.series, values, dtype)
        return jax.vmap(lambda p: self.matrix([p], dtype))(values)

    def matrix(self, params: Sequence[Any], dtype: Any) -> Any:
        """The transfer matrix, real ``(4**k, 4**k)``, or its diagonal ``(4**k,)`` where it has no
        other elements; its axes follow the ascending qubits."""
        item = self.item
        if self.channel:
            diagonal = CHANNELS[item.name].diagonal
            if diagonal is not None:
                return sort_axes(diagonal(tuple(params), dtype), item.qubits, jnp)
            out = CHANNELS[item.name].transfer(tuple(params), dtype)
        else:
            if self.series is not None:
                return self.table(jnp.reshape(params[0], (1,)), dtype)[0]
            u = embed_controls(target_matrix(item, params, dtype), item)
            out = kraus_transfer(u[None], dtype)
        return sort_axes(out, item.qubits, jnp)


def sort_axes(matrix: Any, qubits: tuple[int, ...], xp: Any) -> Any:
    """A transfer matrix, or its diagonal, with its qubits in ascending order."""
    order = sorted(range(len(qubits)), key=lambda i: qubits[i])
    if order == list(range(len(qubits))):
        return matrix
    k = len(qubits)
    axes = (*order, *(k + i for i in order))[: k * matrix.ndim]
    return xp.transpose(matrix.reshape((4,) * (k * matrix.ndim)), axes).reshape(matrix.shape)


def _numpy_matrix(item: Item, angle: float | None) -> np.ndarray | None:
    """The unitary with its angle given, where it is known to NumPy."""
    spec = item.spec
    word = item.static if item.name == "PauliRotation" else ROTATIONS.get(item.name)
    params = [] if angle is None else [angle]
    if word is not None and angle is not None:
        p = pauli_matrix(word)
        u = np.cos(angle / 2) * np.eye(len(p)) - 1j * np.sin(angle / 2) * p
    elif spec.diagonal is not None:
        const, linear = spec.diagonal
        phases = const + linear @ np.asarray(params)
        quarter = np.round(phases * 2 / np.pi)
        exact = np.isclose(phases, quarter * np.pi / 2, rtol=0, atol=1e-15)
        u = np.diag(np.where(exact, 1j ** (quarter % 4), np.exp(1j * phases)))
    elif angle is None:
        with jax.ensure_compile_time_eval():
            u = np.asarray(target_matrix(item, (), jnp.zeros(()).dtype), complex)
    else:
        return None
    if item.inverted and (spec.diagonal is not None or word is not None):
        u = u.conj().T
    if item.controls:
        d = len(u)
        start = int("".join(map(str, item.values)), 2) * d
        out = np.eye(d * 2 ** len(item.controls), dtype=complex)
        out[start : start + d, start : start + d] = u
        u = out
    return u


def _numpy_transfer(u: np.ndarray, qubits: tuple[int, ...]) -> np.ndarray:
    basis = pauli_basis(len(qubits))
    d = len(u)
    image = np.einsum("ab,jbc,dc->jad", u, basis, u.conj(), optimize=True)
    out = np.real(basis.transpose(0, 2, 1).reshape(d * d, -1) @ image.reshape(d * d, -1).T) / d
    out[np.abs(out) < 1e-15] = 0
    return sort_axes(out, qubits, np)


@lru_cache(maxsize=1024)
def _constant(item: Item) -> np.ndarray:
    u = _numpy_matrix(item, None)
    assert u is not None
    return _numpy_transfer(u, item.qubits)


@lru_cache(maxsize=1024)
def _series(item: Item) -> tuple[np.ndarray, np.ndarray] | None:
    """(frequencies, coefficients of 1, cosines and sines) of a gate with one angle; else None."""
    exponents = item.spec.exponents
    if len(item.params) != 1 or len(exponents) != 1 or exponents[0] is None:
        return None
    if _numpy_matrix(item, 0.0) is None:
        return None
    powers = (*exponents[0], 0.0) if item.controls else exponents[0]
    gaps = {round(abs(a - b), 9) for a in powers for b in powers} - {0.0}
    frequencies = np.array(sorted(gaps))
    count = 2 * len(frequencies) + 1
    angles = 2 * np.pi * np.arange(count) / (count * frequencies[0])
    phases = angles[:, None] * frequencies
    design = np.concatenate([np.ones((count, 1)), np.cos(phases), np.sin(phases)], axis=1)
    samples = np.stack([_numpy_transfer(_matrix_at(item, t), item.qubits) for t in angles])
    coefficients = np.linalg.solve(design, samples.reshape(count, -1))
    coefficients[np.abs(coefficients) < 1e-14] = 0
    nearest = np.round(coefficients * 4) / 4
    exact = np.abs(coefficients - nearest) < 1e-14
    coefficients = np.where(exact, nearest, coefficients)
    return frequencies, coefficients.reshape(samples.shape)


def _matrix_at(item: Item, angle: float) -> np.ndarray:
    u = _numpy_matrix(item, angle)
    assert u is not None
    return u


def tables(kinds: Mapping[Form, Any], dtype: Any) -> dict[Form, Any]:
    """`Form.table` of several forms, each with its parameters stacked: gates on one qubit that
    have the same frequencies share their sines and cosines and one matrix product."""
    out: dict[Form, Any] = {}
    alike: dict[tuple, list[Form]] = {}
    for form, values in kinds.items():
        if form.series is None or len(form.series[1][0]) > 4:
            out[form] = form.table(values, dtype)
        else:
            alike.setdefault(tuple(form.series[0]), []).append(form)
    for forms in alike.values():
        series = [form.series for form in forms if form.series is not None]
        flat = np.concatenate([c.reshape(len(c), -1) for _, c in series], axis=1)
        angles = [kinds[form] for form in forms]
        whole = angles[0] if len(angles) == 1 else jnp.concatenate(angles)
        made = _waves(series[0][0], whole, flat, dtype).reshape(len(whole), len(forms), 4, 4)
        first = 0
        for k, form in enumerate(forms):
            last = first + len(kinds[form])
            out[form], first = made[first:last, k], last
    return out


def _evaluate(series: tuple[np.ndarray, np.ndarray], angles: Any, dtype: Any) -> Any:
    frequencies, coefficients = series
    flat = coefficients.reshape(len(coefficients), -1)
    made = _waves(frequencies, angles, flat, dtype)
    return made.reshape(len(angles), *coefficients.shape[1:])


def _waves(frequencies: np.ndarray, angles: Any, coefficients: np.ndarray, dtype: Any) -> Any:
    """One matrix product of waves and coefficients.

    The waves are a single elementwise expression: XLA would split the product of a concatenation
    and then repeat sines and cosines for every element of what follows.
    """
    one, each = np.zeros(1), np.zeros(len(frequencies))
    pitch = jnp.asarray(np.concatenate([one, frequencies, frequencies]), dtype)
    odd = np.concatenate([one, each, each + 1]).astype(bool)
    phases = angles[:, None] * pitch[None, :]
    waves = jnp.where(odd[None, :], jnp.sin(phases), jnp.cos(phases))
    return jnp.matmul(waves, jnp.asarray(coefficients, dtype), precision=HIGHEST)


__all__ = ["Form", "complex_of", "sort_axes"]
