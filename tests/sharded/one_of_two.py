"""One of two processes of four devices each; run by `test_processes.py`. Process 0 prints JSON.

Arguments: the number of the process, the port of the first, a folder for checkpoints.
"""

import json
import os
import sys

os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
)
import jax
import numpy as np

import qjax as qj
from qjax.train import load_sharded, save_sharded

number, port, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(f"127.0.0.1:{port}", 2, number)


def circuit(w):
    ops = []
    for k in range(2):
        ops += [gate(w[k, q, i], q) for q in range(7) for i, gate in enumerate((qj.RY, qj.RZ))]
        ops += [qj.CNOT(q, (q + 1) % 7) for q in range(7)]
    return qj.Circuit(7, ops)


sim = qj.Sharded(qj.device_mesh(state=8))
weights = np.random.default_rng(0).normal(size=(2, 7, 2))


@jax.jit
def both(w):
    def energy(w):
        return qj.expval(circuit(w), qj.tfim(7, 1.0, 0.7), sim=sim, gradient=qj.Adjoint())

    return jax.value_and_grad(energy)(w)


value, gradient = both(weights)
state = jax.jit(lambda w: qj.run(circuit(w), sim=sim))(weights)
save_sharded(folder, {"state": state, "step": np.int32(3)})
back = load_sharded(folder, {"state": state, "step": np.int32(0)})
pairs = zip(state.addressable_shards, back["state"].addressable_shards, strict=True)
same = all(np.array_equal(a.data, b.data) for a, b in pairs)
norm = jax.jit(lambda x: jax.numpy.sum(abs(x) ** 2))(back["state"])
if number == 0:
    found = {
        "processes": jax.process_count(),
        "devices": len(jax.devices()),
        "mine": len(jax.local_devices()),
        "value": float(value),
        "gradient": np.asarray(gradient).tolist(),
        "shards": len(state.addressable_shards),
        "same": same and int(back["step"]) == 3,
        "norm": float(norm),
    }
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
jax.distributed.shutdown()
