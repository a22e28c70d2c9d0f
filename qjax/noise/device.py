"""Devices from small JSON files: T1 and T2, gate errors and durations, readout errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..circuit import Gate
from ..circuit.channels import Depolarizing, ThermalRelaxation
from ..errors import DataError
from .model import NoiseModel, Rule

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Device:
    """What is known of a device; `model` makes noise of it.

    Attributes:
        name: of the device.
        source: where the figures come from.
        qubits: for each qubit a mapping with ``t1``, ``t2``, ``zero_as_one``, ``one_as_zero``.
        gates: mappings with ``names``, ``qubits`` (missing: all), ``error`` (average infidelity)
            and ``duration``.
        measure_duration: in the unit of the times.
    """

    name: str
    source: str
    qubits: tuple[Mapping[str, float], ...]
    gates: tuple[Mapping[str, Any], ...]
    measure_duration: float = 0.0

    def entry(self, gate: Gate) -> Mapping[str, Any] | None:
        """What is known of a gate on its qubits."""
        for known in self.gates:
            places = known.get("qubits")
            if gate.name in known["names"] and (places is None or tuple(places) == gate.qubits):
                return known
        return None

    def strength(self, known: Mapping[str, Any], qubits: tuple[int, ...]) -> float:
        """The probability of a depolarising error that, on top of relaxation during the gate, gives
        the gate's average infidelity (0 where relaxation alone gives more)."""
        d, duration = 2 ** len(qubits), float(known.get("duration", 0.0))
        kept = 1.0
        for q in qubits:
            t1, t2 = self.qubits[q]["t1"], self.qubits[q]["t2"]
            kept *= 1 + np.exp(-duration / t1) + 2 * np.exp(-duration / t2)
        wanted = ((1 - float(known["error"])) * (d + 1) - 1) * d  # trace of the transfer matrix
        shrink = (wanted - 1) / (kept - 1)
        return float(max(0.0, (1 - shrink) * (d * d - 1) / (d * d)))

    def model(self) -> NoiseModel:
        """The device's noise: depolarising errors after gates, relaxation while gates run and
        qubits wait, readout errors.

        Source: the construction of Qiskit Aer's basic device noise model.

        Example:
            >>> import qjax as qj
            >>> from qjax import noise
            >>> model = noise.load_device("manila").model()
            >>> bell = qj.Circuit(2, [qj.RZ(1.57, 0), qj.SX(0), qj.CNOT(0, 1)])
            >>> noise.insert(bell, model, measured=True).counts()
            {'RZ': 1, 'SX': 1, 'CX': 1}
        """
        rules = []
        for known in self.gates:
            places = known.get("qubits")
            wide = (
                [tuple(places)] if places is not None else [(q,) for q in range(len(self.qubits))]
            )
            for qubits in wide:
                p = self.strength(known, qubits)
                if p > 0:
                    rules.append(Rule(_depolarizing(p), tuple(known["names"]), qubits))
        t1, t2 = (np.array([q[name] for q in self.qubits]) for name in ("t1", "t2"))
        readout = np.array([[q["zero_as_one"], q["one_as_zero"]] for q in self.qubits])

        def duration(gate: Gate) -> float:
            known = self.entry(gate)
            return 0.0 if known is None else float(known.get("duration", 0.0))

        return NoiseModel(
            rules, duration, t1, t2, readout=readout, measure_duration=self.measure_duration
        )


def _depolarizing(p: float) -> Any:
    return lambda *qubits: Depolarizing(p, qubits)


def devices() -> tuple[str, ...]:
    """Names of the devices that come with qjax."""
    return tuple(sorted(path.stem for path in DATA.glob("*.json")))


def load_device(device: str | Path) -> Device:
    """A device from a JSON file, or one of `devices` by name.

    Args:
        device: a path, or a name.

    Raises:
        DataError: no such device, not JSON, or a figure that is missing or impossible.

    Example:
        >>> from qjax import noise
        >>> noise.load_device("manila").qubits[0]["t1"]
        131.53
    """
    path = DATA / f"{device}.json" if str(device) in devices() else Path(device)
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise DataError(
            f"load_device: there is no device {str(device)!r}",
            expected=f"the path of a JSON file, or one of {', '.join(devices())}",
            got=str(error),
        ) from None
    except json.JSONDecodeError as error:
        raise DataError(f"load_device: {path} is not JSON", got=str(error)) from None
    return _checked(data, str(path))


def _checked(data: Any, where: str) -> Device:
    def need(table: Any, name: str, place: str) -> Any:
        if not isinstance(table, dict) or name not in table:
            raise DataError(f"load_device: {where}: {place} has no {name!r}", got=f"{table!r:.80}")
        return table[name]

    qubits = need(data, "qubits", "the device")
    for k, q in enumerate(qubits):
        for name in ("t1", "t2", "zero_as_one", "one_as_zero"):
            value = need(q, name, f"qubit {k}")
            if not isinstance(value, int | float) or value < 0:
                raise DataError(
                    f"load_device: {where}: {name} of qubit {k} is impossible", got=repr(value)
                )
        ThermalRelaxation(q["t1"], q["t2"], 0.0, 0)  # refuses t2 > 2 t1
    gates = need(data, "gates", "the device")
    for k, g in enumerate(gates):
        need(g, "names", f"gate {k}")
        error = need(g, "error", f"gate {k}")
        if not isinstance(error, int | float) or not 0 <= error <= 1:
            raise DataError(f"load_device: {where}: error of gate {k} is impossible", got=error)
        if max(g.get("qubits") or [0]) >= len(qubits):
            raise DataError(
                f"load_device: {where}: gate {k} is on a qubit that the device lacks",
                expected=f"qubits 0 to {len(qubits) - 1}",
                got=g["qubits"],
            )
    return Device(
        str(data.get("name", Path(where).stem)),
        str(data.get("source", "")),
        tuple(qubits),
        tuple(gates),
        float(data.get("measure_duration", 0.0)),
    )
