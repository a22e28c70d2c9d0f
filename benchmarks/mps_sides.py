"""What each side of the comparison of matrix product states does; one process per side.

    python benchmarks/mps_sides.py NAME N DEPTH BOND

Answers the requests of ``benchmarks.mps``, one line each: the name of an action. Imports nothing
of this repository but qjax, since peers live in environments of their own.
"""

import json
import sys
import time

import numpy as np


def gates(n, depth):
    """Haar-random 4 x 4 matrices and their sites, layer by layer."""
    rng = np.random.default_rng(7)
    out = []
    for d in range(depth):
        for a in range(d % 2, n - 1, 2):
            z = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
            q, r = np.linalg.qr(z)
            out.append((a, q * (np.diag(r) / np.abs(np.diag(r)))))
    return out


# --- the sides: each returns (evolve, energy), energy taking what evolve returned -----------------


def qjax_side(n, depth, chi):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    from qjax.observables import heisenberg
    from qjax.simulators.mps import MPS, brick
    from qjax.simulators.mps.expectation import expectation

    pairs = (n + 1) // 2
    matrices = np.tile(np.eye(4, dtype=complex), (depth, pairs, 1, 1))
    layer = 0
    previous = None
    for a, g in gates(n, depth):
        if previous is not None and a < previous:
            layer += 1
        previous = a
        matrices[layer, (a - layer % 2) // 2] = g
    matrices = jnp.asarray(matrices)
    vectors = jnp.zeros((n, 2), complex).at[:, 0].set(1)
    hamiltonian = heisenberg(n)
    sim = MPS(chi)
    state = jax.jit(lambda g: brick.evolve(vectors, g, 0, chi, 0.0, sim.method)[0])
    value = jax.jit(lambda t: expectation(t, hamiltonian.words, hamiltonian.coeffs))
    both = jax.jit(lambda g: value(state(g)))
    gradient = jax.jit(jax.value_and_grad(lambda g: value(state(g)), holomorphic=False))
    return {
        "evolve": lambda _: jax.block_until_ready(state(matrices)),
        "energy": lambda t: float(value(t)),
        "both": lambda _: float(both(matrices)),
        "gradient": lambda _: float(jax.block_until_ready(gradient(matrices))[0]),
    }


def quimb_side(n, depth, chi):
    import quimb as qu
    import quimb.tensor as qtn

    operator = qtn.MPO_ham_heis(n, j=4.0, cyclic=False)

    def evolve(_):
        circuit = qtn.CircuitMPS(n, max_bond=chi, cutoff=0.0)
        for a, g in listed:
            circuit.apply_gate_raw(g, (a, a + 1))
        return circuit.psi

    def energy(psi):
        above = psi.H
        qtn.tensor_network_align(above, operator, psi, inplace=True)
        return float(np.real((above & operator & psi) ^ all) / np.real(psi.H @ psi))

    del qu
    listed = gates(n, depth)
    return {"evolve": evolve, "energy": energy}


def tenpy_side(n, depth, chi):
    from tenpy.linalg import np_conserved as npc
    from tenpy.linalg.truncation import svd_theta
    from tenpy.models.spins import SpinChain
    from tenpy.networks.mps import MPS as TenpyMPS
    from tenpy.networks.site import SpinHalfSite

    site = SpinHalfSite(conserve="None")
    chain = SpinChain(
        {"L": n, "S": 0.5, "conserve": "None", "bc_MPS": "finite", "Jx": 4.0, "Jy": 4.0, "Jz": 4.0}
    )
    legs = [site.leg, site.leg, site.leg.conj(), site.leg.conj()]
    ready = [
        (a, npc.Array.from_ndarray(g.reshape(2, 2, 2, 2), legs, labels=["p0", "p1", "p0*", "p1*"]))
        for a, g in gates(n, depth)
    ]
    options = {"chi_max": chi, "svd_min": 1e-14}

    def evolve(_):
        psi = TenpyMPS.from_product_state([site] * n, ["up"] * n, bc="finite")
        for a, g in ready:
            c = psi.get_theta(a, n=2, formL=0.0)
            c = npc.tensordot(g, c, axes=(["p0*", "p1*"], ["p0", "p1"]))
            c.itranspose(["vL", "p0", "p1", "vR"])
            theta = c.scale_axis(psi.get_SL(a), "vL")
            theta = theta.combine_legs([("vL", "p0"), ("p1", "vR")], qconj=[+1, -1])
            _, s, v, _, norm = svd_theta(theta, options, [None, None], inner_labels=["vR", "vL"])
            right = v.split_legs(1).ireplace_label("p1", "p")
            joined = c.combine_legs(("p1", "vR"), pipes=theta.legs[1])
            left = npc.tensordot(joined, v.conj(), axes=["(p1.vR)", "(p1*.vR*)"])
            left.ireplace_labels(["vL*", "p0"], ["vR", "p"])
            left /= norm
            psi.set_SR(a, s)
            psi.set_B(a, left)
            psi.set_B(a + 1, right)
        return psi

    def energy(psi):
        return float(np.real(chain.H_MPO.expectation_value(psi)))

    return {"evolve": evolve, "energy": energy}


def aer_side(n, depth, chi):
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import UnitaryGate
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

    def circuit():
        out = QuantumCircuit(n)
        for a, g in gates(n, depth):
            # Qiskit's first qubit is the least significant bit of the matrix index.
            out.append(UnitaryGate(g), [a + 1, a])
        return out

    words = [(p * 2, [a, a + 1], 1.0) for a in range(n - 1) for p in "XYZ"]
    operator = SparsePauliOp.from_sparse_list(words, n)
    one = SparsePauliOp.from_sparse_list([("Z", [0], 1.0)], n)
    simulator = AerSimulator(
        method="matrix_product_state",
        matrix_product_state_max_bond_dimension=chi,
        matrix_product_state_truncation_threshold=1e-16,
    )
    alone, whole = circuit(), circuit()
    alone.save_expectation_value(one, range(n))
    whole.save_expectation_value(operator, range(n))

    def run(c):
        return float(simulator.run(c).result().data()["expectation_value"])

    return {"evolve": lambda _: run(alone), "energy": None, "both": lambda _: run(whole)}


def tcng_side(n, depth, chi, ours=False):
    """Value and gradient with respect to the gates: time of the first call, and of the next."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    listed = gates(n, depth)
    where = [a for a, _ in listed]
    stack = jnp.asarray(np.stack([g for _, g in listed]))
    if ours:
        import qjax as qj

        hamiltonian, sim = qj.heisenberg(n), qj.MPS(chi)

        def value(g):
            ops = [qj.Unitary(g[k], (a, a + 1)) for k, a in enumerate(where)]
            return qj.expval(qj.Circuit(n, ops), hamiltonian, sim=sim)
    else:
        import tensorcircuit as tc

        tc.set_backend("jax")
        tc.set_dtype("complex128")

        def value(g):
            c = tc.MPSCircuit(n, split={"max_singular_values": chi})
            for k, a in enumerate(where):
                c.unitary(a, a + 1, unitary=g[k])
            total = 0.0
            for a in range(n - 1):
                for p in (tc.gates.x(), tc.gates.y(), tc.gates.z()):
                    total = total + tc.backend.real(c.expectation((p, [a]), (p, [a + 1])))
            return total

    both = jax.jit(jax.value_and_grad(value))

    def step(_):
        return float(jax.block_until_ready(both(stack))[0])

    return {"step": step}


def compile_side(n, depth, chi):
    """Trace and compile time of energy and gradient of a layered circuit."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import qjax as qj

    def layer(w):
        return [qj.SU4(w[a], a, a + 1) for start in (0, 1) for a in range(start, n - 1, 2)]

    def value(w):
        circuit = qj.Circuit(n, [qj.Layers(layer, w)])
        return qj.expval(circuit, qj.heisenberg(n), sim=qj.MPS(chi))

    w = jax.ShapeDtypeStruct((depth // 2, n - 1, 15), np.dtype("float64"))

    def build(function):
        jax.clear_caches()
        start = time.perf_counter()
        jax.jit(function).lower(w).compile()
        return time.perf_counter() - start

    return {"forward": lambda _: build(value), "grad": lambda _: build(jax.value_and_grad(value))}


def qjax_dmrg(n, depth, chi):
    """The ground state of the Heisenberg chain of spins 1/2; ``depth`` plays no part."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from qjax.observables import heisenberg
    from qjax.tensor import dmrg

    hamiltonian = 0.25 * heisenberg(n)

    def ground(_):
        return float(dmrg(hamiltonian, max_bond=chi, tolerance=1e-10).energy)

    return {"ground": ground}


def tenpy_dmrg(n, depth, chi):
    """The same with conserved magnetisation."""
    from tenpy.algorithms.dmrg import TwoSiteDMRGEngine
    from tenpy.models.spins import SpinChain
    from tenpy.networks.mps import MPS as TenpyMPS

    chain = SpinChain({"L": n, "S": 0.5, "conserve": "Sz", "bc_MPS": "finite"})
    options = {
        "mixer": True,
        "max_E_err": 1e-10,
        "max_sweeps": 20,
        "trunc_params": {"chi_max": chi, "svd_min": 1e-10},
    }

    def ground(_):
        sites = chain.lat.mps_sites()
        psi = TenpyMPS.from_product_state(sites, ["up", "down"] * (n // 2), bc="finite")
        return float(TwoSiteDMRGEngine(psi, chain, options).run()[0])

    return {"ground": ground}


SIDES = {
    "qjax-dmrg": qjax_dmrg,
    "tenpy-dmrg": tenpy_dmrg,
    "qjax": qjax_side,
    "quimb": quimb_side,
    "tenpy": tenpy_side,
    "aer": aer_side,
    "tcng": tcng_side,
    "qjax-step": lambda n, depth, chi: tcng_side(n, depth, chi, ours=True),
    "compile": compile_side,
}


def serve(name, n, depth, chi):
    """Answer the parent's requests, one line each: the name of an action."""
    state, actions = None, None
    for line in sys.stdin:
        action = line.strip()
        if actions is None:
            actions = SIDES[name](n, depth, chi)
        wall, cpu = time.perf_counter(), time.process_time()
        result = actions[action](state)
        took = time.perf_counter() - wall, time.process_time() - cpu
        if action == "evolve":
            state, result = result, None
        print(json.dumps({"wall": took[0], "cpu": took[1], "result": result}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:]))
