"""Unitary coupled cluster as a circuit of Pauli rotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..circuit import Circuit
from ..circuit.constructors import PauliRotation, X
from ..errors import ParameterError
from ..observables import Excitation, encode_occupations
from .arrays import as_parameters


def excitation_rotations(
    angle: Any, excitation: Excitation, modes: int, encoding: str = "jordan-wigner"
) -> list:
    """``exp(angle (T - T'))`` of one excitation, exactly: its words commute.

    Args:
        angle: radians.
        excitation: which.
        modes: how many; as many qubits.
        encoding: see `qjax.observables.encoding_matrix`.

    Returns:
        Pauli rotations: 2 for a single, 8 for a double excitation.

    Example:
        >>> import qjax as qj
        >>> from qjax.observables import Excitation
        >>> len(qj.templates.excitation_rotations(0.1, Excitation((0,), (2,)), 4))
        2
    """
    total = excitation.generator(modes, encoding)
    return [
        PauliRotation(2 * angle * c, "".join(a for _, a in word), [q for q, _ in word])
        for word, c in zip(total.words, np.asarray(total.coeffs).tolist(), strict=True)
    ]


def uccsd(
    params: Any,
    excitations: Sequence[Excitation],
    orbitals: int,
    electrons: int,
    encoding: str = "jordan-wigner",
) -> Circuit:
    """The Hartree-Fock state, and one rotation for every excitation in turn.

    It keeps the number of electrons of either spin. (`qjax.chemistry` has the same state as far
    fewer numbers.)

    Args:
        params: radians, ``(len(excitations),)``.
        excitations: such as `qjax.observables.uccsd_excitations`; the first acts first.
        orbitals: of space; twice as many qubits.
        electrons: in the lowest orbitals.
        encoding: see `qjax.observables.encoding_matrix`.

    Raises:
        ParameterError: params of another shape.

    Source: Peruzzo et al., arXiv:1304.3061; Barkoutsos et al., arXiv:1805.04340.

    Example:
        >>> import numpy as np, qjax as qj
        >>> pool = qj.observables.uccsd_excitations(2, 2)
        >>> qj.templates.uccsd(np.zeros(3), pool, orbitals=2, electrons=2).counts()
        {'X': 2, 'PauliRotation': 12}
    """
    params = as_parameters(
        params, (len(excitations),), "uccsd: params", "one angle for each excitation"
    )
    modes = 2 * orbitals
    if not 0 <= electrons <= modes:
        raise ParameterError("uccsd: so many electrons do not fit", got=electrons)
    bits = encode_occupations([1] * electrons + [0] * (modes - electrons), encoding)
    start = [X(q) for q, bit in enumerate(bits) if bit == "1"]
    turns = [excitation_rotations(params[k], e, modes, encoding) for k, e in enumerate(excitations)]
    return Circuit(modes, [*start, *turns])
