"""Classical shadows: many observables from measurements in random bases."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from ..circuit import Circuit, as_circuit
from ..circuit.constructors import Unitary
from ..errors import ObservableError, ParameterError
from ..pauli import PauliSum
from ..simulators import Simulator
from .checks import as_key, as_observables, as_shots
from .program import DEFAULT_SIM, guarded
from .verbs import sample

CHUNK = 2**22  # amplitudes that are held at once

_TO_Z = np.stack(
    [
        np.array([[1, 1], [1, -1]]) / np.sqrt(2),
        np.array([[1, -1j], [1, 1j]]) / np.sqrt(2),
        np.eye(2),
    ]
)


class Shadow(NamedTuple):
    """Outcomes of measuring every qubit in a random Pauli basis.

    Attributes:
        bases: 0, 1, 2 for X, Y, Z, ``(shots, n)``.
        bits: the outcomes, ``(shots, n)``.
    """

    bases: UInt8[Array, "shots n"]
    bits: UInt8[Array, "shots n"]


def classical_shadow(
    circuit: Circuit, key: Array, shots: int, *, sim: Simulator = DEFAULT_SIM
) -> Shadow:
    """Measures all qubits in random Pauli bases, once per shot.

    Args:
        circuit: what is run.
        key: a PRNG key.
        shots: how many measurements, positive.
        sim: how it is simulated.

    Returns:
        Bases and outcomes, for `shadow_expval`.

    Raises:
        KeyRequiredError, ShotsError: as for `sample`.
        UnsupportedError: when differentiated.

    Source: Huang, Kueng and Preskill, arXiv:2002.08953.

    Example:
        >>> import jax, qjax as qj
        >>> shadow = qj.classical_shadow(qj.Circuit(2, [qj.X(1)]), jax.random.key(0), 3)
        >>> shadow.bits.shape
        (3, 2)
    """
    circuit = as_circuit(circuit, "classical_shadow")
    count = as_shots(shots, "classical_shadow")
    key = as_key(key, "classical_shadow", True)
    circuit = guarded(circuit, "classical_shadow", "differentiate qjax.expval instead")
    key_bases, key_shots = jax.random.split(key)
    bases = jax.random.randint(key_bases, (count, circuit.n), 0, 3)
    kind = np.complex128 if jax.config.read("jax_enable_x64") else np.complex64
    table = jnp.asarray(_TO_Z, kind)

    def one(basis_and_key: Any) -> Any:
        basis, own = basis_and_key
        turned = circuit + [Unitary(table[basis[q]], q) for q in range(circuit.n)]
        return sample(turned, own, 1, sim=sim)[0]

    chunk = max(1, min(count, CHUNK // 2**circuit.n))
    keys = jax.random.split(key_shots, count)
    bits = jax.jit(lambda x: jax.lax.map(one, x, batch_size=chunk))((bases, keys))
    return Shadow(bases.astype(jnp.uint8), bits)


def shadow_expval(shadow: Shadow, observable: Any, groups: int = 1) -> tuple[Any, Any]:
    """Expectation values of Pauli sums from a shadow.

    A word counts ``3**k`` times the product of its outcomes in the shots whose bases agree with it
    on its k qubits, and 0 in the others: unbiased, with a variance of about ``3**k`` per shot.

    Args:
        shadow: from `classical_shadow`.
        observable: a `PauliSum` or any pytree of them.
        groups: 1 for the mean over all shots; more for the median of the means of so many groups,
            which tolerates outliers (and is no longer exactly unbiased).

    Returns:
        ``(value, stderr)``, each in the structure of ``observable``; the standard error is that of
        the mean over all shots.

    Raises:
        ObservableError: something else than Pauli sums.
        ParameterError: more groups than shots.

    Source: Huang, Kueng and Preskill, arXiv:2002.08953, algorithm 1.

    Example:
        >>> import jax, qjax as qj
        >>> shadow = qj.classical_shadow(qj.Circuit(1), jax.random.key(0), 2000)
        >>> value, error = qj.shadow_expval(shadow, qj.Z(0))
        >>> abs(float(value) - 1) < 5 * float(error)
        True
    """
    count, n = shadow.bits.shape
    if not 1 <= groups <= count:
        raise ParameterError(
            "shadow_expval: groups must lie between 1 and the number of shots",
            expected=f"1 to {count}",
            got=groups,
        )
    asked = as_observables(observable, n, "shadow_expval")

    def one(o: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
        if not isinstance(o, PauliSum):
            raise ObservableError(
                "shadow_expval: observable must be a Pauli sum",
                got=repr(o),
                fix="write a Hermitian or a projector as a sum of Pauli words",
            )
        coeffs = jnp.asarray(o.coeffs)
        signs = 1 - 2 * shadow.bits.astype(coeffs.dtype)
        total = jnp.zeros(count, coeffs.dtype)
        for k, word in enumerate(o.words):
            places = np.array([q for q, _ in word], int)
            letters = np.array(["XYZ".index(c) for _, c in word], np.uint8)
            agree = jnp.all(shadow.bases[:, places] == jnp.asarray(letters)[None, :], axis=1)
            product = jnp.prod(signs[:, places], axis=1) * 3.0 ** len(word)
            total = total + coeffs[k] * jnp.where(agree, product, 0)
        error = jnp.std(total, ddof=1 if count > 1 else 0) / np.sqrt(count)
        size = count // groups
        means = jnp.mean(total[: size * groups].reshape(groups, size), axis=1)
        value = jnp.mean(total) if groups == 1 else jnp.median(means)
        return value, error if count > 1 else jnp.full_like(error, jnp.inf)

    flat, treedef = jax.tree.flatten(asked, is_leaf=lambda x: hasattr(x, "qubits"))
    pairs = [one(o) for o in flat]
    return tuple(treedef.unflatten([p[i] for p in pairs]) for i in (0, 1))  # type: ignore[return-value]
