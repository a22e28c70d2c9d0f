"""``qjax simulate``, ``qjax convert`` and ``qjax explain`` for OpenQASM files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ParameterError, QjaxError, UnsupportedError

SIMULATORS = ("auto", "statevector", "density", "trajectories", "mps")
_SHOTS = 1024
_SHOWN = 32
_MOST_EXACT = 20  # bits whose exact distribution is listed
_MOST_DENSITY = 8  # qubits that "auto" takes for a density matrix


def add_parsers(commands: Any) -> None:
    """The subcommands that read and write files."""
    one = commands.add_parser("simulate", help="run an OpenQASM file and show its outcomes")
    one.add_argument("file", metavar="FILE.qasm")
    one.add_argument("--shots", type=int, metavar="N", help="sample N outcomes (default: exact)")
    one.add_argument("--seed", type=int, default=0, metavar="K", help="of the samples (0)")
    one.add_argument("--sim", choices=SIMULATORS, default="auto", help="how to simulate")
    one.add_argument("--bond", type=int, default=64, metavar="X", help="bond dimension of mps (64)")
    one.add_argument("--noise", metavar="MODEL", help="a device's noise: a name or a JSON file")
    _inputs(one)
    one.set_defaults(command=simulate)

    one = commands.add_parser("convert", help="write an OpenQASM file in another dialect or basis")
    one.add_argument("source", metavar="IN")
    one.add_argument("target", metavar="OUT", help="a file, or - for the terminal")
    from ..qasm import DIALECTS

    one.add_argument("--dialect", choices=DIALECTS, default="qasm3")
    one.add_argument("--basis", metavar="GATES", help="such as rz,sx,x,cz")
    one.add_argument("--line", action="store_true", help="put in swaps so that it fits a line")
    _inputs(one)
    one.set_defaults(command=convert)


def _inputs(parser: Any) -> None:
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="inputs",
        help="the value of an input; may be repeated",
    )


def simulate(options: argparse.Namespace, console: Any) -> None:
    """Outcomes of the classical bits, or of all qubits where the file measures nothing."""
    import jax

    from ..measure import probs, sample

    circuit = _read(options.file, options.inputs)
    if circuit.params():
        raise ParameterError(
            f"{options.file}: input {circuit.params()[0]!r} has no value",
            fix=f"add --input {circuit.params()[0]}=0.5",
        )
    if options.shots is not None and options.shots < 1:
        raise ParameterError("--shots must be positive", got=options.shots)
    if options.noise is not None:
        circuit = _noisy(circuit, options.noise)
    final = None if options.noise is not None else _measured_last(circuit)
    dynamic = final is None and (options.noise is not None or _asks_bits(circuit))
    shots = options.shots or _SHOTS
    sim = _simulator(options.sim, circuit.n, dynamic, bond=options.bond, trajectories=shots)
    # A plain state takes measurements at the end as questions about its qubits.
    asked = circuit
    where: dict[str, Any] = {}
    if final is not None and options.sim not in ("density", "trajectories"):
        asked, columns = final
        where = {"qubits": columns}
    elif _asks_bits(circuit):
        columns = list(range(circuit.bits))
        where = {"bits": columns}
    else:
        columns = list(range(circuit.n))
    key = jax.random.key(options.seed)
    width = len(columns)
    exact = options.shots is None and not sim.random and width <= _MOST_EXACT
    if exact:
        values = jax.device_get(probs(asked, sim=sim, **where))
        rows = [(format(k, f"0{width}b"), float(p)) for k, p in enumerate(values) if p > 1e-12]
    else:
        bits = {"bits": columns} if "bits" in where else {}
        drawn = jax.device_get(sample(asked, key, shots, sim=sim, **bits))
        drawn = drawn if bits else drawn[:, columns]
        rows = list(_counted(drawn))
    unit = "probability" if exact else "counts"
    what = "bits c[0] first" if _asks_bits(circuit) else "qubits q[0] first"
    _show(console, rows, unit, f"outcome ({what})", f"{circuit.n} qubits, {type(sim).__name__}")


def convert(options: argparse.Namespace, console: Any) -> None:
    """Read a file, lower it if asked, write it."""
    from ..qasm import dump, dumps

    circuit = _read(options.source, options.inputs)
    if options.line:
        from ..circuit.lowering import as_basis

        basis = as_basis(options.basis or "u,cx")
        routed = circuit.decompose(basis).route("line")
        circuit = routed.circuit.decompose(basis)
        console.print(f"q[k] ends on {list(routed.permutation)}", highlight=False, markup=False)
    elif options.basis is not None:
        circuit = circuit.decompose(options.basis)
    if options.target == "-":
        print(dumps(circuit, options.dialect), end="")
        return
    try:
        dump(circuit, options.target, options.dialect)
    except OSError as error:
        raise UnsupportedError(f"cannot write {options.target}: {error.strerror}") from None
    counts = ", ".join(f"{n} {name}" for name, n in sorted(circuit.counts().items()))
    console.print(f"{options.target}: {circuit.n} qubits, {counts}", highlight=False)


def explain(options: argparse.Namespace, console: Any) -> None:
    """What simulating a file takes."""
    from ..measure import explain as explained

    circuit = _read(options.name, [])
    final = _measured_last(circuit)
    dynamic = final is None and _asks_bits(circuit)
    sim = _simulator(options.sim, circuit.n, dynamic)
    asked = final[0] if final is not None and not dynamic else circuit
    console.print(str(explained(asked, sim=sim)), highlight=False, markup=False, soft_wrap=True)


def _read(path: str, inputs: Sequence[str]) -> Any:
    from ..qasm import load

    values = {}
    for text in inputs:
        name, sign, value = text.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            sign = ""
        if not sign:
            raise ParameterError("--input must be NAME=VALUE", expected="theta=0.5", got=text)
    return load(Path(path), inputs=values)


def _noisy(circuit: Any, model: str) -> Any:
    try:
        from ..noise import insert, load_device
    except ImportError:
        raise UnsupportedError("this qjax has no noise models") from None
    return insert(circuit, load_device(model).model(), measured=not _asks_bits(circuit))


def _asks_bits(circuit: Any) -> bool:
    from ..circuit import Measure
    from ..qasm.walk import every

    return any(isinstance(op, Measure) for op in every(circuit.ops))


def _measured_last(circuit: Any) -> tuple[Any, list[int]] | None:
    """The gates, and the qubit behind every bit, where all measurements come last; else None.

    Without measurements: all qubits.
    """
    from ..circuit import Barrier, Circuit, Gate, Layers, Measure, Repeat

    gates, source = [], {}
    measured: set[int] = set()
    for op in circuit.ops:
        if isinstance(op, Measure):
            if op.qubit in measured or op.bit in source:
                return None
            source[op.bit] = op.qubit
            measured.add(op.qubit)
        elif isinstance(op, Barrier):
            continue
        elif not isinstance(op, Gate | Layers | Repeat) or measured & set(op.qubits):
            return None
        else:
            gates.append(op)
    if source and sorted(source) != list(range(circuit.bits)):
        return None
    columns = [source[b] for b in sorted(source)] or list(range(circuit.n))
    return Circuit(circuit.n, gates), columns


def _simulator(name: str, n: int, dynamic: bool, bond: int = 64, trajectories: int = _SHOTS) -> Any:
    from .. import simulators

    if name == "auto":
        name = "statevector"
        if dynamic:
            name = "density" if n <= _MOST_DENSITY else "trajectories"
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "statevector": ("Statevector", {}),
        "density": ("DensityMatrix", {}),
        "trajectories": ("Trajectories", {"n": trajectories}),
        "mps": ("MPS", {"max_bond": bond}),
    }
    kind, options = kinds[name]
    if not hasattr(simulators, kind):
        raise UnsupportedError(f"this qjax has no {kind} simulator")
    if dynamic and name == "statevector":
        raise QjaxError(
            "a statevector holds no measurements in the middle and no noise",
            fix="use --sim density or --sim trajectories",
        )
    return getattr(simulators, kind)(**options)


def _counted(drawn: Any) -> Any:
    """(bitstring, count), the most frequent first."""
    from collections import Counter

    counts = Counter("".join(map(str, row)) for row in drawn.tolist())
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _show(console: Any, rows: Sequence[Any], unit: str, what: str, caption: str) -> None:
    from rich import box
    from rich.table import Table

    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    table = Table(box=box.SIMPLE, caption=caption, caption_justify="left")
    table.add_column(what, style="bold cyan", no_wrap=True)
    table.add_column(unit, justify="right")
    for bits, value in ordered[:_SHOWN]:
        table.add_row(bits, str(value) if isinstance(value, int) else f"{value:.6f}")
    console.print(table)
    if len(ordered) > _SHOWN:
        console.print(f"... and {len(ordered) - _SHOWN} more", style="dim", highlight=False)
