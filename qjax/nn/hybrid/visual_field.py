"""Signals as functions of coordinates: energies, Boltzmann amplitudes, a real circuit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import qjax as qj
from qjax.errors import ParameterError
from qjax.nn.hybrid.layer import QuantumLayer, z_each


def boltzmann_circuit(energies: jax.Array, params: jax.Array) -> qj.Circuit:
    """Amplitudes ``sqrt(softmax(-E))``, then RY and CX between all pairs, repeated.

    Args:
        energies: shape (2**n,).
        params: radians, shape (layers + 1, n).

    Example:
        >>> qj.run(boltzmann_circuit(jnp.zeros(4), jnp.zeros((1, 2)))).real.tolist()
        [0.5, 0.5, 0.5, 0.5]
    """
    n = params.shape[1]
    amplitudes = jnp.exp(jax.nn.log_softmax(-energies) / 2)
    return qj.Circuit(
        n, [qj.StatePrep(amplitudes, range(n)), *qj.templates.real_amplitudes(params, "full").ops]
    )


class VisualField(nnx.Module):
    """Coordinates to a signal in [-1, 1]: a small network gives energies, a circuit is measured.

    Args:
        coordinates: number of coordinates, such as 2 for an image.
        channels: values of the signal, Z on as many qubits.
        qubits: n; the network has 2**n outputs.
        hidden: widths of the hidden layers of the energy network; activations are sines.
        layers: entangling layers of the circuit.
        frequency: factor on the coordinates.
        dtype: floating-point type of the parameters.
        rngs: NNX random streams.

    Raises:
        ParameterError: more channels than qubits.

    Source: Wang, Theobalt, Golyanik, arXiv:2508.10900 (Quantum Visual Fields). The circuit of the
    source is real and fully entangled; the activation of the energy network is a choice made here.

    Example:
        >>> field = VisualField(2, qubits=3, hidden=(8,), rngs=nnx.Rngs(0))
        >>> field(jnp.zeros((5, 2))).shape
        (5, 1)
    """

    def __init__(
        self, coordinates: int = 2, channels: int = 1, *, qubits: int = 4,
        hidden: tuple[int, ...] = (32,), layers: int = 3, frequency: float | int = 10.0,
        dtype: Any = jnp.float32, rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        if channels > qubits:
            raise ParameterError("channels: one qubit each", expected=f"<= {qubits}", got=channels)
        widths = (coordinates, *hidden, 2**qubits)
        self.channels, self.frequency = channels, float(frequency)
        self.energy = nnx.List(
            nnx.Linear(i, o, param_dtype=dtype, rngs=rngs) for i, o in pairwise(widths)
        )
        # Called with energies, this layer gives the same numbers, state by state.
        self.circuit = QuantumLayer(
            boltzmann_circuit, z_each(channels), (layers + 1, qubits), dtype=dtype, rngs=rngs
        )

    def energies(self, x: Any) -> jax.Array:
        """(..., coordinates) to (..., 2**n)."""
        h = jnp.asarray(x).astype(self.energy[0].kernel[...].dtype) * self.frequency
        for layer in self.energy[:-1]:
            h = jnp.sin(layer(h))
        return self.energy[-1](h)

    def __call__(self, x: Any) -> jax.Array:
        """(..., coordinates) to (..., channels).

        The trained gates do not depend on the coordinates: their matrix is found once for all.
        """
        angles = self.circuit.values
        n, channels = angles.shape[1], self.channels
        amplitudes = jnp.exp(jax.nn.log_softmax(-self.energies(x), axis=-1) / 2)
        u = qj.unitary(qj.templates.real_amplitudes(angles, "full")).real.astype(angles.dtype)
        bits = np.arange(2**n)[:, None] >> (n - 1 - np.arange(channels))[None] & 1
        return (amplitudes @ u.T) ** 2 @ jnp.asarray(1 - 2 * bits, angles.dtype)
