"""Where the shared OpenQASM files are, and what stands in them."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "qasm"
OWN = Path(__file__).resolve().parent / "data"
if os.environ.get("QJAX_NEEDS_SHARED") and not SHARED.is_dir():  # continuous integration skips none
    raise FileNotFoundError(f"the OpenQASM files of the test suite are missing: {SHARED}")
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/data/qasm beside the tree")


def files(folder):
    """The files of a shared folder, none where it is absent."""
    return sorted((SHARED / folder).glob("*.qasm"))


def invalid_statements():
    """(file, line, statement) of every official invalid statement."""
    return [
        (path.stem, k, line.strip())
        for path in files("invalid")
        for k, line in enumerate(path.read_text().splitlines(), 1)
        if line.strip() and not line.strip().startswith("//")
    ]
