"""What the document about OpenQASM and hardware shows, runs."""

import re
from pathlib import Path

import jax

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openqasm.md"


def test_the_snippets_run():
    scope = {}
    for text in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(compile(text, DOCUMENT.name, "exec"), scope)
    value, slope = scope["value"], scope["slope"]
    assert abs(value - jax.numpy.cos(0.5)) < 0.1  # 1000 shots: about 3 standard errors of 0.015
    assert abs(slope + jax.numpy.sin(0.5)) < 0.1
