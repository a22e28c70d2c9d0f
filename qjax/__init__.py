"""qjax: differentiable quantum simulation in JAX. A circuit is a pytree.

Importing qjax changes no JAX configuration and loads neither flax nor matplotlib.
"""

from . import observables, templates, viz
from .circuit import Circuit, Controlled, Gate, Inverse, Layers, Operation, Param, Repeat
from .circuit.constructors import (
    CCX,
    CCZ,
    CH,
    CNOT,
    CP,
    CRX,
    CRY,
    CRZ,
    CS,
    CSWAP,
    CSX,
    CU,
    CX,
    CY,
    CZ,
    ECR,
    ISWAP,
    RX,
    RXX,
    RY,
    RYY,
    RZ,
    RZX,
    RZZ,
    SU2,
    SU4,
    SWAP,
    SX,
    U2,
    U3,
    BasisState,
    Diagonal,
    Evolution,
    Fredkin,
    GlobalPhase,
    H,
    I,
    P,
    PauliRotation,
    Permutation,
    S,
    Sdg,
    StatePrep,
    SXdg,
    T,
    Tdg,
    Toffoli,
    U,
    Unitary,
    X,
    XXPlusYY,
    Y,
    Z,
    fSim,
)
from .gates import Eigensystem, eigensystem
from .gradients import SPSA, Adjoint, Backprop, ParameterShift
from .measure import (
    Explanation,
    Info,
    amplitudes,
    entropy,
    estimate,
    explain,
    expval,
    overlap,
    probs,
    reduced_density_matrix,
    run,
    sample,
    unitary,
)
from .observables import (
    Hermitian,
    Projector,
    cluster,
    heisenberg,
    ising,
    maxcut,
    molecule,
    tfim,
    xxz,
)
from .pauli import PauliSum
from .simulators import Statevector
from .viz import draw
