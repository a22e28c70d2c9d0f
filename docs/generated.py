"""Pages that follow from the code and from recorded numbers: API, gallery, benchmarks."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# page: title, what it says, modules whose public names stand on it
PAGES = {
    "circuits": (
        "Circuits",
        "Operations, blocks, channels and what is done to circuits.",
        ["qjax.circuit", "qjax.circuit.channels", "qjax.circuit.constructors", "qjax.gates"],
    ),
    "questions": ("Questions", "The verbs, and `explain`.", ["qjax.measure"]),
    "observables": ("Observables", "Pauli sums and others.", ["qjax.pauli", "qjax.observables"]),
    "simulators": (
        "Simulators",
        "How a circuit is simulated: small frozen objects for `sim=`.",
        ["qjax.simulators"],
    ),
    "gradients": (
        "Gradients and optimisers",
        "How it is differentiated: small frozen objects for `gradient=`; quantum optimisers.",
        ["qjax.gradients", "qjax.optim"],
    ),
    "noise": ("Noise and mitigation", "Channels in other notations, devices, mitigation.",
              ["qjax.noise"]),
    "tensor": ("Tensor networks", "Matrix product states and operators.", ["qjax.tensor"]),
    "templates": ("Templates", "Encodings and ansaetze.", ["qjax.templates"]),
    "diagnostics": ("Diagnostics and kernels", "What a model can do and how it trains.",
                    ["qjax.diagnostics", "qjax.kernels", "qjax.robustness"]),
    "qkan": ("QKAN", "Networks of quantum activations.", ["qjax.nn.qkan"]),
    "layers": ("Layers", "Fast weights, recurrent cells, reservoirs and hybrids as modules.",
               ["qjax.nn", "qjax.nn.fast_weights", "qjax.nn.recurrent", "qjax.nn.reservoir",
                "qjax.nn.hybrid", "qjax.nn.tensor_network"]),
    "reservoir": ("Reservoirs", "Quantum reservoirs and their readouts.", ["qjax.reservoir"]),
    "tasks": ("Tasks", "Series, splits, metrics and classical baselines.", ["qjax.tasks"]),
    "train": ("Training", "`fit`, `sweep`, checkpoints.", ["qjax.train"]),
    "qasm": ("OpenQASM", "Reading and writing.", ["qjax.qasm"]),
    "hardware": ("Hardware and other packages", "Quantum computers; conversions.",
                 ["qjax.hardware", "qjax.interop"]),
    "viz": ("Pictures", "Circuits and plots.", ["qjax.viz"]),
    "experiments": ("Experiments", "What a reproduced paper is made of.", ["qjax.experiments"]),
    "errors": ("Errors", "What qjax raises on purpose.", ["qjax.errors"]),
}  # fmt: skip


def write(docs: Path) -> None:
    """Write the pages below ``docs``, each only where it changed, so that builds stay fast."""
    for path, text in {**api(), **gallery(), **benchmarks(), **notebooks(), **guides(docs)}.items():
        target = docs / path
        target.parent.mkdir(exist_ok=True)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)


def public(module: str) -> list[tuple[str, object]]:
    """The public functions and classes of a module, in the order of their definition."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError:
        return []
    names = getattr(found, "__all__", None)
    if names is None:
        names = [
            n for n, v in vars(found).items()
            if not n.startswith("_") and getattr(v, "__module__", None) == module
        ]  # fmt: skip
    members = [(name, getattr(found, name)) for name in names]
    return [(n, v) for n, v in members if inspect.isclass(v) or inspect.isroutine(v)]


def api() -> dict[str, str]:
    """One page for each group of modules; a name stands on the first page that has it."""
    import qjax

    flat = {id(v): n for n, v in vars(qjax).items() if not n.startswith("_")}
    pages, seen = {}, set()
    for page, (title, words, modules) in PAGES.items():
        parts = []
        for module in modules:
            entries = []
            for name, value in public(module):
                if id(value) in seen:
                    continue
                seen.add(id(value))
                kind = "autoclass" if inspect.isclass(value) else "autofunction"
                # `qjax.RX` rather than where it happens to be defined.
                full = f"qjax.{flat[id(value)]}" if id(value) in flat else f"{module}.{name}"
                members = "\n   :members:" * (kind == "autoclass")
                entries.append(f".. {kind}:: {full}{members}\n")
            if entries:
                body = "\n".join(entries)
                parts.append(f"## `{module}`\n\n```{{eval-rst}}\n{body}```\n")
        if parts:
            pages[f"api/{page}.md"] = f"# {title}\n\n{words}\n\n" + "\n".join(parts)
    toc = "\n".join(Path(p).stem for p in pages)
    pages["api/index.md"] = (
        "# API reference\n\nEvery public name, with shapes, dtypes, units, errors and the source "
        "of its mathematics. Names in `qjax` itself are written `qj.name` in the guides.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{toc}\n```\n"
    )
    return pages


def gallery() -> dict[str, str]:
    """The experiments, from their registry, with the tables of recorded runs."""
    from qjax.experiments import find, names

    lines = [
        "# Gallery of reproduced papers\n",
        "Each is one file in `qjax/experiments/`. `qjax run NAME` reproduces it and prints the "
        "paper's figure beside ours and honest baselines; `--quick` shows the machinery in "
        "seconds. The tables are of recorded runs, medians with the range over seeds: ✓ lies "
        "where a reproduction was asked to lie, ✗ does not.\n",
    ]
    for name in names():
        experiment = find(name)
        link = experiment.paper
        if link.startswith("arXiv:"):
            number = link.removeprefix("arXiv:").split()[0].rstrip(",;")
            link = f"[{link}](https://arxiv.org/abs/{number})"
        lines.append(f"## `{name}`\n\n{_escaped(experiment.title)}. {link}; "
                     f"about {experiment.minutes:g} min on two cores.\n")  # fmt: skip
        recorded = ROOT / "docs" / "recorded" / f"{name}.json"
        if recorded.exists():
            lines.append(_results(json.loads(recorded.read_text())))
    return {"gallery.md": "\n".join(lines)}


def _results(record: dict) -> str:
    from qjax.experiments import Row

    rows = ["| quantity | paper | ours | baselines |", "|---|---|---|---|"]
    for row in record["rows"]:
        ours = "" if row["median"] is None else f"{row['median']:.4g}"
        if len(row["ours"]) > 1:
            ours += f" ({min(row['ours']):.4g} to {max(row['ours']):.4g}, {len(row['ours'])} seeds)"
        if row.get("accept"):
            found = Row(row["quantity"], ours=row["ours"], accept=tuple(row["accept"]))
            ours += f" {found.verdict()}"
        base = ", ".join(f"{name} {value:.4g}" for name, value in row["baseline"].items())
        cells = [row["quantity"], row["paper"], ours, base]
        rows.append("| " + " | ".join(_escaped(" ".join(c.split())) for c in cells) + " |")
    note = ""
    if record.get("started"):
        revision = (record.get("revision") or "unknown")[:7]
        note = f"\n{record['started'][:10]}, revision {revision}, {record['seconds']:.0f} s.\n"
    return "\n".join(rows) + "\n" + note


def _escaped(text: str) -> str:
    return re.sub(r"([|*_`<>])", r"\\\1", text)


def benchmarks() -> dict[str, str]:
    """The recorded benchmarks: the suites' tables, and ratios of other measurements."""
    from benchmarks.report import table

    lines = [
        "# Benchmarks\n",
        "Made from the numbers in `docs/recorded/benchmarks/`. `make bench` measures again, side "
        "by side with other simulators, in turns within one run; `python docs/record.py FOLDER` "
        "keeps the result for this page. Ratios are worth more than seconds, which belong to one "
        "machine.\n",
        "A dash: not offered, or over the budget of time. An asterisk: complex128 where the case "
        "says complex64.\n",
    ]
    for path in sorted((ROOT / "docs" / "recorded" / "benchmarks").glob("*.json")):
        record = json.loads(path.read_text())
        lines.append(f"## {record['title']}\n")
        if "columns" in record:
            lines += [f"`{record['command']}`\n", "| " + " | ".join(record["columns"]) + " |"]
            lines.append("|" + "---|" * len(record["columns"]))
            lines += ["| " + " | ".join(map(str, row)) + " |" for row in record["rows"]]
        else:
            lines += _narrowed(table(record["rows"], record["figure"], "s", ratios=True))
        host = record["machine"]
        load = host["load_average"][0]
        lines.append(
            f"\n{host['processor']}, {host['cores']} cores, load average {load:.1f} at the start, "
            f"{host['date'][:10]}, revision {host['revision']}.\n"
        )
    return {"benchmarks.md": "\n".join(lines)}


def _narrowed(lines: list[str]) -> list[str]:
    """A Markdown table without the columns that hold nothing; numbers stay with their units."""
    found = [n for n, line in enumerate(lines) if line.startswith("|")]
    cells = [[c.strip() for c in lines[n].strip("| ").split("|")] for n in found]
    empty = {k for k in range(len(cells[0])) if all(row[k] in ("-", "") for row in cells[2:])}
    kept = [k for k in range(len(cells[0])) if k not in empty]
    narrow = list(lines)
    for n, row in zip(found, cells, strict=True):
        texts = [re.sub(r"(?<=\d) (?=[mun]?s\b)", "\u00a0", row[k]) for k in kept]
        narrow[n] = "| " + " | ".join(texts) + " |"
    sums = ("best peer", "best peer / qjax", "goal")
    lacking = [cells[0][k] for k in sorted(empty) if cells[0][k] not in sums]
    return [*narrow, f"\nWithout a number here: {', '.join(lacking)}."] if lacking else narrow


def guides(docs: Path) -> dict[str, str]:
    """A list of all guides: whatever page stands in the folder and nowhere else."""
    others = {"index", "start", "concepts", "coming_from", "gallery", "benchmarks", "contributing"}
    first = ["training", "performance"]
    found = {p.stem for p in docs.glob("*.md")} - others - {"guides"}
    names = [*first, *sorted(found - set(first) - {"conventions"}), "conventions"]
    toc = "\n".join(names)
    words = "One page for each part of the library; the API has the details."
    return {"guides.md": f"# Guides\n\n{words}\n\n```{{toctree}}\n:maxdepth: 1\n\n{toc}\n```\n"}


def notebooks() -> dict[str, str]:
    """The notebooks, as they are in ``notebooks/``."""
    sources = sorted((ROOT / "notebooks").glob("*.md"))
    pages = {f"notebooks/{path.name}": path.read_text() for path in sources}
    toc = "\n".join(path.stem for path in sources)
    pages["notebooks/index.md"] = (
        "# Notebooks\n\nEach tells one story from beginning to end, and runs in well under a "
        "minute on two cores. The sources are in `notebooks/`; `make notebooks` writes them as "
        f"`.ipynb`.\n\n```{{toctree}}\n:maxdepth: 1\n\n{toc}\n```\n"
    )
    return pages


def skip(app, what, name, value, skipped, options) -> bool | None:
    """Leave out what a class inherits or the machinery of dataclasses and pytrees adds."""
    machinery = name in {"tree_flatten", "tree_unflatten", "count", "index"}
    return True if machinery or type(value).__name__ == "_tuplegetter" else None


def literal(app, what, name, value, options, lines: list[str]) -> None:
    """Make of our docstrings what reStructuredText reads.

    They are written for people: kets and products stand in the text as they are, and a single
    backquote means code.
    """
    text = "\n".join(lines)
    parts = re.split(r"(``.*?``|`[^`\n]+?`)", text, flags=re.DOTALL)
    for k in range(0, len(parts), 2):
        parts[k] = re.sub(r"(?<!\\)\|", r"\\|", parts[k])
        parts[k] = re.sub(r"(?<![\\*:])\*(?=\S)", r"\\*", parts[k])
        parts[k] = re.sub(r"(\w)_(?=[\s,.;:)]|$)", r"\1\\_", parts[k], flags=re.MULTILINE)
    for k in range(1, len(parts), 2):
        if not parts[k].startswith("``"):
            parts[k] = f"`{parts[k]}`"
    lines[:] = "".join(parts).split("\n")
