"""The generated pages hold what the code has."""

import importlib.util
import inspect
from pathlib import Path

import pytest

import qjax
from qjax.experiments import names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generated():
    spec = importlib.util.spec_from_file_location("generated", ROOT / "docs" / "generated.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_stands_in_the_reference_once(generated):
    pages = generated.api()
    text = "\n".join(pages.values())
    entries = [line.split(":: ")[1] for line in text.splitlines() if line.startswith(".. auto")]
    assert len(entries) == len(set(entries)) > 200
    wanted = {}
    for name, value in vars(qjax).items():
        if not name.startswith("_") and (inspect.isclass(value) or inspect.isroutine(value)):
            wanted.setdefault(id(value), []).append(f"qjax.{name}")
    lacking = [aliases for aliases in wanted.values() if not set(aliases) & set(entries)]
    assert not lacking


def test_every_experiment_stands_in_the_gallery(generated):
    text = generated.gallery()["gallery.md"]
    assert [name for name in names() if f"## `{name}`" not in text] == []


def test_every_recorded_benchmark_has_a_table(generated):
    text = generated.benchmarks()["benchmarks.md"]
    recorded = list((ROOT / "docs" / "recorded" / "benchmarks").glob("*.json"))
    assert text.count("\n## ") == len(recorded) >= 5
    assert text.count("| --- |") + text.count("|---|") >= len(recorded)


def test_every_guide_is_listed(generated):
    listed = generated.guides(ROOT / "docs")["guides.md"].split()
    for page in (ROOT / "docs").glob("*.md"):
        index = (ROOT / "docs" / "index.md").read_text().split()
        assert page.stem in {*listed, *index, "index"}, page.name
