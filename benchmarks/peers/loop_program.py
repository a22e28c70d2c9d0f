"""What peers without a batch axis share: one circuit after another, from Python."""

import numpy as np

from benchmarks.peers import Program
from benchmarks.peers.answers import checked_lanes, probed

MOST_LANES = 64  # a loop costs the same per lane, so a larger batch is timed on its first lanes


def loop_program(problem, case, ask, precision, qubit_0_lowest=False) -> Program:
    """Make a program from `ask(angles)`, with flat angles.

    `ask` returns (value, gradient) for "grad", a number for "value", and for "state" a function of
    no arguments that returns the vector, so that a check may copy what a timed run leaves in place.
    """
    batch = max(case.batch, 1)
    rows = problem.angles.reshape(batch, -1)
    timed = list(range(min(batch, MOST_LANES)))
    checked = checked_lanes(batch)

    def run():
        return [ask(rows[lane]) for lane in timed]

    def answer(result):
        if case.task == "state":
            return probed(result[0](), problem.qubits, qubit_0_lowest)
        results = [result[lane] if lane in timed else ask(rows[lane]) for lane in checked]
        if case.task == "value":
            return {"value": [float(value) for value in results]}
        return {
            "value": [float(value) for value, _ in results],
            "gradient": np.concatenate([np.ravel(g) for _, g in results]).tolist(),
        }

    return Program(run, answer, precision, len(timed))
