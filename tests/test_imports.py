"""The direction of imports inside qjax, and who may import what from outside."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "qjax").rglob("*.py"))

# A package sees those of a lower level, and itself.
LEVEL = {
    "errors": 0,
    "pauli": 1,
    "gates": 2,
    "circuit": 3,
    "observables": 4,
    "simulators": 5,
    "gradients": 6,
    "noise": 6,
    "tensor": 6,
    "measure": 7,
    "templates": 8,
    "kernels": 8,
    "diagnostics": 8,
    "robustness": 8,
    "optim": 8,
    "combinatorial": 8,
    "chemistry": 8,
    "reservoir": 8,
    "nn": 9,
    "train": 10,
    "experiments": 11,
    "cli": 12,
    "__main__": 13,
}
CORE = {"errors", "pauli", "gates", "circuit", "observables"}
SEES = {  # beside the chain: exactly these
    "viz": CORE,
    "qasm": CORE,
    "tasks": {"errors"},
    "hardware": {*CORE, "simulators", "gradients", "qasm", "interop", "measure"},
    "interop": {*CORE, "simulators", "gradients", "tensor", "measure"},
}
SEEN_BY = {  # what stands beside the chain is seen by the top of it
    "viz": {"experiments", "cli"},
    "qasm": {"hardware", "interop", "experiments", "cli"},
    "tasks": {"nn", "reservoir", "train", "experiments", "cli"},
    "hardware": {"experiments", "cli"},
    "interop": {"hardware", "experiments", "cli"},
}
WHO = {  # outside packages that only some may import, and who may do so when it is loaded itself
    "flax": ({"nn", "train", "experiments"}, {"nn", "train", "experiments"}),
    "optax": ({"optim", "train", "experiments"}, {"optim", "train", "experiments"}),
    "orbax": ({"train"}, {"train"}),
    "matplotlib": ({"viz", "experiments"}, set()),
    "rich": ({"train", "experiments", "cli"}, {"cli"}),
    "sklearn": ({"tasks", "experiments"}, set()),
    "tensornetwork": ({"interop"}, set()),
    **{peer: ({"interop", "hardware"}, set()) for peer in ("qiskit", "pennylane", "quimb")},
}

LATE = ROOT / "qjax/viz/picture.py"  # a class derived from matplotlib's: loaded when one draws


def imports(path):
    """``(line, dotted name, whether it runs when the file is loaded)`` of every import."""
    tree = ast.parse(path.read_text())
    inside = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    package = ["qjax", *path.relative_to(ROOT / "qjax").parts][:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            dotted = ".".join([*base, *([node.module] if node.module else [])])
            whole = dotted == "qjax"  # `from qjax import gates` or `from .. import gates`
            names = [f"qjax.{a.name}" for a in node.names] if whole else [dotted]
        else:
            continue
        yield from ((node.lineno, name, node not in inside) for name in names)


def house(path):
    return path.relative_to(ROOT / "qjax").parts[0].removesuffix(".py")


def may_see(a, b):
    if a == b or a in ("cli", "__main__"):
        return True
    if a in SEES:
        return b in SEES[a]
    if b in SEEN_BY:
        return a in SEEN_BY[b]
    return LEVEL[b] < LEVEL[a]


def test_every_house_has_a_place_in_the_order():
    """A new package must say where it stands."""
    assert {house(p) for p in FILES} - {"__init__"} <= set(LEVEL) | set(SEES)


def test_imports_point_downwards():
    """No module imports from its own level or above; whoever uses `import qjax` stands above all
    that it loads."""
    wrong = []
    for path in FILES:
        for line, name, _ in imports(path):
            parts = name.split(".")
            if parts[0] != "qjax" or house(path) == "__init__":
                continue
            target = parts[1] if len(parts) > 1 else "__init__"
            if target not in LEVEL and target not in SEES:  # a public name of the package itself
                allowed = LEVEL.get(house(path), 0) >= LEVEL["nn"]
            else:
                allowed = may_see(house(path), target)
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_heavy_packages_stay_where_they_belong():
    """flax, optax, orbax, matplotlib and the peers are imported only where the order allows, and
    most of them only inside functions."""
    wrong = []
    for path in FILES:
        for line, name, at_load in imports(path):
            ever, loading = WHO.get(name.split(".")[0], ({house(path)}, {house(path)}))
            if house(path) not in (loading if at_load and path != LATE else ever):
                when = "when loaded" if at_load else "in a function"
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name} {when}")
            if at_load and name.endswith(LATE.stem):
                wrong.append(f"{path.relative_to(ROOT)}:{line} loads {LATE.name} when loaded")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["qjax", "qjax.cli"])
def test_importing_loads_nothing_heavy_and_changes_no_setting(module):
    """`import qjax` leaves every JAX setting as it was and starts no backend; neither flax nor
    matplotlib nor any other heavy package is loaded, for the command line neither."""
    program = (
        "import json, sys, jax\n"
        "before = dict(jax.config.values)\n"
        f"import {module}\n"
        "from jax._src import xla_bridge\n"
        "changed = [k for k, v in jax.config.values.items() if before.get(k, v) != v]\n"
        "loaded = sorted({m.split('.')[0] for m in sys.modules})\n"
        "print(json.dumps([changed, loaded, len(xla_bridge._backends)]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    changed, loaded, backends = json.loads(run.stdout)
    assert changed == []
    assert backends == 0
    heavy = {
        "flax",
        "optax",
        "orbax",
        "matplotlib",
        "tensornetwork",
        "sklearn",
        "pandas",
        "tensorflow",
    }
    assert not heavy & set(loaded)
