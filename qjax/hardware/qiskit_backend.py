"""Qiskit's primitives as a backend: simulators, fake devices, real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..interop.needs import require
from ..interop.qiskit_out import to_qiskit
from ..observables.grouping import Group, group_commuting
from ..pauli import PauliSum
from .backend import Capabilities, Estimates
from .program import Program


@dataclass(frozen=True, eq=False)
class QiskitBackend:
    """Circuits run by an `EstimatorV2` and a `SamplerV2`.

    Args:
        estimator, sampler: primitives of Qiskit, of Aer or of a provider; or functions that make
            one from a seed. Without them: those of ``backend``, or Qiskit's exact statevector
            primitives.
        backend: a Qiskit backend (`BackendEstimatorV2` and `BackendSamplerV2` run on it).
        pass_manager: what prepares circuits; by default Qiskit's preset one for ``backend``,
            at ``optimization_level``.
        optimization_level: of the preset pass manager.
        max_batch: how many circuits one job may hold.
        grouped: whether the estimator reads words that commute qubit by qubit off the same shots,
            so that their errors hang together (default: with ``backend``'s own estimator, which
            does; simulated estimators add noise of its own to every word).

    Raises:
        UnsupportedError: Qiskit is not installed.

    Example:
        >>> import qjax as qj
        >>> from qjax.hardware import Device, QiskitBackend
        >>> circuit = qj.Circuit(2, [qj.RY(0.5, 0), qj.CNOT(0, 1)])
        >>> sim = Device(QiskitBackend())
        >>> round(float(qj.expval(circuit, qj.Z(0) @ qj.Z(1), sim=sim)), 4)
        1.0
    """

    estimator: Any = None
    sampler: Any = None
    backend: Any = None
    pass_manager: Any = None
    optimization_level: int = 1
    max_batch: int | None = None
    grouped: bool | None = None
    _prepared: dict[tuple[str, bool], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        require("qiskit", "QiskitBackend")

    @property
    def capabilities(self) -> Capabilities:
        most = getattr(self.backend, "num_qubits", None)
        own = self.backend is not None and self.estimator is None
        related = own if self.grouped is None else self.grouped
        return Capabilities(n_qubits=most, max_batch=self.max_batch, covariances=related)

    def expectations(
        self,
        program: Program,
        angles: np.ndarray,
        words: Sequence[str],
        *,
        shots: int | None,
        seeds: np.ndarray,
        covariances: bool = False,
    ) -> Estimates:
        circuit = self._circuit(program, measured=False)
        values = _bindings(circuit, program, angles)[:, None]
        precision = 0.0 if shots is None else 1 / np.sqrt(shots)
        # Each group is a PUB of its own, so that nothing else decides what is measured together.
        groups = [g.indices for g in _groups(words)] if covariances else [tuple(range(len(words)))]
        asked = [[words[k] for k in group] for group in groups]
        pubs = []
        for group in asked:
            wanted = [*group, *_products(group)] if covariances else group
            pubs.append((circuit, [_observables(wanted, circuit, program)], values))
        results = self._estimator(_one(seeds)).run(pubs, precision=precision).result()
        means, spread = (np.zeros((len(angles), len(words))) for _ in range(2))
        table = np.zeros((len(angles), len(words), len(words))) if covariances else None
        for group, names, result in zip(groups, asked, results, strict=True):
            evs, count = np.asarray(result.data.evs), len(group)
            means[:, group] = evs[:, :count]
            if shots is not None:
                spread[:, group] = np.asarray(result.data.stds)[:, :count]
                if table is not None:
                    table[:, *np.ix_(group, group)] = _related(names, evs) / shots
        return Estimates(means, spread, table)

    def sample(
        self, program: Program, angles: np.ndarray, *, shots: int, seeds: np.ndarray
    ) -> np.ndarray:
        circuit = self._circuit(program, measured=True)
        values = _bindings(circuit, program, angles)
        job = self._sampler(_one(seeds)).run([(circuit, values)], shots=shots)
        packed = job.result()[0].data.meas.array  # (batch, shots, bytes), the first bit last
        bits = np.unpackbits(packed, axis=-1)[..., ::-1]
        return bits[..., : program.circuit.n]

    def _circuit(self, program: Program, measured: bool) -> Any:
        """The program as a circuit that the primitives take."""
        key = (program.fingerprint, measured)
        if key not in self._prepared:
            circuit = to_qiskit(program.circuit)
            if measured:
                circuit.measure_all()
            manager = self.pass_manager
            if manager is None and self.backend is not None:
                from qiskit.transpiler import generate_preset_pass_manager

                manager = generate_preset_pass_manager(
                    self.optimization_level, self.backend, seed_transpiler=0
                )
            self._prepared[key] = circuit if manager is None else manager.run(circuit)
        return self._prepared[key]

    def _estimator(self, seed: int) -> Any:
        from qiskit import primitives

        if self.estimator is not None:
            return self.estimator if hasattr(self.estimator, "run") else self.estimator(seed)
        if self.backend is None:
            return primitives.StatevectorEstimator(seed=seed)
        return primitives.BackendEstimatorV2(backend=self.backend, options={"seed_simulator": seed})

    def _sampler(self, seed: int) -> Any:
        from qiskit import primitives

        if self.sampler is not None:
            return self.sampler if hasattr(self.sampler, "run") else self.sampler(seed)
        if self.backend is None:
            return primitives.StatevectorSampler(seed=seed)
        return primitives.BackendSamplerV2(backend=self.backend, options={"seed_simulator": seed})


def _observables(words: Sequence[str], circuit: Any, program: Program) -> list[Any]:
    """Pauli words on the qubits of a prepared circuit."""
    from qiskit.quantum_info import SparsePauliOp

    plain = [SparsePauliOp(word[::-1]) for word in words]  # Qiskit's qubit 0 is last
    if circuit.layout is not None:
        return [o.apply_layout(circuit.layout) for o in plain]
    if circuit.num_qubits > program.circuit.n:
        return [o.apply_layout(None, circuit.num_qubits) for o in plain]
    return plain


def _groups(words: Sequence[str]) -> list[Group]:
    pairs = [tuple((q, c) for q, c in enumerate(word) if c != "I") for word in words]
    return group_commuting(PauliSum(pairs, np.ones(len(words))))


def _product(a: str, b: str) -> str:
    """The product of words that commute qubit by qubit."""
    return "".join("I" if x == y else x if y == "I" else y for x, y in zip(a, b, strict=True))


def _products(words: Sequence[str]) -> list[str]:
    """The products of all pairs of words, once each, that are not among the words."""
    every = dict.fromkeys(_product(a, b) for a, b in combinations(words, 2))
    return [w for w in every if w not in words]


def _related(words: Sequence[str], values: np.ndarray) -> np.ndarray:
    """Covariances in one shot, from the values of words and `_products`, ``(batch, W, W)``."""
    place = {w: k for k, w in enumerate([*words, *_products(words)])}
    count = len(words)
    both = np.ones((len(values), count, count))
    for i, j in combinations(range(count), 2):
        both[:, i, j] = both[:, j, i] = values[:, place[_product(words[i], words[j])]]
    own = values[:, :count]
    return both - own[:, :, None] * own[:, None]


def _one(seeds: np.ndarray) -> int:
    """One seed for a whole job."""
    digest = hashlib.sha256(np.ascontiguousarray(seeds, "<u4").tobytes()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


def _bindings(circuit: Any, program: Program, angles: np.ndarray) -> np.ndarray:
    """The angles in the order of the circuit's parameters."""
    column = {name: k for k, name in enumerate(program.names)}
    try:
        order = [column[p.name] for p in circuit.parameters]
    except KeyError as error:
        raise UnsupportedError(f"the circuit has a parameter of its own: {error}") from None
    return np.asarray(angles, float)[:, order]
