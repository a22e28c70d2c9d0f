"""Where the training of a staircase circuit may start: chance, the identity, a tensor network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..templates import tensor_network_initial

RANDOM, NEAR_ZERO, BLOCKS = "random", "near zero", "identity blocks"
SPREAD = np.pi / 4  # random angles are uniform between minus and plus this

Starts = dict[str, Float[Array, "seeds layers bonds 15"]]


def network_name(bond: int) -> str:
    """What the start from a tensor network of that bond dimension is called."""
    return f"tensor network, bond {bond}"


def network_starts(
    key: Array,
    target: Any,
    bonds: Sequence[int],
    *,
    n: int,
    layers: int,
    extra_layers: int,
    sweeps: int,
    noise: float,
    seeds: int,
) -> Starts:
    """Circuits from tensor networks of several bond dimensions.

    Args:
        key: of the noise.
        target: a Hamiltonian or data, as `tensor_network_initial` takes it.
        bonds: bond dimensions.
        n: qubits.
        layers, extra_layers: into which a state is decomposed; and at the identity.
        sweeps: of the decomposition.
        noise: standard deviation (radians) of the noise by which the seeds differ.
        seeds: how many.
    """
    out = {}
    for bond, k in zip(bonds, jax.random.split(key, len(bonds)), strict=True):
        found = tensor_network_initial(
            target, max_bond=bond, layers=layers, extra_layers=extra_layers, sweeps=sweeps, n=n
        )
        shape = (seeds, *found.params.shape)
        out[network_name(bond)] = found.params[None] + noise * jax.random.normal(k, shape)
    return out


def plain_starts(key: Array, *, n: int, layers: int, noise: float, seeds: int) -> Starts:
    """Starts that know nothing of the problem.

    ``random``: every angle uniform. ``near zero``: Gaussian. ``identity blocks``: gates on every
    second bond are random and undone by the layer after them, which makes every pair of layers
    the identity; a last layer without partner stays at zero, and Gaussian noise is added to all.

    Source: identity blocks, Grant et al., arXiv:1903.05076.
    """
    shape = (seeds, layers, n - 1, 15)
    one, two, three, four = jax.random.split(key, 4)
    drawn = jax.random.uniform(one, shape, minval=-SPREAD, maxval=SPREAD)
    half = jax.random.uniform(two, (seeds, layers // 2, n - 1, 15), minval=-SPREAD, maxval=SPREAD)
    # Gates on disjoint bonds commute, so that opposite angles undo them in any order.
    alternate = (np.arange(n - 1)[None, :] + np.arange(layers // 2)[:, None]) % 2 == 0
    half = jnp.where(alternate[None, :, :, None], half, 0)
    blocks = jnp.stack([half, -half], 2).reshape(seeds, -1, n - 1, 15)
    blocks = jnp.pad(blocks, ((0, 0), (0, layers - blocks.shape[1]), (0, 0), (0, 0)))
    return {
        RANDOM: drawn,
        NEAR_ZERO: noise * jax.random.normal(three, shape),
        BLOCKS: blocks + noise * jax.random.normal(four, shape),
    }
