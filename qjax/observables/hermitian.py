"""A dense Hermitian matrix on a few qubits, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax

from ..circuit.constructors import check_hermitian
from ..circuit.operations import as_array, as_qubits, check_distinct
from ..errors import ObservableError


@jax.tree_util.register_pytree_with_keys_class
class Hermitian:
    """An observable given by its matrix on a few qubits.

    The matrix is a leaf: it may be traced, batched, and differentiated with respect to. Gradients
    with respect to it are those of ``<psi| matrix |psi>``, element by element.

    Args:
        matrix: shape ``(2**k, 2**k)``, real symmetric or complex Hermitian; checked when its
            numbers are known.
        qubits: k qubits (one or several), the first the most significant bit of the matrix index.

    Raises:
        MatrixError: the matrix is not Hermitian (to 1e-8 of its largest element, or 1e-4 in single
            precision).
        ParameterError: another shape than ``(2**k, 2**k)``, or numbers that are not finite.
        QubitError: a qubit that is negative, repeated or not an integer.
        ObservableError: no qubits.

    Example:
        >>> import numpy as np, qjax as qj
        >>> qj.Hermitian(np.array([[0, 1], [1, 0]]), 3)
        Hermitian(<2x2>, 3)
    """

    __slots__ = ("matrix", "qubits")
    __array_ufunc__ = None
    matrix: Any
    qubits: tuple[int, ...]

    def __init__(self, matrix: Any, qubits: Any) -> None:
        places = as_qubits(qubits, "Hermitian: ")
        check_distinct(places, "Hermitian: ")
        if not places:
            raise ObservableError("Hermitian: qubits must name at least one qubit", got=qubits)
        d = 2 ** len(places)
        self.matrix = as_array(matrix, (d, d), "Hermitian: matrix", complex_ok=True)
        check_hermitian(self.matrix, "Hermitian: matrix")
        self.qubits = places

    def tree_flatten_with_keys(self):
        return ((jax.tree_util.GetAttrKey("matrix"), self.matrix),), self.qubits

    def tree_flatten(self):
        return (self.matrix,), self.qubits

    @classmethod
    def tree_unflatten(cls, qubits, children):
        self = object.__new__(cls)
        (self.matrix,), self.qubits = children, qubits
        return self

    @property
    def num_qubits(self) -> int:
        """One more than the largest qubit index named."""
        return 1 + max(self.qubits)

    def map_qubits(self, mapping: Mapping[int, int] | Iterable[int]) -> Hermitian:
        """The observable with qubit ``q`` renamed ``mapping[q]``."""
        table = dict(mapping) if isinstance(mapping, Mapping) else dict(enumerate(mapping))
        renamed = as_qubits([table.get(q, q) for q in self.qubits], "Hermitian: ")
        check_distinct(renamed, "Hermitian: map_qubits: ")
        return self.tree_unflatten(renamed, (self.matrix,))

    def __repr__(self) -> str:
        shape = getattr(self.matrix, "shape", None)
        size = "?" if shape is None else "x".join(map(str, shape))
        return f"Hermitian(<{size}>, {', '.join(map(str, self.qubits))})"
