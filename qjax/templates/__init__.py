"""Ready-made circuits: data encodings and ansaetze, each a plain function returning a Circuit."""

from .ansaetze import (
    brickwork_su4,
    brickwork_su4_shape,
    hardware_efficient,
    hardware_efficient_shape,
    strongly_entangling,
    strongly_entangling_shape,
)
from .encodings import (
    amplitude_encoding,
    angle_encoding,
    basis_encoding,
    iqp_encoding,
    zz_feature_map,
)
from .entanglement import entangled_pairs
from .qaoa import qaoa
from .resource_efficient import resource_efficient_map
from .reuploading import data_reuploading, data_reuploading_shape
from .tensor_network import Initial, staircase_su4, tensor_network_initial
from .trotter import by_letters, trotter
from .trotter_error import trotter_error_bound, trotter_error_estimate
from .two_local import (
    efficient_su2,
    efficient_su2_shape,
    real_amplitudes,
    real_amplitudes_shape,
)
from .uccsd import excitation_rotations, uccsd

__all__ = [
    "Initial",
    "amplitude_encoding",
    "angle_encoding",
    "basis_encoding",
    "brickwork_su4",
    "brickwork_su4_shape",
    "by_letters",
    "data_reuploading",
    "data_reuploading_shape",
    "efficient_su2",
    "efficient_su2_shape",
    "entangled_pairs",
    "excitation_rotations",
    "hardware_efficient",
    "hardware_efficient_shape",
    "iqp_encoding",
    "qaoa",
    "real_amplitudes",
    "real_amplitudes_shape",
    "resource_efficient_map",
    "staircase_su4",
    "strongly_entangling",
    "strongly_entangling_shape",
    "tensor_network_initial",
    "trotter",
    "trotter_error_bound",
    "trotter_error_estimate",
    "uccsd",
    "zz_feature_map",
]
