"""What the documents show runs, and prints what they say it prints."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import jax
import pytest

import qjax

ROOT = Path(__file__).resolve().parents[1]


def blocks(path: Path) -> list[tuple[str, str]]:
    return re.findall(r"```(\w+)\n(.*?)```", path.read_text(), re.DOTALL)


def test_the_readme_says_both_commands_first():
    kind, text = blocks(ROOT / "README.md")[0]
    assert kind == "sh"
    assert [line.split("#")[0].strip() for line in text.splitlines()] == ["make run", "make test"]


@pytest.mark.usefixtures("single_precision")
def test_every_snippet_of_the_readme_runs_and_prints_what_is_shown(capsys):
    scope: dict = {}
    printed = None
    for kind, text in blocks(ROOT / "README.md"):
        if kind == "python":
            exec(compile(text, "README.md", "exec"), scope)
            printed = capsys.readouterr().out
        elif kind == "text":
            shown = [line.rstrip() for line in text.strip().splitlines()]
            assert [line.rstrip() for line in printed.strip().splitlines()] == shown
    assert scope["landscape"](scope["angles"][:3], scope["angles"][:2]).shape == (3, 2)
    assert scope["value"] < -5  # the trained chain of six spins: ground energy about -6.0


def modules() -> list[str]:
    found = pkgutil.walk_packages(qjax.__path__, "qjax.")
    return [m.name for m in found if not m.name.endswith("__main__")]


@pytest.fixture
def single_precision():
    """What a user gets who changed no setting."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


LEARNING = {  # houses whose examples train something, and take minutes to compile
    *("chemistry", "combinatorial", "diagnostics", "experiments", "kernels", "nn", "optim"),
    *("reservoir", "robustness", "tensor", "train"),
}


@pytest.mark.usefixtures("single_precision")
@pytest.mark.parametrize("learning", [False, pytest.param(True, marks=pytest.mark.verify)])
def test_every_example_in_a_docstring_holds(learning):
    results = {}
    for name in (m for m in modules() if (m.split(".")[1] in LEARNING) == learning):
        module = importlib.import_module(name)
        results[name] = doctest.testmod(
            module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        )
    assert sum(r.attempted for r in results.values()) > 50
    assert {name: r.failed for name, r in results.items() if r.failed} == {}
