"""Who takes part: one entry per contestant, and one module per package.

A module offers `build(problem, case, variant) -> Program`; it is imported only by a worker, in its
own environment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

OURS = "qjax"


@dataclass(frozen=True)
class Peer:
    """A contestant: where its module runs, which form of the package it is, what it can do."""

    environment: str
    module: str
    packages: tuple[str, ...]
    variant: str = ""
    tasks: tuple[str, ...] = ("grad", "value", "state")
    needs_block: bool = False


PEERS = {
    "qjax": Peer("qjax", "qjax_peer", ("qjax-sim", "jax"), "Adjoint"),
    "qjax-backprop": Peer("qjax", "qjax_peer", ("qjax-sim", "jax"), "Backprop", ("grad",)),
    "pennylane-jit": Peer("peers", "pennylane_peer", ("pennylane", "jax")),
    "lightning": Peer("peers", "lightning_peer", ("pennylane", "pennylane-lightning")),
    "tc-scan": Peer("tcng", "tc_scan_peer", ("tensorcircuit-ng", "jax"), needs_block=True),
    "tc-docs": Peer("tcng", "tc_docs_peer", ("tensorcircuit-ng", "jax")),
    "qujax": Peer("peers", "qujax_peer", ("qujax", "jax")),
    "qulacs": Peer("peers", "qulacs_peer", ("qulacs",)),
    "aer": Peer("peers", "aer_peer", ("qiskit", "qiskit-aer"), tasks=("value", "state")),
}


@dataclass
class Program:
    """One case made ready to run by one peer.

    `run()` does the work once and returns when it is done; `answer(result)` turns its result into
    lists to compare. `lanes` says how many of a batch a run covers, where a peer has to loop.
    `compiled` returns (seconds to trace, seconds to compile, bytes of temporary memory), for JAX.
    """

    run: Callable[[], Any]
    answer: Callable[[Any], dict]
    precision: str
    lanes: int = 1
    compiled: Callable[[], tuple[float, float, int]] | None = None
