"""Qiskit's primitives as a backend: simulators, fake devices, real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..interop.needs import require
from ..interop.qiskit_out import to_qiskit
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
    _prepared: dict[tuple[str, bool], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        require("qiskit", "QiskitBackend")

    @property
    def capabilities(self) -> Capabilities:
        most = getattr(self.backend, "num_qubits", None)
        return Capabilities(n_qubits=most, max_batch=self.max_batch)

    def expectations(
        self,
        program: Program,
        angles: np.ndarray,
        words: Sequence[str],
        *,
        shots: int | None,
        seeds: np.ndarray,
    ) -> Estimates:
        from qiskit.quantum_info import SparsePauliOp

        circuit = self._circuit(program, measured=False)
        observables = [SparsePauliOp(word[::-1]) for word in words]  # Qiskit's qubit 0 is last
        if circuit.layout is not None:
            observables = [o.apply_layout(circuit.layout) for o in observables]
        elif circuit.num_qubits > program.circuit.n:
            observables = [o.apply_layout(None, circuit.num_qubits) for o in observables]
        values = _bindings(circuit, program, angles)[:, None]
        precision = 0.0 if shots is None else 1 / np.sqrt(shots)
        job = self._estimator(_one(seeds)).run(
            [(circuit, [observables], values)], precision=precision
        )
        data = job.result()[0].data
        spread = np.zeros_like(data.evs) if shots is None else np.asarray(data.stds)
        return Estimates(np.asarray(data.evs), spread)

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
