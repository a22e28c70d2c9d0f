"""A pure state spread over many devices, with few exchanges between them."""

from .mesh import device_mesh, plain_mesh, split_mesh
from .plan import ShardedPlan, make_sharded_plan
from .simulator import Sharded
from .spread import batch_axis, spread, spread_padded

__all__ = [
    "Sharded",
    "ShardedPlan",
    "batch_axis",
    "device_mesh",
    "make_sharded_plan",
    "plain_mesh",
    "split_mesh",
    "spread",
    "spread_padded",
]
