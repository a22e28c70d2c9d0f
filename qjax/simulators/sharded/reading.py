"""After the last gate: which parts of an answer are read when, and the exchanges between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .demands import Demand
from .exchange import ExchangeStep
from .routing import Run, apply_exchange, route


@dataclass(frozen=True, eq=False)
class Round:
    """Parts of the answer that are read with the qubits at these places.

    Attributes:
        before: the exchange that comes first, if any.
        place: where every qubit lies.
        parts: numbers of the parts that are read.
    """

    before: ExchangeStep | None
    place: tuple[int, ...]
    parts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Reading:
    """All rounds, and the exchanges among them."""

    rounds: tuple[Round, ...]

    @property
    def steps(self) -> tuple[ExchangeStep, ...]:
        return tuple(r.before for r in self.rounds if r.before is not None)


def read(
    needs: Sequence[frozenset[int]], place: Sequence[int], g: int, names: Sequence[str]
) -> Reading:
    """The rounds in which every part has the qubits it needs on the device, in any order."""
    demands = [Demand(k, qubits, frozenset(), frozenset()) for k, qubits in enumerate(needs)]
    events, _ = route(demands, place, g)
    where, m = list(place), len(place) - g
    rounds: list[Round] = []
    before, parts = None, []
    for event in events:
        if isinstance(event, Run):
            parts.append(event.index)
        else:
            rounds.append(Round(before, tuple(where), tuple(parts)))
            before, parts = ExchangeStep(m, event.pairs, g, names), []
            apply_exchange(where, event.pairs)
    rounds.append(Round(before, tuple(where), tuple(parts)))
    return Reading(tuple(rounds))
