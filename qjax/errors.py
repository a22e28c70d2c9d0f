"""The errors of qjax. Each says what was wrong, what was expected and got, and how to fix it."""

from __future__ import annotations


class QjaxError(Exception):
    """Base of every error that qjax raises on purpose.

    Args:
        what: the fault, naming the argument (and gate number, gate and qubits where there are any).
        expected: what would have been accepted.
        got: what was passed.
        fix: what to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: object = None,
        got: object = None,
        fix: str | None = None,
    ) -> None:
        lines = [what]
        if expected is not None:
            lines.append(f"  expected: {expected}")
        if got is not None:
            lines.append(f"  got:      {got}")
        if fix is not None:
            lines.append(f"  fix:      {fix}")
        super().__init__("\n".join(lines))
        self.what, self.expected, self.got, self.fix = what, expected, got, fix

    def within(self, where: str) -> QjaxError:
        """The same error, said to have happened at ``where`` (such as ``"gate 3"``)."""
        return type(self)(
            f"{where}: {self.what}", expected=self.expected, got=self.got, fix=self.fix
        )


class QubitError(QjaxError, ValueError):
    """A qubit index that is out of range, repeated, or not an integer."""


class ArityError(QjaxError, TypeError):
    """A gate given the wrong number of qubits or parameters."""


class ParameterError(QjaxError, ValueError):
    """A gate parameter of the wrong shape or type, or one that is not finite."""


class MatrixError(QjaxError, ValueError):
    """A matrix that is not unitary, not Hermitian or not of the expected shape."""


class CircuitError(QjaxError, ValueError):
    """Operations that do not form a circuit, or a block that is ill-formed."""


class ObservableError(QjaxError, ValueError):
    """An observable that is not Hermitian or does not fit the circuit."""


class KeyRequiredError(QjaxError, TypeError):
    """A random computation asked for without a (proper) PRNG key."""


class ShotsError(QjaxError, ValueError):
    """A number of shots that is not a positive integer."""


class CapacityError(QjaxError, MemoryError):
    """A request that cannot fit into memory, refused before anything is allocated."""


class DeviceError(QjaxError, ValueError):
    """A mesh of devices that does not fit the request, or a batch that does not fit the mesh."""


class UnsupportedError(QjaxError, TypeError):
    """A combination of circuit, simulator and gradient that cannot work."""


class BackendError(QjaxError, RuntimeError):
    """A quantum computer, or what stands in for one, that failed or answered nonsense."""


class ExperimentError(QjaxError, ValueError):
    """An unknown experiment, an unknown setting, or a run folder that cannot be resumed."""


class DataError(QjaxError, ValueError):
    """Input data of the wrong shape, kind or range."""
