"""Named Hamiltonians of spins and graphs, as Pauli sums whose coefficients may be traced.

A coupling is one number, or one per bond (per site for a field). Everything is in terms of Pauli
matrices, not of spins one half. A field left at the Python number 0 adds no words.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..circuit.operations import as_qubits, is_concrete
from ..errors import ObservableError, QubitError
from ..pauli import PauliSum, Word, make_word

_Terms = list[tuple[list[Word], Any]]  # words, and one coefficient for each of them


def tfim(n: int, J: Any = 1.0, h: Any = 1.0, periodic: bool = False) -> PauliSum:
    """Transverse-field Ising chain, ``-J sum_k Z_k Z_{k+1} - h sum_k X_k``.

    Args:
        n: number of qubits, at least 1 (3 when periodic).
        J: coupling, a real scalar or shape ``(bonds,)``; ``n - 1`` bonds, ``n`` when periodic.
        h: transverse field, a real scalar or shape ``(n,)``.
        periodic: whether the last qubit couples to the first.

    Raises:
        ObservableError: a coupling of another shape, complex or not finite; an n too small.

    Source: Pfeuty, Ann. Phys. 57, 79 (1970), in Pauli matrices.

    Example:
        >>> import qjax as qj
        >>> qj.tfim(2, J=1.0, h=0.5)
        PauliSum(-1.0 Z0 Z1 - 0.5 X0 - 0.5 X1)
    """
    bonds = _bonds(n, periodic, "tfim")
    return _sum(
        [
            (_on("ZZ", bonds), -_couplings(J, len(bonds), "tfim: J")),
            *_field("X", n, h, "tfim: h"),
        ]
    )


def heisenberg(n: int, J: Any = 1.0, h: Any = 0.0, periodic: bool = False) -> PauliSum:
    """Heisenberg chain, ``J sum_k (X X + Y Y + Z Z)_{k,k+1} - h sum_k Z_k``.

    Args:
        n: number of qubits, at least 1 (3 when periodic).
        J: coupling (positive: antiferromagnetic), a real scalar or shape ``(bonds,)``.
        h: field along Z, a real scalar or shape ``(n,)``.
        periodic: whether the last qubit couples to the first.

    Raises:
        ObservableError: a coupling of another shape, complex or not finite; an n too small.

    Example:
        >>> import qjax as qj
        >>> qj.heisenberg(2)
        PauliSum(1.0 X0 X1 + 1.0 Y0 Y1 + 1.0 Z0 Z1)
    """
    bonds = _bonds(n, periodic, "heisenberg")
    J = _couplings(J, len(bonds), "heisenberg: J")
    exchange = [(_on(letters, bonds), J) for letters in ("XX", "YY", "ZZ")]
    return _sum([*exchange, *_field("Z", n, h, "heisenberg: h")])


def xxz(n: int, Jxy: Any = 1.0, Jz: Any = 1.0, h: Any = 0.0, periodic: bool = False) -> PauliSum:
    """XXZ chain, ``sum_k [Jxy (X X + Y Y) + Jz Z Z]_{k,k+1} - h sum_k Z_k``.

    Args:
        n: number of qubits, at least 1 (3 when periodic).
        Jxy: exchange in the plane, a real scalar or shape ``(bonds,)``.
        Jz: exchange along Z, a real scalar or shape ``(bonds,)``.
        h: field along Z, a real scalar or shape ``(n,)``.
        periodic: whether the last qubit couples to the first.

    Raises:
        ObservableError: a coupling of another shape, complex or not finite; an n too small.

    Example:
        >>> import qjax as qj
        >>> qj.xxz(2, Jxy=1.0, Jz=0.5)
        PauliSum(1.0 X0 X1 + 1.0 Y0 Y1 + 0.5 Z0 Z1)
    """
    bonds = _bonds(n, periodic, "xxz")
    plane = _couplings(Jxy, len(bonds), "xxz: Jxy")
    axis = _couplings(Jz, len(bonds), "xxz: Jz")
    exchange = [(_on("XX", bonds), plane), (_on("YY", bonds), plane), (_on("ZZ", bonds), axis)]
    return _sum([*exchange, *_field("Z", n, h, "xxz: h")])


def cluster(n: int, J: Any = 1.0, h1: Any = 0.0, h2: Any = 0.0, periodic: bool = False) -> PauliSum:
    """Cluster chain, ``-J sum_k Z_k X_{k+1} Z_{k+2} - h1 sum_k X_k - h2 sum_k X_k X_{k+1}``.

    Only whole triples stand in the open chain, which therefore has ``n - 2`` of them and, without
    fields, a fourfold ground state of energy ``-J (n - 2)``; the periodic chain has ``n`` triples
    and one ground state of energy ``-J n``, the cluster state.

    Args:
        n: number of qubits, at least 3.
        J: cluster coupling, a real scalar or shape ``(n - 2,)``, ``(n,)`` when periodic.
        h1: transverse field, a real scalar or shape ``(n,)``.
        h2: coupling of neighbours, a real scalar or shape ``(bonds,)``.
        periodic: whether the chain is closed.

    Raises:
        ObservableError: a coupling of another shape, complex or not finite; an n too small.

    Source: the family of Cong, Choi and Lukin, arXiv:1810.03787, whose phases a quantum
    convolutional network recognises.

    Example:
        >>> import qjax as qj
        >>> qj.cluster(3, h1=0.5)
        PauliSum(-1.0 Z0 X1 Z2 - 0.5 X0 - 0.5 X1 - 0.5 X2)
    """
    bonds = _bonds(n, periodic, "cluster", least=3)
    triples = [(k, (k + 1) % n, (k + 2) % n) for k in range(n if periodic else n - 2)]
    terms = [
        (_on("ZXZ", triples), -_couplings(J, len(triples), "cluster: J")),
        *_field("X", n, h1, "cluster: h1"),
    ]
    if not _is_zero(h2):
        terms.append((_on("XX", bonds), -_couplings(h2, len(bonds), "cluster: h2")))
    return _sum(terms)


def maxcut(edges: Any, weights: Any = None) -> PauliSum:
    """MaxCut of a graph, ``sum_(i,j) w_ij (Z_i Z_j - 1) / 2``.

    The energy of a bit string is minus the weight of the edges that it cuts, so the ground energy
    is minus the maximum cut.

    Args:
        edges: pairs of different vertices; an edge that is named twice counts twice.
        weights: real, shape ``(len(edges),)`` or a scalar; default 1.

    Raises:
        ObservableError: no edges, an edge that is not a pair, weights of another shape.
        QubitError: a vertex that is no qubit index, or an edge from a vertex to itself.

    Source: Farhi, Goldstone and Gutmann, arXiv:1411.4028, with the sign of an energy.

    Example:
        >>> import qjax as qj
        >>> qj.maxcut([(0, 1), (1, 2)])
        PauliSum(0.5 Z0 Z1 + 0.5 Z1 Z2 - 1.0 I)
    """
    pairs = [_edge(e, "maxcut") for e in _several(edges, "maxcut: edges")]
    halves = _couplings(1.0 if weights is None else weights, len(pairs), "maxcut: weights") / 2
    return _sum([(_on("ZZ", pairs), halves), ([()], -halves.sum(keepdims=True))])


def ising(couplings: Any, fields: Any = None) -> PauliSum:
    """Ising model on any graph, ``sum_(i,j) J_ij Z_i Z_j + sum_i h_i Z_i`` (both signs plus).

    Args:
        couplings: ``{(i, j): J_ij}`` or ``[(i, j, J_ij), ...]``; real scalars, traced or not.
        fields: ``{i: h_i}``, or an array of shape ``(n,)`` for qubits 0 to n - 1; default none.

    Raises:
        ObservableError: neither couplings nor fields, values that are not finite real scalars.
        QubitError: a vertex that is no qubit index, or a coupling of a qubit to itself.

    Example:
        >>> import qjax as qj
        >>> qj.ising({(0, 1): 1.0, (1, 2): -0.5}, fields=[0.1, 0.0, 0.2])
        PauliSum(1.0 Z0 Z1 - 0.5 Z1 Z2 + 0.1 Z0 + 0.0 Z1 + 0.2 Z2)
    """
    if isinstance(couplings, Mapping):
        triples = [(edge, value) for edge, value in couplings.items()]
    else:
        rows = [tuple(row) for row in _several(couplings, "ising: couplings", empty_ok=True)]
        if any(len(row) != 3 for row in rows):
            raise ObservableError(
                "ising: couplings must be {(i, j): J} or a list of (i, j, J)",
                got=next(row for row in rows if len(row) != 3),
            )
        triples = [((i, j), value) for i, j, value in rows]
    terms: _Terms = [
        (_on("ZZ", [_edge(edge, "ising")]), _couplings(value, 1, f"ising: coupling {edge}"))
        for edge, value in triples
    ]
    if isinstance(fields, Mapping):
        for q, value in fields.items():
            places = as_qubits(q, "ising: fields: ")
            terms.append((_on("Z", [places]), _couplings(value, 1, f"ising: field {q}")))
    elif fields is not None:
        shape = np.shape(fields)
        if len(shape) != 1:
            raise ObservableError(
                "ising: fields needs one number per qubit",
                expected="shape (n,), or {qubit: field}",
                got=f"shape {shape}",
            )
        sites = [(q,) for q in range(shape[0])]
        terms.append((_on("Z", sites), _couplings(fields, len(sites), "ising: fields")))
    if not terms:
        raise ObservableError("ising: there are neither couplings nor fields")
    return _sum(terms)


# --- building blocks -------------------------------------------------------------------------


def _sum(terms: _Terms) -> PauliSum:
    words = [word for group, _ in terms for word in group]
    parts = [values for _, values in terms]
    if all(isinstance(v, np.ndarray) for v in parts):
        return PauliSum(words, np.concatenate(parts))
    dtype = np.result_type(*(v.dtype for v in parts if isinstance(v, jax.Array)))
    return PauliSum(words, jnp.concatenate([jnp.asarray(v, dtype) for v in parts]))


def _on(letters: str, places: Sequence[tuple[int, ...]]) -> list[Word]:
    return [make_word(letters, qubits) for qubits in places]


def _field(letter: str, n: int, h: Any, name: str) -> _Terms:
    """``-h`` times one letter on every qubit."""
    if _is_zero(h):
        return []
    return [(_on(letter, [(q,) for q in range(n)]), -_couplings(h, n, name))]


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0


def _couplings(value: Any, count: int, name: str) -> Any:
    """One coefficient for each of ``count`` words: NumPy float64 when given as such, else JAX."""
    shape = np.shape(value)
    if shape not in ((), (count,)):
        raise ObservableError(
            f"{name} must be one number, or one for each of its {count} term(s)",
            expected=f"shape () or ({count},)",
            got=f"shape {shape}",
        )
    array = value if isinstance(value, jax.Array) else np.asarray(value)
    if not (jnp.issubdtype(array.dtype, jnp.floating) or jnp.issubdtype(array.dtype, jnp.integer)):
        raise ObservableError(
            f"{name} must be real", got=f"{type(value).__name__} of dtype {array.dtype}"
        )
    if is_concrete(array) and not np.all(np.isfinite(np.asarray(array))):
        raise ObservableError(f"{name} must be finite", got=np.asarray(array))
    if isinstance(array, np.ndarray):
        return np.broadcast_to(array.astype(np.float64), (count,))
    if jnp.issubdtype(array.dtype, jnp.integer):
        array = array.astype(float)
    return jnp.broadcast_to(array, (count,))


def _bonds(n: Any, periodic: bool, name: str, least: int = 1) -> list[tuple[int, int]]:
    least = max(least, 3) if periodic else least
    if isinstance(n, bool) or not isinstance(n, numbers.Integral) or int(n) < least:
        raise ObservableError(
            f"{name}: n must be an integer of at least {least}"
            + (" for a periodic chain" if periodic else ""),
            expected="the number of qubits",
            got=repr(n),
        )
    size = int(n)
    return [(k, (k + 1) % size) for k in range(size if periodic else size - 1)]


def _several(values: Any, name: str, empty_ok: bool = False) -> list[Any]:
    try:
        out = list(values)
    except TypeError:
        raise ObservableError(f"{name} must be a list", got=repr(values)) from None
    if not out and not empty_ok:
        raise ObservableError(f"{name} must not be empty", expected="pairs such as [(0, 1)]")
    return out


def _edge(edge: Any, name: str) -> tuple[int, int]:
    places = as_qubits(edge, f"{name}: edge {edge}: ")
    if len(places) != 2:
        raise ObservableError(f"{name}: an edge joins two qubits", got=edge)
    if places[0] == places[1]:
        raise QubitError(f"{name}: an edge joins two different qubits", got=edge)
    return places[0], places[1]
