"""Evolution of chains in real and imaginary time, by Trotter steps."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit import Operation
from ..errors import ObservableError, ParameterError
from ..gates.matrices import pauli_matrix
from ..pauli import PauliSum, as_pauli_sum
from ..simulators.mps import MatrixProductState
from ..simulators.mps import state as mps
from ..simulators.steps.step import complex_of
from .two_site import cut, einsum, join

_SUZUKI = 1 / (4 - 4 ** (1 / 3))
_COMPOSITION = {2: (1.0,), 4: (_SUZUKI, _SUZUKI, 1 - 4 * _SUZUKI, _SUZUKI, _SUZUKI)}


class Evolution(NamedTuple):
    """Where a chain has come.

    Attributes:
        state: the `MatrixProductState`, normalised.
        truncation_error: ``1 - prod_k (1 - share of weight discarded in update k)``, an estimate
            of one minus the fidelity: too small where many errors point the same way.
        values: of what was to be observed, after every step; a leading axis of steps.
    """

    state: MatrixProductState
    truncation_error: Any
    values: Any


def tebd(
    hamiltonian: Any,
    state: MatrixProductState,
    time: float | int,
    steps: int,
    *,
    max_bond: int = 32,
    order: int = 2,
    imaginary: bool = False,
    observe: Any = None,
) -> Evolution:
    """A state under ``exp(-i H time)``, or ``exp(-H time)`` with its norm restored.

    A step goes through all bonds from left to right and back, with half of it each way, which is
    a product formula of second order; the fourth order composes five of them. Every update keeps
    the largest Schmidt values. Imaginary time leads to the ground state, with an error of the
    product formula: let ``time / steps`` become small at the end. No derivative.

    Args:
        hamiltonian: a `PauliSum` of words on one qubit or on two neighbours.
        state: of at least two qubits; not necessarily normalised.
        time: in units of the inverse coupling, any real number.
        steps: at least 1.
        max_bond: largest bond dimension.
        order: 2 or 4.
        imaginary: whether time is imaginary.
        observe: a `PauliSum`, or a pytree of them, whose expectation values are wanted after
            every step.

    Raises:
        ObservableError: a Hamiltonian with other words.
        ParameterError: numbers out of range.

    Source: Vidal, PRL 93, 040502 (2004); Suzuki, Phys. Lett. A 146, 319 (1990).

    Example:
        >>> import jax.numpy as jnp, qjax as qj
        >>> from qjax.tensor import MatrixProductState, tebd
        >>> up = MatrixProductState.from_dense(jnp.zeros(16).at[0].set(1.0), 4)
        >>> found = tebd(qj.tfim(4), up, 8.0, 160, max_bond=4, imaginary=True)
        >>> round(float(found.state.expval(qj.tfim(4))), 3)
        -4.759
    """
    hamiltonian = as_pauli_sum(hamiltonian)
    if not isinstance(steps, int) or steps < 1 or not isinstance(max_bond, int) or max_bond < 1:
        raise ParameterError(
            "tebd: steps and max_bond must be positive integers",
            got=f"steps={steps!r}, max_bond={max_bond!r}",
        )
    if order not in _COMPOSITION:
        raise ParameterError("tebd: order is unknown", expected="2 or 4", got=order)
    bonds = bond_terms(hamiltonian, state.n)
    real = imaginary and not np.iscomplexobj(bonds) and not jnp.iscomplexobj(state.tensors)
    low = jnp.finfo(state.tensors.dtype).dtype
    dtype = low if real else complex_of(low)
    values, vectors = np.linalg.eigh(bonds)
    unit = -1.0 if imaginary else -1j
    tables = []
    for share in _COMPOSITION[order]:
        phases = np.exp(unit * values * share * time / steps / 2)
        gates = np.einsum("bij,bj,bkj->bik", vectors, phases, vectors.conj())
        tables.append(gates.reshape(-1, 2, 2, 2, 2))
    gates = jnp.asarray(np.stack(tables), dtype)
    chi = min(max_bond, 2 ** min(state.n // 2, 30))
    if state.max_bond > chi:
        state = state.truncated(chi)
    room = chi - state.max_bond
    padded = jnp.pad(state.tensors, ((0, 0), (0, room), (0, 0), (0, room)))
    start = mps.canonical(padded.astype(dtype))
    observe = jax.tree.map(
        as_pauli_sum, observe, is_leaf=lambda o: isinstance(o, PauliSum | Operation)
    )
    tensors, lost, seen = _run(start, gates, observe, steps)
    return Evolution(MatrixProductState(tensors), lost, seen)


def bond_terms(hamiltonian: PauliSum, n: int) -> np.ndarray:
    """The Hamiltonian as a sum over bonds, ``(n - 1, 4, 4)``; words on one qubit are shared by the
    bonds beside it. Multiples of the identity are left out.

    Raises:
        ObservableError: words on other than one qubit or two neighbours.
    """
    if n < 2 or hamiltonian.num_qubits > n:
        raise ObservableError(
            "tebd: the Hamiltonian does not fit the chain",
            expected=f"qubits 0 to {n - 1}, at least two of them",
            got=repr(hamiltonian),
        )
    out = np.zeros((n - 1, 4, 4), complex)
    for word, weight in zip(hamiltonian.words, np.asarray(hamiltonian.coeffs), strict=True):
        qubits = [q for q, _ in word]
        letters = "".join(c for _, c in word)
        if len(qubits) == 2 and qubits[1] - qubits[0] == 1:
            out[qubits[0]] += weight * pauli_matrix(letters)
        elif len(qubits) == 1:
            (q,) = qubits
            beside = [(b, "I" * (q - b) + letters + "I" * (b + 1 - q)) for b in (q - 1, q)]
            inside = [(b, w) for b, w in beside if 0 <= b < n - 1]
            for b, w in inside:
                out[b] += weight / len(inside) * pauli_matrix(w)
        elif qubits:
            raise ObservableError(
                "tebd: every word must act on one qubit or on two neighbours",
                got=repr(word),
                fix="swap qubits, or use qjax.tensor.dmrg for ground states",
            )
    return np.real(out) if not np.imag(out).any() else out


@partial(jax.jit, static_argnums=3)
def _run(tensors: Any, gates: Any, observe: Any, steps: int) -> Any:
    chi = tensors.shape[1]
    low = jnp.finfo(tensors.dtype).dtype

    def update(theta: Any, gate: Any, to_right: bool) -> Any:
        return cut(einsum("xyst,lstr->lxyr", gate, theta), chi, to_right)

    def forward(centre: Any, given: Any) -> Any:
        b, gate = given
        left, centre, lost = update(join(centre, b), gate, True)
        return centre, (left, lost)

    def backward(centre: Any, given: Any) -> Any:
        a, gate = given
        centre, right, lost = update(join(a, centre), gate, False)
        return centre, (right, lost)

    def sweep(carry: Any, table: Any) -> Any:
        tensors, kept = carry
        centre, (lefts, lost) = jax.lax.scan(forward, tensors[0], (tensors[1:], table))
        kept = kept * jnp.prod(1 - lost)
        first, (rights, lost) = jax.lax.scan(backward, centre, (lefts, table), reverse=True)
        kept = kept * jnp.prod(1 - lost)
        return (jnp.concatenate([first[None], rights]), kept), None

    def step(carry: Any, _: Any) -> Any:
        carry, _ = jax.lax.scan(sweep, carry, gates)
        state = MatrixProductState(carry[0])
        seen = jax.tree.map(state.expval, observe, is_leaf=lambda o: isinstance(o, PauliSum))
        return carry, seen

    (tensors, kept), seen = jax.lax.scan(step, (tensors, jnp.ones((), low)), None, steps)
    return tensors, 1 - kept, seen
