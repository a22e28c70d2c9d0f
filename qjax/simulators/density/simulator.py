"""The density-matrix simulator: every gate and channel a real matrix on Pauli components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from ...errors import CapacityError
from ..precision import check_dtype, real_dtype, resolve_dtype
from ..protocol import NormQuery, Program, Query, Structure
from ..statevector import prepared
from .answers import answer_for
from .lightcone import seen_by
from .plan import MixedPlan, make_mixed_plan
from .start import evolved


@dataclass(frozen=True)
class DensityMatrix:
    """Exact simulation of a mixed state: channels, measurements and feed-forward included.

    The state is kept as the ``4**n`` real expectation values of all Pauli words, in which channels
    are real matrices. Mid-circuit measurements keep one (unnormalised) state for each of the
    ``2**bits`` records, so that `If` and `While` are exact and differentiable. `qjax.run` returns
    the density matrix ``(2**n, 2**n)``, the average over all records; after `Project` every answer
    is that of the normalised state that was kept.

    Args:
        dtype: ``"complex64"`` or ``"complex128"``; default as for `Statevector`.

    Raises:
        ParameterError: another dtype.
        CapacityError: (from the verbs) a state that does not fit, before anything is allocated.

    Source: Greenbaum, arXiv:1509.02921, section 2 (Pauli transfer matrices).

    Example:
        >>> import qjax as qj
        >>> noisy = qj.Circuit(1, [qj.H(0), qj.PhaseFlip(0.5, 0)])
        >>> qj.run(noisy, sim=qj.DensityMatrix()).real.round(3).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """

    dtype: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "DensityMatrix"))

    @property
    def random(self) -> bool:
        return False

    def resolved(self) -> DensityMatrix:
        """The same simulator with its dtype made explicit."""
        return DensityMatrix(resolve_dtype(self.dtype, "DensityMatrix"))

    def real_dtype(self) -> Any:
        """The dtype of the components."""
        return real_dtype(self.dtype, "DensityMatrix")

    def plan(self, structure: Structure, query: Query | None = None) -> MixedPlan:
        """The steps that a circuit of this structure runs as (to answer the query, if given)."""
        return make_mixed_plan(structure.treedef, structure.complex_leaves, seen_by(query))

    def memory(self, structure: Structure) -> float:
        """Bytes of three states."""
        return 3 * self.real_dtype().itemsize * 2.0 ** (2 * structure.n + structure.bits)

    def check(self, structure: Structure, available: float) -> None:
        """Refuse at once what cannot fit."""
        need = self.memory(structure)
        if need > available:
            raise CapacityError(
                f"a density matrix of {structure.n} qubits and {structure.bits} classical bits "
                "does not fit",
                expected=f"at most {available / 2**30:.3g} GiB",
                got=f"{need / 2**30:.4g} GiB for three states of 4**{structure.n} * "
                f"2**{structure.bits} real numbers",
                fix="use sim=qjax.Trajectories(n), which keeps pure states, or fewer qubits and "
                "classical bits (bits may be written again)",
            )

    def compile(self, structure: Structure, query: Query) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        plan, dtype = self.plan(structure, query), self.real_dtype()
        n, bits = structure.n, structure.bits
        answer = answer_for(query, n, bits)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            coefficients = prepared(plan.steps, leaves, dtype)
            x = evolved(plan, coefficients, dtype).reshape(4**n, 2**bits)
            if plan.projects and not isinstance(query, NormQuery):
                x = x / jnp.sum(x[0])
            return answer(x, query_leaves, key)

        return program
