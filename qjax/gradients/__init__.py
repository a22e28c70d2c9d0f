"""How a result is differentiated: small frozen objects, always reached through `jax.grad`."""

from .adjoint import Adjoint
from .backprop import Backprop
from .parameter_shift import ParameterShift
from .refuse import refuse_derivative
from .spsa import SPSA
from .strategy import Gradient

__all__ = ["SPSA", "Adjoint", "Backprop", "Gradient", "ParameterShift", "refuse_derivative"]
