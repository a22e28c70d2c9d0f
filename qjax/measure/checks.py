"""What the arguments of the verbs must be, said where they are not."""

from __future__ import annotations

import numbers
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..circuit.operations import as_qubits, check_distinct
from ..errors import (
    KeyRequiredError,
    ObservableError,
    ParameterError,
    QubitError,
    ShotsError,
    UnsupportedError,
)
from ..observables import Hermitian, Projector
from ..pauli import PauliSum, as_pauli_sum
from ..simulators import DensityMatrix, Trajectories
from ..simulators.answers import is_observable


def as_observables(value: Any, n: int, verb: str) -> Any:
    def one(o: Any) -> Any:
        if isinstance(o, PauliSum):
            _check_coefficients(o, verb)
        elif not isinstance(o, Hermitian | Projector):
            try:
                o = as_pauli_sum(o)
            except ObservableError as error:
                raise error.within(f"{verb}: observable") from None
        if max(o.qubits, default=-1) >= n:
            raise ObservableError(
                f"{verb}: observable acts on qubit {max(o.qubits)}, which the circuit lacks",
                expected=f"qubits 0 to {n - 1}",
                got=repr(o),
            )
        return o

    out = jax.tree.map(one, value, is_leaf=lambda x: is_observable(x) or hasattr(x, "qubits"))
    if not jax.tree.leaves(out, is_leaf=is_observable):
        raise ObservableError(f"{verb}: observable holds nothing to measure", got=repr(value))
    return out


def _check_coefficients(o: PauliSum, verb: str) -> None:
    if jnp.issubdtype(o.coeffs.dtype, jnp.complexfloating):
        raise ObservableError(
            f"{verb}: observable is not Hermitian: its coefficients are complex",
            expected="real coefficients",
            got=repr(o),
            fix="measure the Hermitian and the anti-Hermitian part apart",
        )


def as_some_qubits(qubits: Any, n: int, verb: str) -> tuple[int, ...] | None:
    if qubits is None:
        return None
    some = as_qubits(qubits, f"{verb}: qubits: ")
    check_distinct(some, f"{verb}: qubits: ")
    if any(q >= n for q in some):
        raise QubitError(
            f"{verb}: qubits: qubit {max(some)} is outside the circuit",
            expected=f"0 to {n - 1}",
            got=some,
        )
    return some


def as_some_bits(bits: Any, m: int, qubits: Any, verb: str, sim: Any) -> tuple[int, ...] | None:
    if bits is None:
        return None
    if not isinstance(sim, DensityMatrix | Trajectories):
        raise UnsupportedError(
            f"{verb}: bits: {type(sim).__name__} keeps no classical bits",
            fix="use sim=qjax.DensityMatrix() or sim=qjax.Trajectories(n)",
        )
    if qubits is not None:
        raise ParameterError(
            f"{verb}: qubits and bits cannot both be asked for", fix="ask twice, once for each"
        )
    some = as_qubits(bits, f"{verb}: bits: ")
    check_distinct(some, f"{verb}: bits: ")
    if not some or any(b >= m for b in some):
        raise ParameterError(
            f"{verb}: bits must be classical bits of the circuit",
            expected=f"0 to {m - 1}" if m else "a circuit made with bits=..., and Measure in it",
            got=some,
        )
    return some


def as_shots(shots: Any, verb: str) -> int:
    if isinstance(shots, bool) or not isinstance(shots, numbers.Integral) or int(shots) < 1:
        raise ShotsError(
            f"{verb}: shots must be a positive integer",
            expected="1, 2, 3, ... (static, not traced)",
            got=repr(shots),
        )
    return int(shots)


def as_key(key: Any, verb: str, required: bool) -> Array:
    hint = "make one with jax.random.key(0), and split it for every use"
    if key is None and required:
        raise KeyRequiredError(
            f"{verb}: key is missing: the result is random", expected="a PRNG key", fix=hint
        )
    if not isinstance(key, jax.Array):
        raise KeyRequiredError(
            f"{verb}: key must be a JAX PRNG key",
            expected="jax.random.key(seed)",
            got=f"{type(key).__name__}: {key!r:.40}",
            fix=hint,
        )
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if key.shape != () if typed else (key.shape != (2,) or key.dtype != jnp.uint32):
        raise KeyRequiredError(
            f"{verb}: key must be one PRNG key",
            expected="a single key (use jax.vmap for many)",
            got=f"shape {key.shape}, dtype {key.dtype}",
            fix=hint,
        )
    return key
