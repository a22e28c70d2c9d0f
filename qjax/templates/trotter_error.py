"""How far a product formula is from the evolution: bounds from commutators, estimates from runs."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..circuit import Circuit
from ..errors import ParameterError, UnsupportedError
from ..measure import run
from ..pauli import Word, multiply_words
from ..simulators import Simulator, Statevector
from .trotter import checked_formula, checked_hamiltonian, trotter

Sum = dict[Word, complex]


def trotter_error_bound(hamiltonian: Any, time: float, steps: int, order: int = 2) -> float:
    """An upper bound of ``|| trotter(...) - exp(-i H time) ||`` in the spectral norm.

    Nested commutators are formed exactly in the Pauli algebra; their norms are bounded by the sums
    of their coefficients' magnitudes.

    Args:
        hamiltonian: a real `PauliSum` with concrete coefficients.
        time: as for `trotter`.
        steps: as for `trotter`.
        order: 1 or 2.

    Raises:
        ParameterError: another order (see `trotter_error_estimate`).

    Source: Childs, Su, Tran, Wiebe and Zhu, arXiv:1912.08854, propositions 9 and 10.

    Example:
        >>> import qjax as qj
        >>> qj.templates.trotter_error_bound(qj.X(0) + qj.Z(0), time=0.1, steps=1, order=1)
        0.01
    """
    total = checked_hamiltonian(hamiltonian, "trotter_error_bound")
    checked_formula(steps, order, "trotter_error_bound")
    if order > 2:
        raise ParameterError(
            "trotter_error_bound: there are bounds for orders 1 and 2",
            got=order,
            fix="use trotter_error_estimate",
        )
    terms = [(w, c) for w, c in zip(total.words, np.asarray(total.coeffs).tolist(), strict=True)]
    dt, bound = abs(float(time)) / steps, 0.0
    for k, (word, c) in enumerate(terms):
        one, rest = {word: complex(c)}, {w: complex(x) for w, x in terms[k + 1 :]}
        inner = _commutator(rest, one)
        if order == 1:
            bound += dt**2 / 2 * _size(inner)
        else:
            bound += dt**3 / 12 * _size(_commutator(rest, inner))
            bound += dt**3 / 24 * _size(_commutator(one, inner))
    return float(round(steps * bound, 15))


def trotter_error_estimate(
    hamiltonian: Any,
    time: Any,
    steps: int,
    order: int = 2,
    *,
    start: Circuit | None = None,
    sim: Simulator | None = None,
) -> Float[Array, ""]:
    """The distance ``|| trotter(...)|s> - exp(-i H time)|s> ||``, estimated by halving the step.

    The states after ``steps`` and ``2 steps`` differ by ``1 - 2**-order`` of the error, up to the
    next order of the step.

    Args:
        hamiltonian: as for `trotter`.
        time: as for `trotter`.
        steps: as for `trotter`.
        order: as for `trotter`.
        start: prepares the state s; default ``|0...0>``.
        sim: a `Statevector`.

    Returns:
        A real scalar; differentiable.

    Raises:
        UnsupportedError: another simulator.

    Example:
        >>> import qjax as qj
        >>> coarse = qj.templates.trotter_error_estimate(qj.tfim(3), 1.0, steps=4)
        >>> fine = qj.templates.trotter_error_estimate(qj.tfim(3), 1.0, steps=8)
        >>> 3.5 < float(coarse / fine) < 4.5
        True
    """
    sim = Statevector() if sim is None else sim
    if not isinstance(sim, Statevector):
        raise UnsupportedError("trotter_error_estimate: sim must be a Statevector", got=repr(sim))
    total = checked_hamiltonian(hamiltonian, "trotter_error_estimate")
    checked_formula(steps, order, "trotter_error_estimate")
    n = max(total.num_qubits, 1) if start is None else max(total.num_qubits, start.n)
    begin = Circuit(n, [] if start is None else [start])
    coarse, fine = (
        run(begin + trotter(total, time, count, order, n), sim=sim) for count in (steps, 2 * steps)
    )
    return jnp.linalg.norm(coarse - fine) / (1 - 2.0**-order)


def _commutator(a: Sum, b: Sum) -> Sum:
    out: Sum = {}
    for u, x in a.items():
        for v, y in b.items():
            power, word = multiply_words(u, v)
            if power % 2:  # words that anticommute: the product is i or -i times a word
                out[word] = out.get(word, 0) + 2 * x * y * 1j**power
    return out


def _size(a: Sum) -> float:
    return float(sum(abs(x) for x in a.values()))
