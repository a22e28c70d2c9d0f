"""The statevector simulator of many devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec as P

from ...errors import CapacityError
from ..answers import qubits_seen
from ..kernels import Pair, Precision
from ..memory import size
from ..precision import check_dtype, check_precision, real_dtype, resolve_dtype
from ..protocol import Program, Query, Structure
from ..statevector import Evolve, initial_state, prepared, run_steps
from .answers import answer_for, is_home, shares_of
from .mesh import plain_mesh, split_mesh, state_axis
from .plan import ShardedPlan, check_size, make_sharded_plan


@dataclass(frozen=True)
class Sharded:
    """Exact simulation of a pure state that is spread over many devices.

    The state of ``n`` qubits lies on ``2**g`` devices, ``2**(n - g)`` amplitudes on each. Gates on
    qubits among the devices wait until one all-to-all brings several of them onto the devices at
    once, in exchange for qubits whose next use is farthest; diagonal gates and controls among the
    devices need none. Everything runs inside `jax.shard_map`; all verbs, `Backprop` and `Adjoint`
    (first derivatives, in memory independent of depth) work as for `Statevector`.

    Args:
        mesh: the devices: ``qjax.device_mesh(state=8)``, or any `jax.sharding.Mesh`.
        axis: the axis of the mesh over which the state is spread; its size is a power of two.
            Default: the only axis, or the one named ``"state"``.
        dtype: ``"complex64"`` or ``"complex128"``, as for `Statevector`.
        precision: as for `Statevector`.

    Raises:
        DeviceError: not a mesh, an unknown axis, or a size that is not a power of two.
        ParameterError: another dtype or precision.

    Source: exchanges of several qubits at a time as in De Raedt et al., arXiv:1805.04708; the
    choice of what to send away as in Belady, IBM Systems Journal 5, 78 (1966).

    Example:
        >>> import qjax as qj
        >>> sim = qj.Sharded(qj.device_mesh(state=1))
        >>> round(float(qj.expval(qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)]), qj.X(0) @ qj.X(1),
        ...                       sim=sim)), 3)
        1.0
    """

    mesh: Any
    axis: str | None = None
    dtype: Any = None
    precision: str = "highest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", state_axis(self.mesh, self.axis, "Sharded"))
        object.__setattr__(self, "dtype", check_dtype(self.dtype, "Sharded"))
        check_precision(self.precision, "Sharded")

    def __repr__(self) -> str:
        shape = ", ".join(f"{k}={v}" for k, v in self.mesh.shape.items())
        return f"Sharded(mesh({shape}), axis={self.axis!r}, dtype={self.dtype!r})"

    @property
    def random(self) -> bool:
        return False

    @property
    def devices(self) -> int:
        """How many devices hold one state."""
        return self.mesh.shape[self.axis]

    def resolved(self) -> Sharded:
        """The same simulator with its dtype made explicit."""
        dtype = resolve_dtype(self.dtype, "Sharded")
        return Sharded(plain_mesh(self.mesh), self.axis, dtype, self.precision)

    def real_dtype(self) -> Any:
        """The dtype of the two real arrays."""
        return real_dtype(self.dtype, "Sharded")

    def plan(self, structure: Structure, query: Query | None = None) -> ShardedPlan:
        """The steps on every device and the exchanges between them (to answer the query)."""
        _, names = split_mesh(plain_mesh(self.mesh), str(self.axis))
        check_size(structure.n, len(names))
        seen, home, shares = None, False, []
        if query is not None:
            seen, home = qubits_seen(query), is_home(query, structure.n)
            shares = shares_of(query, structure.n - len(names))
        return make_sharded_plan(
            structure.treedef,
            structure.complex_leaves,
            names,
            seen,
            home,
            tuple(share.needs for share in shares),
            Precision[self.precision.upper()],
        )

    def memory(self, structure: Structure) -> float:
        """Bytes on each device: three states of its qubits and two buffers for an exchange."""
        return 5 * 2 * self.real_dtype().itemsize * 2.0**structure.n / self.devices

    def share(self, available: float) -> float:
        """Of the memory of one device, or of a machine whose processor stands for several: what
        each device of the mesh has."""
        devices = list(self.mesh.devices.flat)
        if devices[0].platform != "cpu":
            return available
        return available / sum(d.process_index == devices[0].process_index for d in devices)

    def largest(self, available: float) -> tuple[int, int]:
        """The most qubits of which a run, and a gradient by `Adjoint`, fit into that memory."""
        amplitudes = self.share(available) * self.devices / (2 * self.real_dtype().itemsize)
        run, gradient = (int(np.log2(amplitudes / states)) for states in (5, 11))
        return run, gradient

    def check(self, structure: Structure, available: float) -> None:
        """Refuse at once what cannot fit.

        Raises:
            DeviceError: fewer qubits than the devices have use for.
            CapacityError: a device would need more memory than it has.
        """
        check_size(structure.n, self.devices.bit_length() - 1)
        need, available = self.memory(structure), self.share(available)
        if need > available or 2.0**structure.n / self.devices > 2**33:
            raise CapacityError(
                f"a statevector of {structure.n} qubits does not fit on {self.devices} devices",
                expected=f"at most {size(available)} on each",
                got=f"{size(need)} on each for five arrays of 2**{structure.n} / {self.devices} "
                f"amplitudes ({self.resolved().dtype})",
                fix="use more devices, fewer qubits, or complex64",
            )

    def compile(self, structure: Structure, query: Query, evolve: Evolve | None = None) -> Program:
        """The pure function of (circuit leaves, query leaves, key) that answers the query."""
        plan = self.plan(structure, query)
        mesh, names = split_mesh(plain_mesh(self.mesh), str(self.axis))
        shares = shares_of(query, plan.m)
        answer = answer_for(query, plan, shares)
        on_device = _on_device(plan, self.real_dtype(), evolve or run_steps, answer.inside)

        def program(leaves: Sequence[Any], query_leaves: Sequence[Any], key: Any) -> Any:
            numbers = jnp.arange(2**plan.g, dtype=jnp.int32)
            # Apart, so that who differentiates a circuit pays nothing for its observable.
            packed, unpack = pack(leaves)
            asked, unpack_asked = pack(query_leaves)

            def run(number: Any, packed: Any, asked: Any, key: Any) -> Any:
                return on_device(number, unpack(packed), unpack_asked(asked), key)

            specs = (P(names), P(), P(), P())
            everywhere = jax.shard_map(
                run, mesh=mesh, in_specs=specs, out_specs=P(names), check_vma=False
            )
            return answer.outside(everywhere(numbers, packed, asked, key))

        return program


def pack(arrays: Sequence[Any]) -> tuple[list[Any], Callable[[list[Any]], list[Any]]]:
    """Arrays of one dtype as one vector, and the way back.

    Of what all devices share, the derivative is summed over them: so in one sum and not in one for
    every gate.
    """
    arrays = [jnp.asarray(x) for x in arrays]
    kinds = list(dict.fromkeys(x.dtype for x in arrays))
    members = [[k for k, x in enumerate(arrays) if x.dtype == kind] for kind in kinds]
    packed = [jnp.concatenate([arrays[k].reshape(-1) for k in group]) for group in members]
    shapes = [x.shape for x in arrays]

    def unpack(packed: list[Any]) -> list[Any]:
        out: list[Any] = [None] * len(shapes)
        for vector, group in zip(packed, members, strict=True):
            cuts = np.cumsum([int(np.prod(shapes[k])) for k in group])[:-1].tolist()
            for k, part in zip(group, jnp.split(vector, cuts), strict=True):
                out[k] = part.reshape(shapes[k])
        return out

    return packed, unpack


def _on_device(
    plan: ShardedPlan, dtype: Any, evolve: Evolve, inside: Callable[..., Any]
) -> Callable[..., Any]:
    """What every device runs, given its own number ``(1,)``."""

    def run(number: Any, leaves: list[Any], query_leaves: list[Any], key: Any) -> Any:
        places = jnp.arange(plan.g - 1, -1, -1, dtype=jnp.int32)
        bits = (number >> places) & 1
        extended = plan.extended.evaluate(leaves, bits, _wide(leaves, dtype))
        coefficients = prepared(plan.local.steps, extended, dtype)
        state = _start(plan, extended, bits, dtype)
        return inside(evolve(plan.local.steps, state, coefficients), bits, query_leaves, key)

    return run


def _wide(leaves: Sequence[Any], dtype: Any) -> Any:
    """The precision in which parameters are derived: that of the most precise one."""
    wide = [x.dtype for x in leaves if x.dtype in (jnp.float64, jnp.complex128)]
    return jnp.dtype("float64") if wide and jax.config.read("jax_enable_x64") else dtype


def _start(plan: ShardedPlan, extended: list[Any], bits: Any, dtype: Any) -> Pair:
    """The device's part of the initial state."""
    re, im = initial_state(plan.local, extended, dtype)
    here = jnp.ones((), dtype)
    for p in plan.empty:
        here = here * (1 - bits[p]).astype(dtype)
    re, im = re * here, None if im is None else im * here
    for leaf in plan.factors:
        (factor,) = extended[leaf.index]
        a, b = jnp.real(factor).astype(dtype), jnp.imag(factor).astype(dtype)
        if leaf.is_complex:
            im = jnp.zeros_like(re) if im is None else im
            re, im = re * a - im * b, re * b + im * a
        else:
            re, im = re * a, None if im is None else im * a
    if not plan.real and im is None:
        im = jnp.zeros_like(re)
    return re, im
