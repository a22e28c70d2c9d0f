"""One case: which circuit, of what size, asked for what. Its meaning in gates: problem.py."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Case:
    """A point of a workload.

    `task` is "grad" (value and gradient), "value" (an expectation value) or "state" (the final
    state). `circuit` is "layers", "random" or "qaoa"; `layers` counts layers, or gates when the
    circuit is random. `batch` is the number of parameter sets, 0 for a single one without a batch
    axis. `goal` is the ratio best peer / qjax that we aim for.
    """

    task: str
    circuit: str
    qubits: int
    layers: int = 10
    ring: str = "CZ"
    hamiltonian: str = "tfim"
    dtype: str = "complex64"
    batch: int = 0
    goal: float | None = None

    @property
    def size(self) -> tuple[int, int, int]:
        """How hard the case is: a peer that fails at one size is not tried at a larger one."""
        return (self.qubits, self.layers, self.batch)

    @property
    def family(self) -> tuple[str, ...]:
        """What stays the same along a curve of growing size."""
        return (self.task, self.circuit, self.ring, self.hamiltonian, self.dtype)

    @property
    def name(self) -> str:
        """Return a short name for tables."""
        depth = "gates" if self.circuit == "random" else "L"
        parts = [self.task, self.circuit, f"n={self.qubits}", f"{depth}={self.layers}"]
        parts += [self.ring] if self.circuit == "layers" else []
        parts += [self.hamiltonian] if self.task != "state" else []
        parts += [f"B={self.batch}"] if self.batch else []
        return " ".join([*parts, self.dtype])

    def covers(self, other: "Case") -> bool:
        """Tell whether `other` is at least as large in every respect, and otherwise the same."""
        larger = all(b >= a for a, b in zip(self.size, other.size, strict=True))
        return self.family == other.family and larger

    def to_json(self) -> dict:
        """Return the case as it travels to a worker and stands in the results."""
        return asdict(self)
