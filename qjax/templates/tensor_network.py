"""Circuits that start where a tensor network ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..circuit import Circuit, Layers
from ..circuit.constructors import SU4
from ..errors import DataError, ParameterError
from ..tensor import MatrixProductState, dmrg, to_circuit, train_born_machine
from ..tensor.decompose import su4_params


def staircase_su4(params: Float[Array, "layers bonds 15"], n: int) -> Circuit:
    """Layers of SU(4) gates, each from qubit 0 to the last; zeros are the identity.

    Args:
        params: one set of 15 angles (radians) for each gate, shape ``(layers, n - 1, 15)``.
        n: number of qubits, at least 2.

    Raises:
        ParameterError: another shape.

    Example:
        >>> import jax.numpy as jnp
        >>> from qjax.templates import staircase_su4
        >>> staircase_su4(jnp.zeros((2, 3, 15)), 4).counts()
        {'SU4': 6}
    """
    if n < 2 or params.ndim != 3 or params.shape[1:] != (n - 1, 15):
        raise ParameterError(
            "staircase_su4: params has the wrong shape",
            expected=f"(layers, {n - 1}, 15) for {n} qubits, at least 2",
            got=params.shape,
        )

    def layer(w: Any) -> list[Any]:
        return [SU4(w[a], a, a + 1) for a in range(n - 1)]

    return Circuit(n, [Layers(layer, params)])


class Initial(NamedTuple):
    """Where a tensor-network-initialised circuit starts.

    Attributes:
        params: for `staircase_su4`, shape ``(layers, n - 1, 15)``.
        state: the matrix product state that was aimed at.
        fidelity: of the circuit's state with it, before noise is added.
    """

    params: Array
    state: MatrixProductState
    fidelity: float


def tensor_network_initial(
    target: Any,
    *,
    max_bond: int = 8,
    layers: int = 2,
    extra_layers: int = 0,
    noise: float = 0.0,
    key: Array | None = None,
    sweeps: int = 20,
    n: int | None = None,
) -> Initial:
    """Parameters of a staircase circuit that prepares what a tensor network has found.

    From a Hamiltonian: its ground state by DMRG at a small bond dimension. From a data set: the
    Born machine of that bond dimension that fits it. From a `MatrixProductState`: that state. The
    state is decomposed into layers, and layers that are the identity are added after them; train on
    from there.

    Args:
        target: a `PauliSum`; bit strings as a table of zeros and ones, shape ``(k, n)``; or a
            `MatrixProductState`.
        max_bond: bond dimension of the tensor network.
        layers: layers of gates for it.
        extra_layers: further layers, at the identity.
        noise: standard deviation (radians) of Gaussian noise on all parameters.
        key: PRNG key, required with noise.
        sweeps: of optimisation after every layer.
        n: number of qubits, for a Hamiltonian that does not name the last of them.

    Raises:
        ParameterError: noise without a key, or negative numbers.
        DataError: neither a Hamiltonian nor data nor a matrix product state.

    Source: Rudolph et al., *Synergistic pretraining of parametrized quantum circuits via tensor
    networks*, Nat. Commun. 14, 8367 (2023), arXiv:2208.13673.

    Example:
        >>> import qjax as qj
        >>> from qjax.templates import staircase_su4, tensor_network_initial
        >>> start = tensor_network_initial(qj.tfim(4), max_bond=2, layers=1, extra_layers=1)
        >>> start.params.shape
        (2, 3, 15)
        >>> ghz = tensor_network_initial(jnp.array([[0, 0, 0], [1, 1, 1]]), max_bond=2, layers=1)
        >>> qj.probs(staircase_su4(ghz.params, 3)).round(2).tolist()
        [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    """
    if noise < 0 or extra_layers < 0:
        raise ParameterError(
            "tensor_network_initial: noise and extra_layers must not be negative",
            got=f"noise={noise}, extra_layers={extra_layers}",
        )
    if noise > 0 and key is None:
        raise ParameterError(
            "tensor_network_initial: key is missing: noise is random", fix="pass jax.random.key(0)"
        )
    if isinstance(target, MatrixProductState):
        state = target if target.max_bond <= max_bond else target.truncated(max_bond)
    elif hasattr(target, "words"):
        state = dmrg(target, n, max_bond=max_bond).state
    elif getattr(target, "ndim", 0) == 2:
        state = train_born_machine(target, max_bond=max_bond).state
    else:
        raise DataError(
            "tensor_network_initial: target must be a PauliSum, a table of bits (an array with "
            "two axes) or a MatrixProductState",
            got=type(target).__name__,
        )
    fit = to_circuit(state, layers, sweeps=sweeps)
    table = np.array([[su4_params(gate) for gate in layer] for layer in fit.gates])
    params = jnp.asarray(np.concatenate([table, np.zeros((extra_layers, *table.shape[1:]))]))
    if noise > 0 and key is not None:
        params = params + noise * jax.random.normal(key, params.shape, params.dtype)
    return Initial(params, state, fit.fidelity)
