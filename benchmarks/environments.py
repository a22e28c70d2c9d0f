"""The virtual environments of the peers, built when missing. Versions are pinned here alone."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".peers"

# Every JAX peer gets the version of JAX that qjax runs on, so that XLA is the same for all.
JAX = f"jax=={version('jax')}"
REQUIREMENTS = {
    "peers": (
        JAX,
        "pennylane==0.45.1",
        "pennylane-lightning==0.45.0",
        "qujax==1.1.0",
        "qulacs==0.6.14",
        "qiskit==2.6.2",
        "qiskit-aer==0.18.2",
    ),
    # Apart from the others: its tensornetwork-ng installs over tensornetwork.
    "tcng": (JAX, "tensorcircuit-ng==1.10.0"),
}


def python_of(environment: str) -> Path:
    """Return the interpreter of an environment; "qjax" is the one that runs the benchmarks."""
    if environment == "qjax":
        return Path(sys.executable)
    folder = "Scripts" if os.name == "nt" else "bin"
    return HOME / environment / folder / "python"


def ensure(environment: str) -> str | None:
    """Build the environment unless it is there; return what went wrong, or None."""
    if environment == "qjax":
        return None
    wanted = "\n".join(REQUIREMENTS[environment])
    marker = HOME / environment / ".installed"
    if marker.exists() and marker.read_text() == wanted:
        return None
    print(f"building {marker.parent.relative_to(ROOT)} (a few minutes, once)", flush=True)
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(marker.parent)],
        [str(python_of(environment)), "-m", "pip", "install", "-q", *REQUIREMENTS[environment]],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"environment {environment} could not be built: {done.stderr[-400:].strip()}"
    marker.write_text(wanted)
    return None
