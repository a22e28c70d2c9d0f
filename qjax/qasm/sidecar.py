"""Numbers of a circuit as named inputs, and the record of which is which."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..circuit import Circuit, Gate, Operation, Param
from . import walk, words


def with_inputs(circuit: Circuit) -> tuple[Circuit, list[dict[str, Any]]]:
    """The circuit unrolled, with a `Param` for every scalar angle, and what each stands for."""
    walk.check(circuit)
    leaves, treedef = jax.tree_util.tree_flatten_with_path(circuit)
    taken = set(circuit.params())
    places: dict[str, tuple[str, list[int]]] = {}
    marked = []
    for path, leaf in leaves:
        if isinstance(leaf, Param):
            marked.append(leaf)
            continue
        array = np.empty(np.shape(leaf), object)
        for index in np.ndindex(array.shape):
            name = f"#{len(places)}"
            places[name] = (jax.tree_util.keystr(path), list(index))
            array[index] = Param(name)
        marked.append(array[()] if array.shape == () else array)
    shadow = treedef.unflatten(marked)
    entries: list[dict[str, Any]] = []

    def substitute(ops: Any, shadows: Any) -> list[Operation]:
        out: list[Operation] = []
        for op, mark in zip(walk.unrolled(ops), walk.unrolled(shadows), strict=True):
            if isinstance(op, Gate) and isinstance(mark, Gate):
                out.append(op._replace(params=tuple(map(named(op), op.params, mark.params))))
            elif hasattr(op, "ops"):
                fields = {"ops": tuple(substitute(op.ops, mark.ops))}  # type: ignore[attr-defined]
                if hasattr(op, "else_ops"):
                    fields["else_ops"] = tuple(substitute(op.else_ops, mark.else_ops))  # type: ignore[attr-defined]
                children = tuple(fields.values())
                out.append(type(op).tree_unflatten(op.tree_flatten()[1], children))  # type: ignore[attr-defined]
            else:
                out.append(op)
        return out

    def named(gate: Gate) -> Any:
        scalar = gate.spec.num_qubits is not None or gate.name == "PauliRotation"

        def one(value: Any, mark: Any) -> Any:
            if isinstance(value, Param) or not isinstance(mark, Param) or not scalar:
                return value
            name = f"angle{len(entries)}"
            while name in taken:
                name += "_"
            path, index = places[mark.name]
            entries.append(
                {
                    "name": name,
                    "path": path,
                    "index": index,
                    "value": float(np.asarray(value)),
                    "gate": gate.name,
                    "qubits": list(gate.qubits),
                }
            )
            return Param(name)

        return one

    ops = substitute(circuit.ops, shadow.ops)
    return Circuit(circuit.n, ops, circuit.bits), entries


def describe(circuit: Circuit, inputs: bool) -> dict[str, Any]:
    """The side-car of the file that `dumps` writes."""
    entries: list[dict[str, Any]] = []
    if inputs:
        circuit, entries = with_inputs(circuit)
    numbers = {e["name"]: e for e in entries}
    names = words.file_names(circuit.params())
    listed = [
        {**numbers[name], "name": text} if name in numbers else {"name": text, "parameter": name}
        for name, text in names.items()
    ]
    return {"format": 1, "inputs": listed}
