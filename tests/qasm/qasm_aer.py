"""Run in the environment of referees: counts of Aer for OpenQASM files, as JSON."""

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def counts(text, shots):
    """Outcomes with bit 0 the least significant -> how often."""
    import qiskit.qasm2
    import qiskit.qasm3
    from qiskit import transpile
    from qiskit_aer import AerSimulator

    if "OPENQASM 3" in text:
        circuit = qiskit.qasm3.loads(text)
    else:
        custom = qiskit.qasm2.LEGACY_CUSTOM_INSTRUCTIONS
        circuit = qiskit.qasm2.loads(text, custom_instructions=custom)
    simulator = AerSimulator(seed_simulator=7)
    found = simulator.run(transpile(circuit, simulator), shots=shots).result().get_counts()
    out = {}
    for key, count in found.items():  # registers stand last to first, with blanks between
        index = int(key.replace(" ", ""), 2)
        out[index] = out.get(index, 0) + count
    return out


if __name__ == "__main__":
    shots, *paths = sys.argv[1:]
    texts = {path: Path(path).read_text() for path in paths}
    found = {
        path: counts(t if "OPENQASM" in t else "OPENQASM 2.0;\n" + t, int(shots))
        for path, t in texts.items()
    }
    sys.stdout.write(json.dumps(found))
