"""How a reservoir is run: frozen objects, beside the simulators of circuits.

``sim=`` of a reservoir takes `Affine`, `Kraus` and `Eigenbasis` (Ising reservoirs),
`qjax.DensityMatrix` and `qjax.Trajectories`; None chooses by the number of qubits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ParameterError
from ..simulators.precision import check_dtype, real_dtype


@dataclass(frozen=True)
class Affine:
    """One real matrix per step, on the Pauli components that survive the input.

    Feeding an input in erases one qubit, so ``4**(n - 1)`` numbers carry all memory; the step is
    linear in them and affine in the input's Bloch vector. All virtual nodes are rows of one
    readout matrix. Components that a conserved parity keeps from the features are left out.
    Memory grows as ``16**n``: for up to 5 qubits, 6 in batches.

    Args:
        dtype: ``"complex64"`` or ``"complex128"``; default as for `qjax.Statevector`.
    """

    dtype: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "Affine"))

    def real_dtype(self) -> Any:
        return real_dtype(self.dtype, "Affine")


@dataclass(frozen=True)
class Kraus:
    """Two Kraus operators per step, on the density matrix of the qubits that keep the past.

    For inputs that are pure states (``"pure"``, ``"phase"``, ``"angle"``). A step costs
    ``3 * 8**n`` operations and reads ``6 * 4**n`` numbers, which stay in a processor's nearest
    cache; all virtual nodes are rows of one readout matrix.

    Args:
        dtype: ``"complex64"`` or ``"complex128"``; default as for `qjax.Statevector`.
    """

    dtype: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "Kraus"))

    def real_dtype(self) -> Any:
        return real_dtype(self.dtype, "Kraus")


@dataclass(frozen=True)
class Eigenbasis:
    """The density matrix in the eigenbasis of the Hamiltonian, where evolution is a phase.

    A step costs ``18 * 8**n`` operations however many virtual nodes there are: for 6 to 8 qubits.

    Args:
        dtype: ``"complex64"`` or ``"complex128"``; default as for `qjax.Statevector`.
    """

    dtype: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "Eigenbasis"))

    def real_dtype(self) -> Any:
        return real_dtype(self.dtype, "Eigenbasis")


@dataclass(frozen=True)
class Fading:
    """Time in parallel: chunks of the series, each warmed up on the inputs before it.

    A reservoir forgets its initial state, at the rate of the second largest eigenvalue of its
    channel; after enough inputs a chunk may start from any state. Matrix-vector products of the
    chunks become matrix products. ``reservoir.run(..., parallel=...)`` returns a bound of the
    features' error that was measured in the run: the distance between the state that a chunk was
    warmed up to and the one that the chunk before it ended with, summed over the chunks.

    Args:
        tolerance: error of the features that the warm-up aims at.
        warmup: inputs before each chunk; from the second eigenvalue if not given.
        lanes: the largest number of chunks.

    Raises:
        ParameterError: a tolerance outside (0, 1), or counts that are not positive.

    Example:
        >>> Fading(1e-6, warmup=100).length(10_000)
        100
    """

    tolerance: float = 1e-6
    warmup: int | None = None
    lanes: int = 128

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise ParameterError("Fading: tolerance must be within (0, 1)", got=self.tolerance)
        if self.lanes < 1 or (self.warmup is not None and self.warmup < 1):
            raise ParameterError(
                "Fading: warmup and lanes must be positive", got=(self.warmup, self.lanes)
            )

    def resolved(self, rate: float) -> Fading:
        """With the warm-up that a second eigenvalue of modulus ``rate`` asks for.

        Raises:
            ParameterError: a channel that does not forget.
        """
        if self.warmup is not None:
            return self
        if not 0 <= rate < 1 - 1e-9:
            raise ParameterError(
                "Fading: the reservoir does not forget its initial state",
                expected="a second eigenvalue of modulus below 1",
                got=rate,
                fix="run it without parallel=",
            )
        # Two states differ by at most 2; the chunks' errors add up.
        wanted = math.log(self.tolerance / (2 * self.lanes)) / math.log(max(rate, 1e-9))
        return replace(self, warmup=max(1, math.ceil(wanted)))

    def length(self, steps: int) -> int:
        """Inputs per chunk, at least the warm-up."""
        assert self.warmup is not None
        return max(self.warmup, math.ceil(steps / self.lanes))
