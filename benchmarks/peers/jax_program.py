"""What all JAX peers share: jit, value_and_grad, vmap over a batch, waiting for the result."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import Program
from benchmarks.peers.answers import checked_lanes, probed


def jax_program(problem, case, energy, state) -> Program:
    """Make a program from `energy(angles) -> real` and `state(angles) -> complex vector`."""
    jax.config.update("jax_enable_x64", case.dtype == "complex128")
    question = {
        "grad": jax.value_and_grad(energy),
        "value": energy,
        "state": state,
    }[case.task]
    function = jax.jit(jax.vmap(question) if case.batch else question)
    real = jnp.float64 if case.dtype == "complex128" else jnp.float32
    angles = jnp.asarray(problem.angles, real)

    ready = [function]  # or its compiled form, once `compiled` has been asked

    def run():
        return jax.block_until_ready(ready[0](angles))

    def answer(result):
        if case.task == "state":
            return probed(result, problem.qubits)
        parts = result if case.task == "grad" else (result,)
        lanes = checked_lanes(case.batch) if case.batch else ...
        arrays = [np.asarray(part, np.float64)[lanes] for part in parts]
        return dict(zip(("value", "gradient"), (a.ravel().tolist() for a in arrays), strict=False))

    def compiled():
        start = time.perf_counter()
        lowered = function.lower(angles)
        middle = time.perf_counter()
        ready[0] = lowered.compile()
        end = time.perf_counter()
        return middle - start, end - middle, ready[0].memory_analysis().temp_size_in_bytes

    return Program(run, answer, case.dtype, max(case.batch, 1), compiled)
