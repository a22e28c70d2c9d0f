"""Run in MQT's environment: ``bench`` writes circuits and states, ``verify`` compares."""

import json
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
BASIS = ["rx", "ry", "rz", "h", "cx", "ccx"]
LARGEST = 10  # qubits whose state is compared


def bench():
    """Every generator at every size, as OpenQASM 2 and 3, one JSON line each."""
    import qiskit
    import qiskit.qasm2
    import qiskit.qasm3
    from mqt.bench import BenchmarkLevel, get_benchmark
    from mqt.bench.benchmarks import get_available_benchmark_names
    from qiskit.quantum_info import Statevector

    for name in get_available_benchmark_names():
        for size in range(4, 9):
            try:
                circuit = get_benchmark(name, BenchmarkLevel.INDEP, size)
            except Exception as error:  # a size that this generator does not make
                sys.stderr.write(f"{name} {size}: {error}\n")
                continue
            if circuit.num_qubits > LARGEST or sum(circuit.count_ops().values()) > 20_000:
                continue
            rng = np.random.default_rng(size)
            circuit = circuit.assign_parameters(rng.normal(size=circuit.num_parameters))
            entry = {"name": name, "size": size}
            for version, module in (("2", qiskit.qasm2), ("3", qiskit.qasm3)):
                for form in (
                    circuit,
                    qiskit.transpile(circuit, basis_gates=BASIS, optimization_level=0),
                ):
                    try:
                        entry[version] = module.dumps(form)
                        break
                    except Exception as error:  # a parameter that is no number, or feed-forward
                        entry[f"no {version}"] = str(error)
            plain = circuit.remove_final_measurements(inplace=False)
            if not any(plain.count_ops().get(n) for n in ("measure", "reset", "if_else")):
                state = np.asarray(Statevector(plain.reverse_bits()).data)
                entry |= {"real": state.real.tolist(), "imag": state.imag.tolist()}
            sys.stdout.write(json.dumps(entry) + "\n")


def verify():
    """Whether the two texts of every pair are equivalent, as QCEC finds."""
    from mqt import qcec
    from mqt.core.ir import QuantumComputation

    pairs = json.load(sys.stdin)
    out = []
    for first, second in pairs:
        a, b = (QuantumComputation.from_qasm_str(text) for text in (first, second))
        out.append(str(qcec.verify(a, b, timeout=120).equivalence).split(".")[-1])
    sys.stdout.write(json.dumps(out))


if __name__ == "__main__":
    {"bench": bench, "verify": verify}[sys.argv[1]]()
