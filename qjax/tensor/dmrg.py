"""Ground states of chains by the density matrix renormalisation group."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ObservableError, ParameterError
from ..pauli import as_pauli_sum
from ..simulators.mps import MatrixProductState
from ..simulators.mps.basis import HIGHEST
from .mpo import MatrixProductOperator


class GroundState(NamedTuple):
    """What DMRG found.

    Attributes:
        energy: real scalar.
        state: the `MatrixProductState`, normalised.
        energies: after every sweep.
        truncation_error: the largest share of weight discarded in the last sweep.
    """

    energy: Any
    state: MatrixProductState
    energies: np.ndarray
    truncation_error: Any


def dmrg(
    hamiltonian: Any,
    n: int | None = None,
    *,
    max_bond: int = 32,
    max_sweeps: int = 20,
    tolerance: float = 1e-10,
    krylov: int = 4,
    seed: int = 0,
) -> GroundState:
    """The ground state of a `PauliSum` by two-site DMRG.

    The bond dimension doubles from sweep to sweep until it reaches ``max_bond``. Each size is
    compiled once; a sweep is one scan there and one back. Hamiltonians with an even number of Y in
    every word run in real arithmetic. No derivative: differentiate the energy of the result.

    Args:
        hamiltonian: a `PauliSum`.
        n: number of qubits (default: as many as it names), at least 2.
        max_bond: largest bond dimension.
        max_sweeps: at most so many sweeps there and back.
        tolerance: stop when a sweep at full bond dimension lowers the energy by less than this
            share of it.
        krylov: Lanczos vectors for each bond.
        seed: of the random state that it starts from.

    Raises:
        ObservableError: not a Hamiltonian on a chain of at least two qubits.
        ParameterError: numbers out of range.

    Source: White, PRL 69, 2863 (1992); Schollwoeck, Ann. Phys. 326, 96 (2011), section 6.

    Example:
        >>> import qjax as qj
        >>> from qjax.tensor import dmrg
        >>> round(float(dmrg(qj.heisenberg(4), max_bond=4).energy), 3)
        -6.464
    """
    hamiltonian = as_pauli_sum(hamiltonian)
    n = int(hamiltonian.num_qubits if n is None else n)
    if n < 2:
        raise ObservableError("dmrg: the chain needs at least two qubits", got=n)
    for name, value, least in (
        ("max_bond", max_bond, 1),
        ("max_sweeps", max_sweeps, 1),
        ("krylov", krylov, 2),
    ):
        if not isinstance(value, int) or value < least:
            raise ParameterError(f"dmrg: {name} must be at least {least}", got=repr(value))
    operator = MatrixProductOperator.from_pauli_sum(hamiltonian, n)
    w = operator.tensors
    key = jax.random.key(seed)
    limit = min(max_bond, 2 ** (n // 2))
    sizes = [limit]
    while sizes[0] > 8:
        sizes.insert(0, max(sizes[0] // 2, 8))
    chi = sizes[0]
    start = jax.random.normal(key, (n, chi, 2, chi), np.finfo(w.dtype).dtype).astype(w.dtype)
    tensors = MatrixProductState(start).normalised().tensors
    energies: list[float] = []
    lost = jnp.zeros(())
    while len(energies) < max_sweeps:
        energy, tensors, lost = _sweep(w, operator.end, tensors, krylov)
        energies.append(float(energy))
        if len(sizes) > 1:
            sizes.pop(0)
            grow = (0, sizes[0] - tensors.shape[1])
            tensors = jnp.pad(tensors, ((0, 0), grow, (0, 0), grow))
        elif len(energies) > 1 and energies[-2] - energies[-1] < tolerance * abs(energies[-1]):
            break
    return GroundState(
        jnp.asarray(energies[-1]), MatrixProductState(tensors), np.array(energies), lost
    )


@partial(jax.jit, static_argnums=(1, 3))
def _sweep(w: Any, end: int, tensors: Any, krylov: int) -> Any:
    """There and back once; tensors right-canonical with their centre at site 0."""
    chi = tensors.shape[1]
    bond = w.shape[1]
    right_end = jnp.zeros((chi, bond, chi), w.dtype).at[0, end, 0].set(1)
    left_end = jnp.zeros((chi, bond, chi), w.dtype).at[0, 0, 0].set(1)

    def grow_right(env: Any, site: Any) -> Any:
        return _right(env, *site), env

    # rights[k]: what lies right of site k.
    _, rights = jax.lax.scan(grow_right, right_end, (tensors, w), reverse=True)

    def forward(carry: Any, given: Any) -> Any:
        left, centre = carry
        w0, w1, b, right = given
        theta, _ = _lanczos(left, w0, w1, right, _join(centre, b), krylov)
        a, rest, _ = _cut(theta, chi, True)
        return (_left(left, a, w0), rest), (a, left)

    steps = (w[:-1], w[1:], tensors[1:], rights[1:])
    (_, centre), (lefts_a, lefts) = jax.lax.scan(forward, (left_end, tensors[0]), steps)

    def backward(carry: Any, given: Any) -> Any:
        right, centre = carry
        w0, w1, a, left = given
        theta, energy = _lanczos(left, w0, w1, right, _join(a, centre), krylov)
        rest, b, lost = _cut(theta, chi, False)
        return (_right(right, b, w1), rest), (b, energy, lost)

    (_, first), (new, energy, lost) = jax.lax.scan(
        backward, (right_end, centre), (w[:-1], w[1:], lefts_a, lefts), reverse=True
    )
    return energy[0], jnp.concatenate([first[None], new]), jnp.max(lost)


def _einsum(spec: str, *arrays: Any) -> Any:
    return jnp.einsum(spec, *arrays, precision=HIGHEST)


def _left(env: Any, a: Any, w: Any) -> Any:
    """Axes of an environment: bra bond, operator bond, ket bond."""
    up = _einsum("xwk,ksl->xwsl", env, a)
    up = _einsum("xwsl,wtsv->xtvl", up, w)
    return _einsum("xtvl,xty->yvl", up, jnp.conj(a))


def _right(env: Any, b: Any, w: Any) -> Any:
    up = _einsum("lsr,yvr->lsyv", b, env)
    up = _einsum("lsyv,wtsv->lywt", up, w)
    return _einsum("lywt,xty->xwl", up, jnp.conj(b))


def _join(a: Any, b: Any) -> Any:
    return _einsum("asm,mtc->astc", a, b)


def _product(left: Any, w0: Any, w1: Any, right: Any, theta: Any) -> Any:
    """The Hamiltonian seen by two sites."""
    out = _einsum("xwa,astc->xwstc", left, theta)
    out = _einsum("xwstc,wpsv->xpvtc", out, w0)
    out = _einsum("xpvtc,vqtu->xpquc", out, w1)
    return _einsum("xpquc,yuc->xpqy", out, right)


def _lanczos(left: Any, w0: Any, w1: Any, right: Any, theta: Any, krylov: int) -> tuple[Any, Any]:
    """The lowest state in the Krylov space of ``theta``, orthogonalised in full."""
    shape = theta.shape
    real = jnp.finfo(theta.dtype).dtype

    def norm(x: Any) -> Any:
        return jnp.sqrt(jnp.sum(jnp.real(x) ** 2 + jnp.imag(x) ** 2))

    first = theta.reshape(-1)
    first = first / norm(first).astype(theta.dtype)
    basis = jnp.zeros((krylov, first.size), theta.dtype).at[0].set(first)
    images = jnp.zeros_like(basis)

    def grow(carry: Any, k: Any) -> Any:
        basis, images = carry
        image = _product(left, w0, w1, right, basis[k].reshape(shape)).reshape(-1)
        images = images.at[k].set(image)
        rest = image
        for _ in range(2):
            rest = rest - jnp.matmul(
                jnp.matmul(jnp.conj(basis), rest, precision=HIGHEST), basis, precision=HIGHEST
            )
        size = norm(rest)
        # An invariant space is as large as it gets: further vectors are zero.
        alive = size > 1e3 * jnp.finfo(real).eps * norm(image)
        rest = jnp.where(alive, rest / jnp.where(alive, size, 1).astype(rest.dtype), 0)
        return (basis.at[k + 1].set(rest, mode="drop"), images), None

    (basis, images), _ = jax.lax.scan(grow, (basis, images), np.arange(krylov))
    small = jnp.matmul(jnp.conj(basis), images.T, precision=HIGHEST)
    small = (small + jnp.conj(small.T)) / 2
    empty = _norms(basis) < 0.5
    # Zero vectors must not look like states of energy zero.
    high = 2 * jnp.sum(jnp.abs(small)) + 1
    small = small + jnp.diag(jnp.where(empty, high, 0)).astype(small.dtype)
    values, vectors = jnp.linalg.eigh(small)
    best = jnp.matmul(vectors[:, 0], basis, precision=HIGHEST)
    return (best / norm(best).astype(best.dtype)).reshape(shape), values[0]


def _norms(a: Any) -> Any:
    """Euclidean norms of the rows."""
    return jnp.sqrt(jnp.sum(jnp.real(a) ** 2 + jnp.imag(a) ** 2, axis=1))


def _cut(theta: Any, chi: int, to_right: bool) -> tuple[Any, Any, Any]:
    """Two sites apart again, the centre on the right or on the left; the weight lost."""
    u, s, v = jnp.linalg.svd(theta.reshape(2 * chi, 2 * chi), full_matrices=False)
    lost = jnp.sum(s[chi:] ** 2) / jnp.sum(s**2)
    s = (s / jnp.sqrt(jnp.sum(s[:chi] ** 2)))[:chi].astype(theta.dtype)
    u, v = u[:, :chi], v[:chi]
    if to_right:
        v = s[:, None] * v
    else:
        u = u * s[None, :]
    return u.reshape(chi, 2, chi), v.reshape(chi, 2, chi), lost
