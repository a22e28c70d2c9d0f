"""Quantum computers as simulators: backends, jobs, a journal, and the `Device` that uses them."""

from .backend import Backend, Capabilities, Estimates
from .callable import CallableBackend
from .device import Device
from .exact import ExactBackend
from .journal import Journal
from .program import Program
from .qiskit_backend import QiskitBackend

__all__ = [
    "Backend",
    "CallableBackend",
    "Capabilities",
    "Device",
    "Estimates",
    "ExactBackend",
    "Journal",
    "Program",
    "QiskitBackend",
]
