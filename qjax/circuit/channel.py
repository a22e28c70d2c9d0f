"""A channel as an operation: static structure, strengths as leaves. No simulation lives here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ParameterError, UnsupportedError
from ..gates.channels import CHANNELS, ChannelSpec
from .operations import Operation, _show, as_qubits, check_distinct
from .param import Param


@jax.tree_util.register_pytree_with_keys_class
class Channel(Operation):
    """A channel of the table on definite qubits; made by `qjax.BitFlip` and the like.

    Attributes:
        name: the name in the channel table.
        params: the strengths (leaves).
        targets: the qubits acted on, the first the most significant.
    """

    __slots__ = ("name", "params", "targets")
    name: str
    params: tuple
    targets: tuple[int, ...]

    def __init__(self, name: str, params: Iterable[Any], targets: Any) -> None:
        self._set(name, tuple(params), tuple(targets))

    def _set(self, name: str, params: tuple, targets: tuple[int, ...]) -> Channel:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "targets", targets)
        return self

    def tree_flatten_with_keys(self):
        keyed = tuple((jax.tree_util.SequenceKey(k), p) for k, p in enumerate(self.params))
        return keyed, (self.name, self.targets)

    def tree_flatten(self):
        return self.params, (self.name, self.targets)

    @classmethod
    def tree_unflatten(cls, aux, children):
        return object.__new__(cls)._set(aux[0], tuple(children), aux[1])

    @property
    def spec(self) -> ChannelSpec:
        """The channel's entry in the table."""
        return CHANNELS[self.name]

    @property
    def qubits(self) -> tuple[int, ...]:
        return self.targets

    def _values(self) -> tuple[tuple, Any]:
        if any(isinstance(p, Param) for p in self.params):
            raise ParameterError(f"{self.name} has a parameter without a value", got=repr(self))
        dtype = jax.dtypes.canonicalize_dtype(np.float64)
        kinds = (np.result_type(dtype, np.complex64), dtype)
        arrays = [jnp.asarray(p) for p in self.params]
        return tuple(x.astype(kinds[not jnp.iscomplexobj(x)]) for x in arrays), dtype

    def kraus(self) -> Any:
        """The Kraus operators, complex ``(terms, 2**k, 2**k)``: rho becomes sum K rho K^dagger."""
        return self.spec.kraus(*self._values())

    def transfer_matrix(self) -> Any:
        """The Pauli transfer matrix ``tr(P_i E(P_j)) / 2**k``, real ``(4**k, 4**k)``."""
        return self.spec.transfer(*self._values())

    def inverse(self) -> Operation:
        raise UnsupportedError(
            f"{self.name} has no inverse: noise cannot be undone",
            fix="invert the circuit before the noise is put in: noise.insert comes last",
        )

    def control(self, controls: Any, values: Any = None) -> Operation:
        raise UnsupportedError(
            f"{self.name} cannot be controlled: it is not a unitary",
            fix="put the noise in after the controls, or use If(bit, block)",
        )

    def map_qubits(self, mapping: Mapping[int, int] | Iterable[int]) -> Channel:
        table = dict(mapping) if isinstance(mapping, Mapping) else dict(enumerate(mapping))
        renamed = as_qubits([table.get(q, q) for q in self.targets], f"{self.name}: ")
        check_distinct(renamed, f"{self.name}: map_qubits: ")
        return object.__new__(Channel)._set(self.name, self.params, renamed)

    def __repr__(self) -> str:
        name = "Depolarizing" if self.name == "Depolarizing2" else self.name
        places = ", ".join(map(str, self.targets))
        if len(self.targets) > 1:
            places = f"({places})"
        return f"{name}({', '.join([*map(_show, self.params), places])})"
