"""qjax: differentiable quantum simulation in JAX. A circuit is a pytree.

Importing qjax changes no JAX configuration and loads neither flax nor matplotlib.
"""

from . import hardware, interop, noise, observables, qasm, templates, viz
from .circuit import (
    Assign,
    Barrier,
    Channel,
    Circuit,
    Condition,
    Controlled,
    Gate,
    If,
    Inverse,
    Layers,
    Measure,
    Operation,
    Param,
    Project,
    Repeat,
    Reset,
    While,
)
from .circuit.channels import (
    AmplitudeDamping,
    BitFlip,
    BitPhaseFlip,
    Depolarizing,
    GeneralizedAmplitudeDamping,
    KrausChannel,
    PauliChannel,
    PhaseDamping,
    PhaseFlip,
    Prepare,
    ReadoutError,
    ThermalRelaxation,
)
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
    Derivatives,
    Explanation,
    Info,
    Overlaps,
    Shadow,
    amplitudes,
    classical_shadow,
    counts,
    entropy,
    estimate,
    explain,
    expval,
    imaginary_time,
    matrix_product_state,
    metric_tensor,
    overlap,
    probs,
    reduced_density_matrix,
    run,
    sample,
    shadow_expval,
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
from .simulators import (
    MPS,
    DensityMatrix,
    Sharded,
    Statevector,
    TensorNetwork,
    Trajectories,
    device_mesh,
    spread,
)
from .viz import draw

_LAZY = (
    "chemistry",
    "combinatorial",
    "diagnostics",
    "kernels",
    "optim",
    "reservoir",
    "robustness",
    "tasks",
)  # sub-packages that are loaded when they are asked for


def __getattr__(name: str):
    if name in _LAZY:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
