"""Time evolution as a circuit: product formulas of orders 1, 2, 4, ..."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Circuit, Repeat
from ..circuit.constructors import RX, RXX, RY, RYY, RZ, RZZ, GlobalPhase, PauliRotation
from ..errors import ObservableError, ParameterError
from ..pauli import PauliSum, Word, as_pauli_sum

_SHORT = {"X": RX, "Y": RY, "Z": RZ, "XX": RXX, "YY": RYY, "ZZ": RZZ}


def trotter(
    hamiltonian: Any, time: Any, steps: int, order: int = 2, n: int | None = None
) -> Circuit:
    """``exp(-i H time)`` as ``steps`` equal products of the exponentials of the words of H.

    Order 1 is one product in the order of the words, order 2 that product there and back with half
    the time, higher ones Suzuki's recursion. The error falls as ``time**(order + 1) /
    steps**order``; see `trotter_error_bound` and `trotter_error_estimate`. One step is compiled,
    however many there are.

    Args:
        hamiltonian: a real `PauliSum`; its coefficients may be traced.
        time: real scalar; ``time * coefficient`` in radians.
        steps: how many, a positive integer.
        order: 1, or an even number.
        n: number of qubits; default as many as the Hamiltonian names.

    Returns:
        A circuit on n qubits, the phase of the identity included.

    Raises:
        ParameterError: steps or order that cannot be, an n too small.
        ObservableError: complex coefficients, or no words.

    Source: Suzuki, Phys. Lett. A 146, 319 (1990); Childs et al., arXiv:1912.08854.

    Example:
        >>> import qjax as qj
        >>> qj.templates.trotter(qj.tfim(2), time=1.0, steps=10).counts()
        {'RZZ': 20, 'RX': 30}
    """
    total = checked_hamiltonian(hamiltonian, "trotter")
    checked_formula(steps, order, "trotter")
    least = max(total.num_qubits, 1)
    size = least if n is None else n
    if size < least:
        raise ParameterError(
            "trotter: n is smaller than the Hamiltonian needs",
            expected=f"at least {least}",
            got=n,
        )
    coeffs = total.coeffs
    if isinstance(coeffs, jax.Array) or isinstance(time, jax.Array):
        given = [x.dtype for x in (coeffs, time) if isinstance(x, jax.Array)]
        real = [d for d in given if jnp.issubdtype(d, jnp.floating)]
        dtype = np.result_type(*real) if real else jnp.zeros(()).dtype
        coeffs, time = jnp.asarray(coeffs, dtype), jnp.asarray(time, dtype)
    else:
        time = float(time)
    block = []
    for k, share in sequence(len(total.words), order):
        word, angle = total.words[k], coeffs[k] * (time / steps) * share
        block.append(_exponential(word, angle if isinstance(angle, jax.Array) else float(angle)))
    return Circuit(size, [Repeat(block, steps)] if steps > 1 else block)


def sequence(terms: int, order: int) -> list[tuple[int, float]]:
    """Which term acts in turn within a step, and for which share of its time."""
    if order == 1:
        return [(k, 1.0) for k in range(terms)]
    if order == 2:
        there = [(k, 0.5) for k in range(terms)]
        return _merged([*there, *reversed(there)])
    p = 1 / (4 - 4 ** (1 / (order - 1)))
    inner = sequence(terms, order - 2)
    shares = (p, p, 1 - 4 * p, p, p)
    return _merged([(k, s * share) for share in shares for k, s in inner])


def _merged(items: list[tuple[int, float]]) -> list[tuple[int, float]]:
    out: list[tuple[int, float]] = []
    for k, share in items:
        if out and out[-1][0] == k:
            out[-1] = (k, out[-1][1] + share)
        else:
            out.append((k, share))
    return out


def _exponential(word: Word, angle: Any) -> Any:
    """``exp(-i angle word)``."""
    if not word:
        return GlobalPhase(-angle)
    letters, qubits = "".join(c for _, c in word), tuple(q for q, _ in word)
    short = _SHORT.get(letters)
    return PauliRotation(2 * angle, letters, qubits) if short is None else short(2 * angle, *qubits)


def checked_hamiltonian(hamiltonian: Any, name: str) -> PauliSum:
    """The sum, real and not empty."""
    total = as_pauli_sum(hamiltonian)
    if jnp.issubdtype(total.coeffs.dtype, jnp.complexfloating):
        raise ObservableError(f"{name}: the Hamiltonian must have real coefficients")
    if not total.words:
        raise ObservableError(f"{name}: the Hamiltonian has no words")
    return total


def checked_formula(steps: Any, order: Any, name: str) -> None:
    """Steps and order of a product formula, or a `ParameterError`."""
    for label, value in (("steps", steps), ("order", order)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ParameterError(f"{name}: {label} must be a positive integer", got=repr(value))
    if order > 1 and order % 2:
        raise ParameterError(
            f"{name}: there is no product formula of order {order}", expected="1, 2, 4, 6, ..."
        )


def by_letters(hamiltonian: Any) -> PauliSum:
    """The same sum with its words sorted by their letters, so that commuting ones stand together.

    The words of one kind, as all XX of a chain, then act as one; fewer commutators are left, and
    the error of `trotter` is mostly smaller.

    Example:
        >>> import qjax as qj
        >>> sorted_sum = qj.templates.by_letters(qj.Z(0) + qj.X(0) + qj.Z(1))
        >>> sorted_sum
        PauliSum(1.0 X0 + 1.0 Z0 + 1.0 Z1)
    """
    total = as_pauli_sum(hamiltonian)

    def rank(k: int) -> tuple:
        word = total.words[k]
        return "".join(sorted({c for _, c in word})), len(word), word

    order = sorted(range(len(total.words)), key=rank)
    return PauliSum([total.words[k] for k in order], total.coeffs[np.array(order, int)])
