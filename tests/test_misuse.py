# ruff: noqa: E501 - a table of one line per case
"""Misuse: every mistake is a qjax error that names what was wrong and says how to put it right."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import qjax as qj
from qjax import errors as e


@pytest.fixture(autouse=True)
def _as_a_user_runs_it():
    """The type checker of the tests would speak before qjax does."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


KEY = jax.random.key(0)
BELL = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
SU4_CIRCUIT = qj.Circuit(2, [qj.SU4(np.ones(15), 0, 1)])


def bound(t):
    return qj.Circuit(1, [qj.RX(t, 0)])


def wide(n):
    return qj.Circuit(n, [qj.H(0), qj.CNOT(0, n - 1)])


def shift_su4():
    def energy(v):
        circuit = qj.Circuit(2, [qj.SU4(v, 0, 1)])
        return qj.expval(circuit, qj.Z(0), gradient=qj.ParameterShift())

    return jax.grad(energy)(jnp.ones(15))


def grad_of(verb):
    def value(t):
        return jnp.sum(jnp.asarray(verb(bound(t))).astype(float))

    return lambda: jax.grad(value)(0.1)


# name: (what is done, the error, words that its text must contain)
CASES = {
    # --- devices
    "more devices than there are": (lambda: qj.device_mesh(state=1024), e.DeviceError, "device_mesh|at most|1024|XLA_FLAGS"),
    # --- qubits
    "qubit beyond the circuit": (lambda: qj.Circuit(2, [qj.H(0), qj.RX(0.1, 2)]), e.QubitError, "gate 1|RX|qubit 2|0 to 1"),
    "qubit of a block beyond the circuit": (lambda: qj.Circuit(1, [qj.Repeat([qj.H(1)], 2)]), e.QubitError, "gate 0|Repeat|qubit 1|0 to 0"),
    "negative qubit": (lambda: qj.H(-1), e.QubitError, "H|negative|0, 1, 2"),
    "float qubit": (lambda: qj.H(0.0), e.QubitError, "H|integer|0.0"),
    "float array as qubit": (lambda: qj.H(np.array(1.0)), e.QubitError, "H|integer"),
    "string qubit": (lambda: qj.CNOT(0, "1"), e.QubitError, "CX|integer|'1'"),
    "bool qubit": (lambda: qj.H(True), e.QubitError, "H|integer|True"),
    "traced qubit": (lambda: jax.jit(lambda q: qj.H(q))(0), e.QubitError, "H|traced|structure"),
    "traced qubit in a layer": (lambda: qj.Layers(lambda q: [qj.H(q)], np.arange(2)), e.QubitError, "H|traced|structure"),
    "repeated qubit": (lambda: qj.CNOT(1, 1), e.QubitError, "CX|once|different"),
    "control on its target": (lambda: qj.Controlled(qj.X(0), 0), e.QubitError, "Controlled|once|different"),
    "control of a circuit on its qubit": (lambda: BELL.control(1), e.QubitError, "once|different"),
    "mapped onto one another": (lambda: BELL.map_qubits([0, 0]), e.QubitError, "map_qubits|once"),
    "mapped out of the circuit": (lambda: BELL.map_qubits([0, 5], n=3), e.QubitError, "qubit 5|0 to 2"),
    # --- arity
    "missing qubit": (lambda: qj.CNOT(0), e.ArityError, "CX|control, target|target"),
    "missing angle": (lambda: qj.RX(0), e.ArityError, "RX|RX(theta, qubit)"),
    "too many arguments": (lambda: qj.H(0, 1), e.ArityError, "H|H(qubit)"),
    "misspelt keyword": (lambda: qj.RX(theta=0.1, qbit=0), e.ArityError, "RX|RX(theta, qubit)"),
    "word of another length": (lambda: qj.PauliRotation(0.1, "XY", (0,)), e.ArityError, "PauliRotation|one qubit per letter"),
    "bits without qubits": (lambda: qj.BasisState("01", (0,)), e.ArityError, "BasisState|one qubit per bit"),
    "control values of another length": (lambda: qj.Controlled(qj.X(0), 1, (0, 1)), e.ParameterError, "values|every control"),
    "control value of two": (lambda: qj.Controlled(qj.X(0), 1, 2), e.ParameterError, "values|0 or 1"),
    "controlled list": (lambda: qj.Controlled([qj.X(0)], 1), e.ArityError, "Controlled|operation|Circuit"),
    "inverse of a function": (lambda: qj.Inverse(qj.S), e.ArityError, "Inverse|operation|function"),
    # --- parameters
    "vector of angles": (lambda: qj.RX(np.ones(3), 0), e.ParameterError, "RX: theta|shape ()|vmap"),
    "SU4 with 16": (lambda: qj.SU4(np.ones(16), 0, 1), e.ParameterError, "SU4: params|(15,)|(16,)"),
    "NaN": (lambda: qj.RX(np.nan, 0), e.ParameterError, "RX: theta|finite|nan"),
    "infinity": (lambda: qj.U3(0.1, jnp.inf, 0.3, 0), e.ParameterError, "U3: phi|finite|inf"),
    "complex angle": (lambda: qj.RZ(1j, 0), e.ParameterError, "RZ: theta|real"),
    "traced complex angle": (lambda: jax.jit(lambda t: qj.RZ(t, 0))(1j), e.ParameterError, "RZ: theta|real"),
    "text as angle": (lambda: qj.RY("0.1", 0), e.ParameterError, "RY: theta|real number|str"),
    "no angle": (lambda: qj.RY(None, 0), e.ParameterError, "RY: theta|real number|None"),
    "key as angle": (lambda: qj.RY(KEY, 0), e.ParameterError, "RY: theta|real number|key"),
    "NaN in a layer": (lambda: qj.Layers(lambda t: [qj.RX(t, 0)], np.full(2, np.nan)), e.ParameterError, "Layers|stacked_params|finite"),
    "three phases": (lambda: qj.Diagonal(np.ones(3), (0, 1)), e.ParameterError, "Diagonal: phases|(4,)|(3,)"),
    "permutation with a repetition": (lambda: qj.Permutation([0, 0, 1, 2], (0, 1)), e.ParameterError, "Permutation|once|0 to 3"),
    "letter that is no Pauli": (lambda: qj.PauliRotation(0.1, "XQ", (0, 1)), e.ObservableError, "letters|I, X, Y and Z|XQ"),
    "bit of two": (lambda: qj.BasisState("012"), e.ParameterError, "BasisState: bits|0 or 1"),
    "placeholder without a value": (lambda: qj.run(bound(qj.Param("t"))), e.ParameterError, "'t'|no value|bind(t="),
    "bind without the name": (lambda: bound(qj.Param("t")).bind(s=1.0), e.ParameterError, "bind|'t'|'s'"),
    # --- matrices
    "not unitary": (lambda: qj.Unitary([[1, 1], [0, 1]], 0), e.MatrixError, "Unitary: matrix|not unitary|orthonormalise"),
    "unitary of another size": (lambda: qj.Unitary(np.eye(3), 0), e.ParameterError, "Unitary: matrix|(2, 2)|(3, 3)"),
    "generator not Hermitian": (lambda: qj.Evolution([[0, 1], [0, 0]], 1.0, 0), e.MatrixError, "Evolution: hamiltonian|not Hermitian|symmetrise"),
    "eigenvectors not orthonormal": (lambda: qj.Evolution(qj.Eigensystem(np.ones(2), np.ones((2, 2))), 1.0, 0), e.MatrixError, "Evolution|eigenvectors|eigensystem"),
    "observable not Hermitian": (lambda: qj.Hermitian([[0, 1], [0, 0]], 0), e.MatrixError, "Hermitian|symmetrise"),
    # --- state preparation
    "state not normalised": (lambda: qj.StatePrep([1.0, 1.0], 0), e.ParameterError, "StatePrep: vector|normalised|norm"),
    "state of another size": (lambda: qj.StatePrep([1.0, 0, 0], (0, 1)), e.ParameterError, "StatePrep: vector|(4,)|(3,)"),
    "state prepared late": (lambda: qj.Circuit(1, [qj.H(0), qj.StatePrep([1.0, 0], 0)]), e.CircuitError, "gate 1|StatePrep|first"),
    "state prepared in layers": (lambda: qj.Layers(lambda v: [qj.StatePrep(v, 0)], np.eye(2)), e.CircuitError, "Layers|StatePrep|before the block"),
    "state prepared again and again": (lambda: qj.Repeat([qj.StatePrep([1.0, 0], 0)], 2), e.CircuitError, "Repeat|StatePrep|before the block"),
    "preparation undone": (lambda: qj.Inverse(qj.StatePrep([1.0, 0], 0)), e.UnsupportedError, "StatePrep|overlap"),
    "preparation controlled": (lambda: qj.Controlled(qj.StatePrep([1.0, 0], 0), 1), e.UnsupportedError, "StatePrep|controlled|unitary"),
    "matrix of a preparation": (lambda: qj.unitary(qj.Circuit(1, [qj.StatePrep([1.0, 0], 0)])), e.UnsupportedError, "unitary|StatePrep|remove"),
    # --- circuits and blocks
    "operations in place of n": (lambda: qj.Circuit([qj.H(0)]), e.CircuitError, "Circuit: n|integer|Circuit(n"),
    "no qubits": (lambda: qj.Circuit(0), e.CircuitError, "Circuit: n|at least 1"),
    "gate not called": (lambda: qj.Circuit(1, [qj.H]), e.CircuitError, "ops|not an operation|H(0)"),
    "observable among gates": (lambda: qj.Circuit(2, [qj.X(0) @ qj.X(1)]), e.CircuitError, "ops|not an operation|observable"),
    "number among gates": (lambda: qj.Circuit(2, [3]), e.CircuitError, "ops|not an operation|int: 3"),
    "layer that is no function": (lambda: qj.Layers([qj.H(0)], np.ones(2)), e.CircuitError, "Layers|layer_fn|function"),
    "layer without a layer axis": (lambda: qj.Layers(lambda t: [qj.RX(t, 0)], 0.1), e.ParameterError, "Layers|leading layer axis|stack"),
    "layers of different length": (lambda: qj.Layers(lambda t: [qj.RX(t[0], 0)], (np.ones(2), np.ones(3))), e.ParameterError, "Layers|same leading|stack"),
    "no layers": (lambda: qj.Layers(lambda t: [qj.RX(t, 0)], np.ones(0)), e.ParameterError, "stacked_params|no layers|at least one"),
    "layer that returns nothing": (lambda: qj.Layers(lambda t: None, np.ones(2)), e.CircuitError, "layer_fn returns|operations|NoneType"),
    "layer of placeholders": (lambda: qj.Layers(lambda t: [qj.RX(qj.Param("a"), 0)], np.ones(2)), e.CircuitError, "Layers|Param|bind"),
    "no repetitions": (lambda: qj.Repeat([qj.H(0)], 0), e.ParameterError, "Repeat: times|positive"),
    "half a repetition": (lambda: qj.Repeat([qj.H(0)], 2.5), e.ParameterError, "Repeat: times|integer"),
    "traced repetitions": (lambda: jax.jit(lambda k: qj.Repeat([qj.H(0)], k))(2), e.ParameterError, "Repeat: times|traced"),
    # --- observables
    "product with a gate": (lambda: qj.X(0) @ qj.H(1), e.ObservableError, "H(1)|I, X, Y and Z|sum of Pauli"),
    "star between Paulis": (lambda: (qj.X(0) + 1) * qj.X(1), e.ObservableError, "number|@"),
    "NaN as coefficient": (lambda: qj.PauliSum.from_terms({"X": np.nan}), e.ObservableError, "coeffs|finite"),
    "text as coefficient": (lambda: qj.PauliSum.from_terms({"X": "1"}), e.ObservableError, "coeffs|numbers"),
    "word as text": (lambda: qj.PauliSum(["XX"], [1.0]), e.ObservableError, "word|from_terms"),
    "observable larger than the circuit": (lambda: qj.expval(BELL, qj.Z(2)), e.ObservableError, "expval|qubit 2|0 to 1"),
    "complex coefficients": (lambda: qj.expval(BELL, 1j * qj.Z(0)), e.ObservableError, "expval|Hermitian|real coefficients"),
    "gate as observable": (lambda: qj.expval(BELL, qj.H(0)), e.ObservableError, "expval|I, X, Y and Z|Hermitian"),
    "text as observable": (lambda: qj.expval(BELL, "ZZ"), e.ObservableError, "expval: observable|PauliSum|str"),
    "nothing to measure": (lambda: qj.expval(BELL, []), e.ObservableError, "expval: observable|nothing"),
    "estimate of a larger observable": (lambda: qj.estimate(BELL, qj.Z(3), KEY, 10), e.ObservableError, "estimate|qubit 3|0 to 1"),
    # --- verbs
    "function in place of a circuit": (lambda: qj.run(bound), e.CircuitError, "run: circuit|Circuit|call your ansatz"),
    "list in place of a circuit": (lambda: qj.expval([qj.H(0)], qj.Z(0)), e.CircuitError, "expval: circuit|Circuit(n"),
    "gate in place of a circuit": (lambda: qj.probs(qj.H(0)), e.CircuitError, "probs: circuit|Circuit(n"),
    "probs of a missing qubit": (lambda: qj.probs(BELL, (0, 2)), e.QubitError, "probs: qubits|qubit 2|0 to 1"),
    "probs of a qubit twice": (lambda: qj.probs(BELL, (0, 0)), e.QubitError, "probs: qubits|once"),
    "entropy of no side": (lambda: qj.entropy(BELL, None), e.QubitError, "entropy: qubits|at least one"),
    "density matrix of nothing": (lambda: qj.reduced_density_matrix(BELL, ()), e.QubitError, "reduced_density_matrix: qubits|at least one"),
    "bitstring too short": (lambda: qj.amplitudes(BELL, "0"), e.ParameterError, "amplitudes: bits|2 characters|'0'"),
    "bits that are no bits": (lambda: qj.amplitudes(BELL, ["00", "0a"]), e.ParameterError, "amplitudes: bits|0 or 1|0a"),
    "integer in place of bits": (lambda: qj.amplitudes(BELL, 3), e.ParameterError, "amplitudes: bits|bitstring|3"),
    "overlap of different sizes": (lambda: qj.overlap(BELL, bound(0.1)), e.QubitError, "overlap|same number|2 and 1"),
    # --- randomness
    "sample without a key": (lambda: qj.sample(BELL, None, 10), e.KeyRequiredError, "sample: key|jax.random.key"),
    "seed in place of a key": (lambda: qj.sample(BELL, 0, 10), e.KeyRequiredError, "sample: key|jax.random.key|int"),
    "several keys": (lambda: qj.sample(BELL, jax.random.split(KEY, 3), 10), e.KeyRequiredError, "sample: key|single|vmap"),
    "estimate without a key": (lambda: qj.estimate(BELL, qj.Z(0), None, 10), e.KeyRequiredError, "estimate: key|jax.random.key"),
    "random gradient without a key": (lambda: qj.expval(BELL, qj.Z(0), gradient=qj.SPSA()), e.KeyRequiredError, "expval: key|random|jax.random.key"),
    "negative shots": (lambda: qj.sample(BELL, KEY, -1), e.ShotsError, "sample: shots|positive|-1"),
    "zero shots": (lambda: qj.estimate(BELL, qj.Z(0), KEY, 0), e.ShotsError, "estimate: shots|positive|0"),
    "float shots": (lambda: qj.sample(BELL, KEY, 1e3), e.ShotsError, "sample: shots|integer|1000.0"),
    "traced shots": (lambda: jax.jit(lambda s: qj.sample(BELL, KEY, s))(3), e.ShotsError, "sample: shots|static"),
    "derivative of samples": (grad_of(lambda c: qj.sample(c, KEY, 5)), e.UnsupportedError, "sample|differentiated|expval"),
    "derivative of an estimate": (grad_of(lambda c: qj.estimate(c, qj.Z(0), KEY, 5)[0]), e.UnsupportedError, "estimate|differentiated|expval"),
    # --- size
    "state of 40 qubits": (lambda: qj.run(wide(40)), e.CapacityError, "40 qubits|GiB|fewer qubits"),
    "expectation on 40 qubits": (lambda: qj.expval(wide(40), qj.Z(39)), e.CapacityError, "40 qubits|GiB|fewer qubits"),
    "samples of 40 qubits": (lambda: qj.sample(wide(40), KEY, 1), e.CapacityError, "40 qubits|GiB|fewer qubits"),
    "state of 1,000 qubits": (lambda: qj.run(wide(1000)), e.CapacityError, "1000 qubits|fewer qubits"),
    "matrix of 25 qubits": (lambda: qj.unitary(wide(25)), e.CapacityError, "25 qubits|GiB"),
    "gradient on 40 qubits": (lambda: jax.grad(lambda t: qj.expval(qj.Circuit(40, [qj.RX(t, 0)]), qj.Z(0), gradient=qj.Adjoint()))(0.1), e.CapacityError, "40 qubits|GiB"),
    # --- strategies
    "simulator not called": (lambda: qj.run(BELL, sim=qj.Statevector), e.UnsupportedError, "run: sim|Statevector()"),
    "simulator by name": (lambda: qj.run(BELL, sim="statevector"), e.UnsupportedError, "run: sim|Statevector()"),
    "gradient not called": (lambda: qj.expval(BELL, qj.Z(0), gradient=qj.Adjoint), e.UnsupportedError, "expval: gradient|Adjoint()"),
    "gradient by name": (lambda: qj.expval(BELL, qj.Z(0), gradient="adjoint"), e.UnsupportedError, "expval: gradient|Backprop()"),
    "gradient in place of a simulator": (lambda: qj.run(BELL, sim=qj.Adjoint()), e.UnsupportedError, "run: sim|Statevector()"),
    "dtype of no state": (lambda: qj.Statevector("int32"), e.ParameterError, "Statevector: dtype|complex64"),
    "precision of no product": (lambda: qj.Statevector(precision="tf32"), e.ParameterError, "Statevector: precision|highest"),
    "real dtype for a complex circuit": (lambda: qj.run(qj.Circuit(1, [qj.S(0)]), sim=qj.Statevector("float64")), e.UnsupportedError, "real dtype|complex gate|complex128"),
    "shift of a gate without a rule": (shift_su4, e.UnsupportedError, "ParameterShift|SU4|Backprop"),
    "SPSA without a step": (lambda: qj.SPSA(c=0), e.ParameterError, "SPSA: c|positive"),
    "SPSA without samples": (lambda: qj.SPSA(samples=0), e.ParameterError, "SPSA: samples|positive"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_misuse_is_refused_with_a_lesson(name):
    """The error is qjax's own, of the class that says what kind of mistake it is; its text names
    the argument or the gate, and what to do."""
    mistake, kind, words = CASES[name]
    assert issubclass(kind, e.QjaxError)
    with pytest.raises(kind) as caught:
        mistake()
    for word in words.split("|"):
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


def test_there_are_enough_cases():
    """At least sixty, and every error class of the core among them."""
    assert len(CASES) >= 60
    core = {k for k in vars(e).values() if isinstance(k, type) and issubclass(k, e.QjaxError)}
    assert core - {kind for _, kind, _ in CASES.values()} == {
        e.QjaxError,
        e.ExperimentError,
        e.DataError,
        e.BackendError,
    }


def test_too_large_is_refused_before_anything_is_allocated():
    """No array appears between the call and the refusal of 40 qubits."""
    circuit = wide(40)
    before = len(jax.live_arrays())
    for ask in (qj.run, qj.probs, lambda c: qj.expval(c, qj.Z(0))):
        with pytest.raises(e.CapacityError):
            ask(circuit)
    assert len(jax.live_arrays()) == before
    assert "does not fit" in str(qj.explain(circuit))


def test_a_gradient_that_does_not_fit_names_the_one_that_does(monkeypatch):
    """Backprop keeps every state: refused with both figures; Adjoint fits."""
    monkeypatch.setattr("qjax.gradients.backprop.available_memory", lambda: 2.0**20)

    def energy(t, gradient):
        layers = [qj.Layers(lambda a: [qj.RX(a, q) for q in range(12)], t)]
        return qj.expval(qj.Circuit(12, layers), qj.Z(0), gradient=gradient)

    t = jnp.ones(40)
    assert jnp.isfinite(energy(t, qj.Backprop()))
    with pytest.raises(e.CapacityError, match=r"(?s)Backprop does not fit.*MiB.*Adjoint.*KiB"):
        jax.grad(energy)(t, qj.Backprop())
    assert jnp.all(jnp.isfinite(jax.grad(energy)(t, qj.Adjoint())))


def test_errors_are_also_the_builtin_ones():
    """Who catches ValueError, TypeError or MemoryError catches qjax's errors as well."""
    for kind, base in [
        (e.QubitError, ValueError),
        (e.ParameterError, ValueError),
        (e.ArityError, TypeError),
        (e.KeyRequiredError, TypeError),
        (e.CapacityError, MemoryError),
    ]:
        assert issubclass(kind, base)
