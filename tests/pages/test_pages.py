"""Every block of Python in the documentation and in the notebooks runs, without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"gallery.md", "benchmarks.md", "guides.md"}
PAGES = sorted(
    p for folder in ("docs", "notebooks") for p in (ROOT / folder).glob("*.md")
    if p.name not in GENERATED and ("```python" in p.read_text() or "{code-cell}" in p.read_text())
)  # fmt: skip


def run(page):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, Path(__file__).with_name("run_page.py"), page],
        capture_output=True, text=True, env=environment, timeout=280,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr[-3000:]
    return int(process.stdout.splitlines()[-1].split()[1])


def test_the_first_page_runs():
    assert run(ROOT / "docs" / "index.md") == 1


@pytest.mark.verify
@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_page_runs(page):
    assert run(page) > 0


def test_no_notebook_is_forgotten():
    """Ten stories, each a text that jupytext pairs with a notebook."""
    found = sorted((ROOT / "notebooks").glob("*.md"))
    assert len(found) >= 10
    for path in found:
        assert "formats: ipynb,md:myst" in path.read_text()
