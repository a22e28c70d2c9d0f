"""The virtual environments of the peers, built when missing. Versions are pinned here alone.

As a command it builds those that it is given: `python -m benchmarks.environments qasm mqt`.
"""

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
    # The referees of tests/qasm and tests/hardware: what else reads OpenQASM, and Aer.
    "qasm": (
        JAX,
        "jaxtyping>=0.3",
        "qiskit==2.6.2",
        "qiskit-aer==0.18.2",
        "qiskit-qasm3-import==0.6.0",
        "pytket==2.18.5",
        "cirq-core==1.7.0",
        "ply==3.11",
        "amazon-braket-default-simulator==1.41.2",
    ),
    # The peer of kernel matrices.
    "qml": (JAX, "qiskit==2.6.2", "qiskit-machine-learning==0.9.1"),
    # Apart: it asks for Qiskit versions of its own.
    "mqt": ("mqt.bench==2.3.0", "mqt.qcec==3.11.0", "qiskit-qasm3-import>=0.6"),
    # PennyLane with qjax as a device, and what the device tests that it ships need.
    "pennylane": (
        "-e",
        str(ROOT),
        JAX,
        "pennylane==0.45.1",
        "jaxtyping>=0.3",
        "pytest==8.4.2",
        "pytest-mock==3.15.1",
        "flaky==3.8.1",
        "pytest-benchmark==5.1.0",
    ),
    # The referee of tests/interop for tensor networks.
    "quimb": (JAX, "jaxtyping>=0.3", "quimb==1.15.0", "autoray==0.8.4", "cotengra==0.8.3"),
    # The peers of matrix product states, and the referee of Clifford circuits.
    "mps": (
        "quimb==1.15.0",
        "autoray==0.8.4",
        "cotengra==0.8.3",
        "physics-tenpy==1.1.1",
        "qiskit==2.6.2",
        "qiskit-aer==0.18.2",
        "stim==1.15.0",
    ),
    # The published sequence models, and the environments that agents are usually trained in.
    "sequence": (
        JAX,
        "pennylane==0.45.1",
        "torch==2.13.0",
        "optax==0.2.8",
        "gymnasium==1.4.0",
        "minigrid==3.2.0",
    ),
    "qkan": ("torch==2.13.0", "setuptools==80.9.0", "ninja", "numpy", "tqdm", "matplotlib"),
}
# Installed after these, with them at hand: qkan's build asks for PyTorch, of which pip would
# otherwise install a second copy for the time of the build.
AFTERWARDS = {"qkan": ("--no-build-isolation", "--no-deps", "qkan==0.2.3")}
# Its CUDA extension is of no use on a CPU.
BUILD = {"QKAN_SKIP_CUDA_BUILD": "TRUE"}


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
    last = AFTERWARDS.get(environment, ())
    wanted = "\n".join((*REQUIREMENTS[environment], *last))
    marker = HOME / environment / ".installed"
    if marker.exists() and marker.read_text() == wanted:
        return None
    print(f"building {marker.parent.relative_to(ROOT)} (a few minutes, once)", flush=True)
    install = [str(python_of(environment)), "-m", "pip", "install", "-q"]
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(marker.parent)],
        [*install, *REQUIREMENTS[environment]],
        *([[*install, *last]] if last else []),
    ]
    variables = os.environ | BUILD
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
        if done.returncode:
            return f"environment {environment} could not be built: {done.stderr[-400:].strip()}"
    marker.write_text(wanted)
    return None


if __name__ == "__main__":
    problems = [problem for name in sys.argv[1:] if (problem := ensure(name))]
    sys.exit("\n".join(problems))
