"""The matrix product state simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import CapacityError, ParameterError, UnsupportedError
from ..answers import is_observable
from ..protocol import ExpvalQuery, Program, Query, Structure
from . import brick, cotangent, parallel, sweep
from . import state as mps
from .answers import Final, answer
from .gates import collected, slot_matrices
from .network import MatrixProductState
from .preparation import prepared
from .schedule import Schedule, make_schedule

_DTYPES = ("complex64", "complex128")
_CHOICES = {"method": ("auto", "svd", "eigh"), "layout": ("auto", "brick", "parallel", "sweep")}


class Report(NamedTuple):
    """What a run on matrix product states knows of itself.

    Attributes:
        truncation_error: accumulated, ``1 - prod_k (1 - steps[k])``: an estimate of one minus the
            fidelity with the exact state.
        steps: the share of weight that each layer (of a brickwork) or update discarded.
        norm: the norm of the state before it is normalised.
        bond_dimensions: Schmidt values above rounding across each bond, shape ``(n - 1,)``.
    """

    truncation_error: Any
    steps: Any
    norm: Any
    bond_dimensions: Any


@dataclass(frozen=True)
class ReportQuery(Query):
    """Another query, answered together with a `Report`."""

    query: Query


@dataclass(frozen=True)
class StateQuery(Query):
    """The final state as a `MatrixProductState`, qubit k at site k."""


@dataclass(frozen=True)
class MPS:
    """Simulation of slightly entangled states on many qubits by matrix product states.

    Exact while no bond needs more than ``max_bond`` dimensions; beyond, every update keeps the
    largest Schmidt values of the state in canonical form. Brickworks of neighbouring gates run
    layer by layer, any other circuit gate by gate with qubits swapped together where they must
    meet. Time grows as the number of gates times ``max_bond**3``; compile time grows neither with
    depth nor with qubits.

    Derivatives are those of the truncated function. They are right where Schmidt values vanish
    or coincide. In layers that are exactly the identity the bonds need room for what the gates
    could do: four times the rank of the state suffices. With less, the derivative of the truncated
    function is not that of the exact one; ``gradient=Adjoint(bond)`` gives the exact one there.

    Args:
        max_bond: largest bond dimension, a positive integer.
        cutoff: Schmidt values whose squares are at most this share of the total are discarded as
            well, ``0 <= cutoff < 1``. With a cutoff the derivative ignores directions that carry
            less weight than it.
        dtype: ``"complex64"`` or ``"complex128"`` (default: complex128 where JAX's x64 mode is on).
        method: ``"svd"``; ``"eigh"`` of the Gram matrix, which is faster and does not resolve
            Schmidt values below the square root of the precision; ``"auto"`` uses eigh, and svd
            where the choice of directions depends on values that eigh does not resolve.
        layout: ``"brick"``, layers that the centre sweeps through; ``"parallel"``, layers whose
            bonds are all updated at once, for accelerators, where the canonical form is lost as
            weight is discarded and the estimated error with it; ``"sweep"``, gates in any order;
            ``"auto"``: brick where it takes fewer updates than a sweep.

    Raises:
        ParameterError: values outside these ranges.

    Source: Vidal, PRL 91, 147902 (2003); Hastings, J. Math. Phys. 50, 095207 (2009).

    Example:
        >>> import qjax as qj
        >>> ghz = qj.Circuit(60, [qj.H(0), *[qj.CNOT(k, k + 1) for k in range(59)]])
        >>> round(float(qj.expval(ghz, qj.Z(0) @ qj.Z(59), sim=qj.MPS(4))), 5)
        1.0
    """

    max_bond: int = 32
    cutoff: float | int = 0.0
    dtype: Any = None
    method: str = "auto"
    layout: str = "auto"

    def __post_init__(self) -> None:
        bond = self.max_bond
        if isinstance(bond, bool) or not isinstance(bond, int | np.integer) or bond < 1:
            raise ParameterError(
                "MPS: max_bond must be a positive integer", expected="1, 2, 3, ...", got=repr(bond)
            )
        object.__setattr__(self, "max_bond", int(bond))
        if not isinstance(self.cutoff, int | float) or not 0 <= self.cutoff < 1:
            raise ParameterError(
                "MPS: cutoff must be a share of the weight",
                expected="0 <= cutoff < 1, such as 1e-12",
                got=repr(self.cutoff),
            )
        object.__setattr__(self, "cutoff", float(self.cutoff))
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ParameterError(
                    f"MPS: {name} is unknown",
                    expected=", ".join(map(repr, choices)),
                    got=repr(getattr(self, name)),
                )
        if self.dtype is not None:
            try:
                name = np.dtype(self.dtype).name
            except TypeError:
                name = str(self.dtype)
            if name not in _DTYPES:
                raise ParameterError(
                    "MPS: dtype is not a state's",
                    expected="complex64 or complex128",
                    got=repr(self.dtype),
                )
            object.__setattr__(self, "dtype", name)

    @property
    def random(self) -> bool:
        return False

    def resolved(self) -> MPS:
        """The same simulator with its dtype made explicit.

        Raises:
            UnsupportedError: double precision without JAX's x64 mode, or on a TPU.
        """
        x64 = bool(jax.config.read("jax_enable_x64"))
        name = self.dtype or ("complex128" if x64 else "complex64")
        if name == "complex128" and not x64:
            raise UnsupportedError(
                "MPS: dtype complex128 needs JAX's x64 mode",
                fix='call jax.config.update("jax_enable_x64", True) at the start, or use complex64',
            )
        if jax.default_backend() == "tpu":
            raise UnsupportedError(
                "MPS: TPUs lack decompositions of complex matrices",
                fix="run on a CPU or a GPU: jax.default_device(jax.devices('cpu')[0])",
            )
        return replace(self, dtype=name)

    def bond(self, n: int) -> int:
        """The dimension that arrays are given for ``n`` qubits: no bond needs more than
        ``2**(n // 2)``."""
        return min(self.max_bond, 2 ** min(n // 2, 62))

    def schedule(self, structure: Structure, restore: bool = False) -> Schedule:
        """Which update happens when; with ``restore``, every qubit ends at its own site."""
        return make_schedule(structure.treedef, structure.complex_leaves, self.layout, restore)

    def memory(self, structure: Structure) -> float:
        """Bytes of the state, its environments and one layer of two-site tensors."""
        chi = self.bond(structure.n)
        return 24.0 * structure.n * chi**2 * np.dtype(self.resolved().dtype).itemsize

    def check(self, structure: Structure, available: float) -> None:
        """Refuse at once what cannot fit.

        Raises:
            CapacityError: the tensors need more memory than the device has.
        """
        need = self.memory(structure)
        if need > available:
            raise CapacityError(
                f"a matrix product state of {structure.n} qubits and bond {self.max_bond} "
                "does not fit",
                expected=f"at most {available / 2**30:.3g} GiB",
                got=f"{need / 2**30:.3g} GiB",
                fix="lower max_bond, or use dtype='complex64'",
            )

    def compile(self, structure: Structure, query: Query) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        schedule = self.schedule(structure, isinstance(query, StateQuery))
        chi = self.bond(structure.n)
        dtype = np.dtype(self.resolved().dtype)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            final = self.final(schedule, chi, dtype, leaves)
            if isinstance(query, ReportQuery):
                value = answer(final, query.query, query_leaves, key)
                return value, report(final)
            if isinstance(query, StateQuery):
                return MatrixProductState(final.tensors)
            return answer(final, query, query_leaves, key)

        return program

    def adjoint(self, structure: Structure, query: ExpvalQuery, bond: int | None) -> Program:
        """The program of Pauli sums whose reverse mode carries a second state backwards.

        Args:
            bond: dimension of that state (default: twice ``max_bond``).

        Raises:
            UnsupportedError: not a brickwork of gates on neighbouring qubits, or a cutoff.
        """
        schedule = self.schedule(structure)
        if not schedule.layers or self.layout == "parallel" or self.cutoff > 0:
            raise UnsupportedError(
                "Adjoint on matrix product states needs a brickwork of gates on neighbours",
                expected="layout='auto' or 'brick', gates on neighbouring qubits, cutoff=0",
                got=f"{self}, {schedule}",
                fix="use gradient=qjax.Backprop()",
            )
        chi = self.bond(structure.n)
        wide = min(bond or 2 * self.max_bond, 2 ** min(structure.n // 2, 62))
        dtype = np.dtype(self.resolved().dtype)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            observables = jax.tree.unflatten(query.observable, query_leaves)
            sums, treedef = jax.tree.flatten(observables, is_leaf=is_observable)
            plan = cotangent.Plan(
                tuple(o.words for o in sums), schedule.parity, chi, wide, self.method
            )
            vectors, gates, _ = self._gates(schedule, dtype, leaves)
            coeffs = [jnp.asarray(o.coeffs).astype(np.finfo(dtype).dtype) for o in sums]
            return treedef.unflatten(cotangent.energies(vectors[:, :, 0], gates, coeffs, plan))

        return program

    def _gates(self, schedule: Schedule, dtype: Any, leaves: Sequence[Any]) -> tuple[Any, Any, Any]:
        """What acts on the sites first, the gates (of layers: ``(layers, pairs, 4, 4)``), and the
        real dtype in which parameters are prepared."""
        leaves = [jnp.asarray(x) for x in leaves]
        given = {np.dtype(x.dtype) for x in leaves}
        double = {np.dtype(np.float64), np.dtype(np.complex128)} & given
        real = np.dtype(np.float64) if double else np.finfo(dtype).dtype
        n = schedule.n
        gates = slot_matrices(schedule.slots, schedule.entries, leaves, real).astype(dtype)
        first = gates[:n, ::2, ::2]
        if schedule.layers:
            gates = gates[n:].reshape(schedule.layers, (n + 1) // 2, 4, 4)
        return first, gates, real

    def final(self, schedule: Schedule, chi: int, dtype: Any, leaves: Sequence[Any]) -> Final:
        """The state at the end of the schedule."""
        leaves = [jnp.asarray(x) for x in leaves]
        first, gates, real = self._gates(schedule, dtype, leaves)
        if schedule.layers:
            evolve = parallel.evolve if self.layout == "parallel" else brick.evolve
            tensors, kept = evolve(
                first[:, :, 0], gates, schedule.parity, chi, self.cutoff, self.method
            )
            kept = jnp.prod(kept, axis=1)
        else:
            tensors = self._start(schedule, first, chi, dtype, leaves, real)
            gates = jnp.concatenate([gates, jnp.eye(4, dtype=dtype)[None]])
            tensors, kept = sweep.evolve(
                tensors, gates, schedule.moves, leaves, real, self.cutoff, self.method
            )
        return Final(tensors, schedule.site, kept)

    def _start(
        self, schedule: Schedule, first: Any, chi: int, dtype: Any, leaves: Any, real: Any
    ) -> Any:
        """What is prepared, and what acts before any gate on two qubits does."""
        zeros = jnp.zeros((schedule.n, 2), dtype).at[:, 0].set(1)
        tensors = mps.product(zeros, chi)
        sites = [item.targets for item in schedule.preparations]
        vectors = [
            collected(i.params, leaves, real)[0].astype(dtype) for i in schedule.preparations
        ]
        tensors = prepared(tensors, sites, vectors, self.cutoff, self.method)
        return jnp.einsum("nab,nlbr->nlar", first, tensors)


def report(final: Final) -> Report:
    """What is known of a state besides the answer."""
    values = mps.schmidt_values(final.tensors)
    eps = jnp.finfo(values.dtype).eps
    used = jnp.sum(values > 100 * eps, axis=1)
    error = 1 - jnp.prod(final.kept)
    return Report(error, 1 - final.kept, jnp.sqrt(mps.norm_squared(final.tensors)), used)
