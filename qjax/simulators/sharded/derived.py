"""Parameters that are made on each device from those of the circuit and the device's own bits.

A gate that touches qubits among the devices is, on each device, a gate on the other qubits with
parameters of its own. Slices of stacked parameters, for layers that are laid out one by one, are
made here too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..steps import Leaf

Make = Callable[[list[Any], Any, Any], Any]
"""``make(values, bits, dtype)``: values of the inputs, the device's bits ``(g,)``, a real dtype."""


@dataclass(frozen=True)
class _Recipe:
    inputs: tuple[int, ...]
    make: Make
    maps: tuple[tuple[bool, ...], ...]  # for each loop around it, which inputs carry its axis


class Extended:
    """The leaves of a circuit, and behind them those that are derived from them.

    ``axes[k]`` names the loops whose axes leaf ``k`` carries in front, the outermost first.
    """

    def __init__(self, complex_leaves: Sequence[bool]) -> None:
        self.marks = list(complex_leaves)
        self.axes: list[tuple[int, ...]] = [()] * len(self.marks)
        self.recipes: list[_Recipe] = []
        self.loops = 0
        self._slices: dict[tuple, Leaf] = {}

    def loop(self) -> int:
        """The number of a new loop; loops within others have higher numbers."""
        self.loops += 1
        return self.loops

    def add(self, inputs: Sequence[Leaf], make: Make, is_complex: bool = False) -> Leaf:
        """A new leaf; it carries the axes of all its inputs."""
        places = tuple(leaf.index for leaf in inputs)
        axes = tuple(sorted({a for k in places for a in self.axes[k]}))
        maps = tuple(tuple(a in self.axes[k] for k in places) for a in axes)
        self.recipes.append(_Recipe(places, make, maps))
        self.marks.append(is_complex)
        self.axes.append(axes)
        return Leaf(len(self.marks) - 1, is_complex)

    def sliced(self, leaf: Leaf, which: int | slice, loop: int | None = None) -> Leaf:
        """``leaf[which]`` along the first axis that belongs to no loop; a slice's axis becomes
        that of ``loop``."""
        key = (leaf.index, str(which), loop)
        if key not in self._slices:
            new = self.add([leaf], lambda values, bits, dtype: values[0][which], leaf.is_complex)
            if loop is not None:
                self.axes[new.index] = (*self.axes[new.index], loop)
            self._slices[key] = new
        return self._slices[key]

    def stacked(self, parts: Sequence[Leaf]) -> Leaf:
        """Leaves of one shape as one with a new leading axis."""
        key = tuple(leaf.index for leaf in parts)
        if key not in self._slices:
            self._slices[key] = self.add(
                parts, lambda values, bits, dtype: jnp.stack(values), parts[0].is_complex
            )
        return self._slices[key]

    def evaluate(self, leaves: Sequence[Any], bits: Any, dtype: Any) -> list[Any]:
        """All leaves on the device with these bits."""
        values = [jnp.asarray(x) for x in leaves]
        for recipe in self.recipes:

            def make(inputs: list[Any], recipe: _Recipe = recipe) -> Any:
                return recipe.make(inputs, bits, dtype)

            for mapped in reversed(recipe.maps):
                make = jax.vmap(make, in_axes=([0 if m else None for m in mapped],))
            values.append(make([values[k] for k in recipe.inputs]))
        return values
