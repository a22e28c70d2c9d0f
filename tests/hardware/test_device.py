"""A backend as a simulator: values and derivatives of all orders, in one job each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qjax as qj
from qjax.errors import (
    BackendError,
    CapacityError,
    DataError,
    KeyRequiredError,
    ParameterError,
    UnsupportedError,
)
from qjax.hardware import (
    CallableBackend,
    Capabilities,
    Device,
    ExactBackend,
    Journal,
    QiskitBackend,
)

H = qj.X(0) @ qj.X(1) + 0.5 * qj.Z(1) - 0.3 * qj.Y(0) + 0.2
POINT = jnp.asarray(np.random.default_rng(0).normal(size=3))
TIGHT = 1e-10
X, Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])


class Counting:
    """A backend that notes how many circuits each job holds, and may fail."""

    def __init__(self, inner=None, failures=0, last=None):
        self.inner, self.jobs, self.failures = inner or ExactBackend(), [], failures
        self.last = last  # the job that kills the process

    @property
    def capabilities(self):
        return self.inner.capabilities

    def expectations(self, program, angles, words, *, shots, seeds):
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the queue is down")
        if self.last is not None and len(self.jobs) == self.last:
            raise KeyboardInterrupt
        self.jobs.append(len(angles))
        return self.inner.expectations(program, angles, words, shots=shots, seeds=seeds)

    def sample(self, program, angles, *, shots, seeds):
        self.jobs.append(len(angles))
        return self.inner.sample(program, angles, shots=shots, seeds=seeds)


def ansatz(w):
    return qj.Circuit(2, [qj.RY(w[0], 0), qj.CRX(2 * w[1], 0, 1), qj.U3(w[0], 0.3, w[2], 1)])


@jax.numpy_dtype_promotion("standard")
def exact(w):
    """The same, as a product of matrices."""
    i, x, y, z = (jnp.asarray(m, complex) for m in (np.eye(2), X, 1j * X @ Z, Z))
    turn = lambda t, p: jnp.cos(t / 2) * i - 1j * jnp.sin(t / 2) * p  # noqa: E731
    u3 = turn(jnp.asarray(0.3), z) @ turn(w[0], y) @ turn(w[2], z)
    state = jnp.zeros(4, complex).at[::2].set(turn(w[0], y)[:, 0])
    state = jnp.concatenate([state[:2], turn(2 * w[1], x) @ state[2:]])
    state = jnp.kron(i, u3) @ state
    words = [(jnp.kron(x, x), 1.0), (jnp.kron(i, z), 0.5), (jnp.kron(y, i), -0.3)]
    h = sum(c * m for m, c in words) + 0.2 * jnp.kron(i, i)
    return jnp.real(jnp.vdot(state, h @ state))


def on(sim):
    return lambda w: qj.expval(ansatz(w), H, sim=sim)


@pytest.fixture(scope="module")
def expected():
    """Value, gradient and Hessian."""
    both = lambda w: (exact(w), jax.grad(exact)(w), jax.hessian(exact)(w))  # noqa: E731
    return jax.jit(both)(POINT)


@pytest.mark.parametrize("inner", [ExactBackend(), QiskitBackend()], ids=["exact", "qiskit"])
def test_value_gradient_and_hessian_are_one_job_each(inner, expected):
    backend = Counting(inner)
    f = on(Device(backend))
    value, slope = jax.jit(jax.value_and_grad(f))(POINT)
    assert backend.jobs == [1 + 2 * 5]  # CRX has two rotations, U3 two that depend on w
    np.testing.assert_allclose(value, expected[0], atol=TIGHT)
    np.testing.assert_allclose(slope, expected[1], atol=TIGHT)
    np.testing.assert_allclose(jax.hessian(f)(POINT), expected[2], atol=TIGHT)
    np.testing.assert_allclose(jax.jacfwd(f)(POINT), expected[1], atol=TIGHT)
    assert len(backend.jobs) == 3


def test_a_batch_is_one_job(expected):
    backend = Counting()
    points = jnp.stack([POINT, POINT + 1])
    slopes = jax.vmap(jax.grad(on(Device(backend))))(points)
    assert backend.jobs == [2 * 11]
    np.testing.assert_allclose(slopes[0], expected[1], atol=TIGHT)
    np.testing.assert_allclose(slopes[1], jax.grad(exact)(points[1]), atol=TIGHT)


def test_a_training_loop_is_one_job_a_step():
    backend = Counting()
    step = lambda w, _: (w - 0.1 * jax.grad(on(Device(backend)))(w), None)  # noqa: E731
    w, _ = jax.jit(lambda w: jax.lax.scan(step, w, length=3))(POINT)
    other, _ = jax.lax.scan(lambda w, _: (w - 0.1 * jax.grad(exact)(w), None), POINT, length=3)
    assert len(backend.jobs) == 3
    np.testing.assert_allclose(w, other, atol=TIGHT)


def test_every_observable_and_its_weights():
    m = np.array([[1.0, 2 - 1j], [2 + 1j, -0.5]])
    observables = {
        "sum": H,
        "identity": 0.7 * qj.I(0),
        "hermitian": qj.Hermitian(np.kron(m, m), (1, 0)),
        "projector": qj.Projector("10", (0, 1)),
    }
    circuit = ansatz(POINT)
    got = qj.expval(circuit, observables, sim=Device(ExactBackend()))
    for name, want in qj.expval(circuit, observables).items():
        np.testing.assert_allclose(got[name], want, atol=TIGHT, err_msg=name)

    def weighted(c, sim):
        return qj.expval(circuit, c[0] * qj.Z(0) + c[1] * qj.X(1), sim=sim)

    c = jnp.array([0.3, 0.4])
    want = jax.grad(weighted)(c, qj.Statevector())
    np.testing.assert_allclose(jax.grad(weighted)(c, Device(ExactBackend())), want, atol=TIGHT)


def test_shots_are_unbiased_seeded_and_independent():
    device = Device(ExactBackend(), shots=500)
    keys = jax.random.split(jax.random.key(0), 100)
    f = jax.vmap(lambda k: qj.expval(ansatz(POINT), H, sim=device, key=k))
    values = f(keys)
    error = np.std(values, ddof=1) / 10
    assert abs(np.mean(values) - exact(POINT)) < 5 * error
    np.testing.assert_array_equal(values, f(keys))
    assert len(np.unique(values)) > 50
    slopes = jax.vmap(
        jax.grad(lambda w, k: qj.expval(ansatz(w), H, sim=device, key=k)), in_axes=(None, 0)
    )(POINT, keys)
    error = np.std(slopes, axis=0, ddof=1) / 10
    assert np.all(np.abs(np.mean(slopes, axis=0) - jax.grad(exact)(POINT)) < 5 * error)
    with pytest.raises(KeyRequiredError):
        qj.expval(ansatz(POINT), H, sim=device)


def test_estimates_and_samples():
    device = Device(ExactBackend())
    circuit = qj.Circuit(3, [qj.X(1), qj.RY(np.pi / 3, 2)])
    mean, error = qj.estimate(circuit, qj.Z(2), jax.random.key(1), 10_000, sim=device)
    assert abs(mean - 0.5) < 5 * error < 0.05
    np.testing.assert_allclose(error, np.sqrt(0.75 / 10_000), rtol=0.05)
    bits = qj.sample(circuit, jax.random.key(0), 2000, sim=device)
    assert (bits.shape, bits.dtype) == ((2000, 3), jnp.uint8)
    assert np.all(np.asarray(bits[:, :2]) == [0, 1])
    assert abs(np.mean(np.asarray(bits[:, 2])) - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 2000)

    counted = qj.probs(
        circuit, (2, 1), sim=Device(ExactBackend(), shots=4000), key=jax.random.key(2)
    )
    np.testing.assert_allclose(counted, [0, 0.75, 0, 0.25], atol=5 * np.sqrt(0.19 / 4000))
    with pytest.raises(UnsupportedError, match="counts outcomes"):
        qj.probs(circuit, sim=device)


def test_errors_of_words_that_share_shots_hang_together():
    from qiskit.providers.basic_provider import BasicSimulator

    ghz = qj.Circuit(3, [qj.RY(np.pi / 2, 0), qj.CX(0, 1), qj.CX(1, 2)])
    ops = [qj.Z(0) + qj.Z(1) + qj.Z(2), qj.Z(0) - qj.Z(1), 2 * qj.Z(0) + qj.X(1) + 0.3]
    key, apart = jax.random.key(0), Device(ExactBackend())
    together = Device(QiskitBackend(backend=BasicSimulator()))
    for sim, factors in ((together, (3, 0, np.sqrt(5))), (apart, np.sqrt([3, 2, 5]))):
        means, errors = qj.estimate(ghz, ops, key, 1000, sim=sim)
        want = np.array(factors) / np.sqrt(1000)  # each word's error is 1 / sqrt(1000) at <Z> = 0
        np.testing.assert_allclose(errors, want, rtol=0.02)
        assert np.all(np.abs(np.array(means) - [0, 0, 0.3]) <= 5 * want)
    told = CallableBackend(
        lambda program, angles, words, shots, seeds: (
            *np.zeros((2, 1, len(words))),
            np.full((1, len(words), len(words)), 4.0 / shots),
        ),
        capabilities=Capabilities(covariances=True),
    )
    errors = qj.estimate(ghz, ops[0], key, 100, sim=Device(told))[1]
    np.testing.assert_allclose(errors, 3 * 2 / np.sqrt(100))
    values, info = qj.expval(ghz, ops, sim=Device(ExactBackend(), shots=1000), key=key, info=True)
    np.testing.assert_allclose(info.standard_error, np.sqrt([3, 2, 5]) / np.sqrt(1000), rtol=0.02)
    np.testing.assert_allclose(values, [0, 0, 0.3], atol=0.4)


def test_spsa_is_one_job_of_two_more_circuits_a_sample():
    backend = Counting()
    spsa = qj.SPSA(1e-4, samples=3)

    def f(w, c, key):
        circuit = qj.Circuit(1, [qj.RX(w, 0)])
        return qj.expval(circuit, c * qj.Z(0), sim=Device(backend), gradient=spsa, key=key)

    # With one parameter, every sample is the derivative up to terms of order c**2.
    found = jax.value_and_grad(f, (0, 1))(0.4, 2.0, jax.random.key(0))
    assert backend.jobs == [1 + 2 * 3]
    np.testing.assert_allclose(found[0], 2 * np.cos(0.4), atol=TIGHT)
    np.testing.assert_allclose(found[1], [-2 * np.sin(0.4), np.cos(0.4)], atol=1e-7)


@pytest.mark.parametrize("limits", [
    {"basis": "rz,sx,x,cz"},
    {"basis": {"u", "cx"}, "coupling_map": "line"},
    {"coupling_map": [(0, 1), (0, 2)], "max_batch": 4},
    {"basis": "rz,sx,x,ecr", "coupling_map": [(1, 0), (1, 2)], "directed": True},
])  # fmt: skip
def test_programs_fit_the_device(limits):
    def circuit(w):
        ops = [qj.RY(w[0], 0), qj.CRX(w[1], 0, 2), qj.RZZ(w[2], 1, 2), qj.CCX(0, 1, 2)]
        return qj.Circuit(3, [*ops, qj.CP(w[0], 0, 1)])

    seen = []

    class Watched(Counting):
        def expectations(self, program, angles, words, *, shots, seeds):
            seen.append(program)
            return super().expectations(program, angles, words, shots=shots, seeds=seeds)

    backend = Watched(ExactBackend(**limits))
    observable = qj.Z(0) @ qj.X(2) + qj.Y(1)
    f = lambda w, sim: qj.expval(circuit(w), observable, sim=sim)  # noqa: E731
    got = jax.grad(f)(POINT, Device(backend))
    np.testing.assert_allclose(got, jax.grad(f)(POINT, qj.Statevector()), atol=TIGHT)
    if "coupling_map" in limits:
        directed = limits.get("directed", False)
        assert seen[0].circuit.fits(limits["coupling_map"], directed=directed)
    if "max_batch" in limits:
        assert max(backend.jobs) == 4
    bits = qj.sample(
        qj.Circuit(3, [qj.X(2), qj.CX(2, 0), qj.CX(0, 2)]),
        jax.random.key(0),
        5,
        sim=Device(backend),
    )
    assert np.all(np.asarray(bits) == [1, 0, 0])


def test_the_text_of_a_program_is_openqasm_with_its_inputs():
    from qjax import qasm
    from qjax.circuit.synthesis.matrices import unitary

    def run(program, angles, words, shots, seeds):
        assert words == ["IZ"]
        read = qasm.loads(program.text).bind(dict(zip(program.names, angles[0], strict=True)))
        state = unitary(read.gates(), 2)[:, 0]
        return np.array([[np.vdot(state, np.kron(np.eye(2), np.diag([1, -1])) @ state).real]])

    circuit = qj.Circuit(2, [qj.RX(0.4, 0), qj.CX(0, 1), qj.Controlled(qj.RY(0.2, 1), 0)])
    got = qj.expval(circuit, qj.Z(1), sim=Device(CallableBackend(run)))
    np.testing.assert_allclose(got, qj.expval(circuit, qj.Z(1)), atol=TIGHT)


def test_layers_are_written_out_and_share_their_angles():
    def circuit(w):
        layer = lambda x: [qj.RZZ(x[0], 0, 1), qj.RX(x[1], 0), qj.RY(0.3, 1)]  # noqa: E731
        return qj.Circuit(2, [qj.Layers(layer, w), qj.Repeat([qj.RX(w[0, 0], 0)], 2)])

    w = jnp.arange(6.0).reshape(3, 2)
    f = lambda w, sim: qj.expval(circuit(w), H, sim=sim)  # noqa: E731
    got = jax.grad(f)(w, Device(ExactBackend()))
    np.testing.assert_allclose(got, jax.grad(f)(w, qj.Statevector()), atol=TIGHT)


def test_nothing_is_measured_twice_with_a_journal(tmp_path, expected):
    path = tmp_path / "jobs.jsonl"
    backend = Counting(ExactBackend(max_batch=5), last=1)
    f = on(Device(backend, shots=None, journal=path))
    with pytest.raises((KeyboardInterrupt, jax.errors.JaxRuntimeError)):
        jax.block_until_ready(jax.grad(f)(POINT))
    assert backend.jobs == [5]
    with path.open("a") as stream:
        stream.write('{"key": "torn')  # what a crash leaves behind
    again = Counting(ExactBackend(max_batch=5))
    slope = jax.grad(on(Device(again, journal=path)))(POINT)
    assert again.jobs == [5, 1]  # 11 circuits, 5 of them known
    np.testing.assert_allclose(slope, expected[1], atol=TIGHT)
    third = Counting()
    np.testing.assert_array_equal(jax.grad(on(Device(third, journal=Journal(path))))(POINT), slope)
    assert third.jobs == []
    path.write_text("no journal\n")
    with pytest.raises(DataError, match="not a journal"):
        Journal(path)


def test_a_failed_job_is_sent_again(expected):
    backend = Counting(failures=2)
    value = on(Device(backend, wait=0.0))(POINT)
    np.testing.assert_allclose(value, expected[0], atol=TIGHT)
    assert backend.jobs == [1]
    with pytest.raises(Exception, match="failed 3 times") as caught:
        jax.block_until_ready(on(Device(Counting(failures=9), wait=0.0))(POINT))
    assert isinstance(caught.value, BackendError | jax.errors.JaxRuntimeError)


def test_what_a_device_cannot_do_is_refused():
    device = Device(ExactBackend(n_qubits=2))
    with pytest.raises(CapacityError, match="2 qubits"):
        qj.expval(qj.Circuit(3, [qj.X(2)]), qj.Z(0), sim=device)
    with pytest.raises(UnsupportedError, match="RunQuery"):
        qj.run(qj.Circuit(1, [qj.X(0)]), sim=device)
    with pytest.raises(UnsupportedError, match="decompose"):
        qj.expval(qj.Circuit(1, [qj.Unitary(np.eye(2), 0)]), qj.Z(0), sim=device)
    with pytest.raises(UnsupportedError, match="Measure"):
        qj.expval(qj.Circuit(1, [qj.Measure(0, 0)], bits=1), qj.Z(0), sim=device)
    big = qj.Projector("0" * 6, range(6))
    with pytest.raises(UnsupportedError, match="at most 5 qubits"):
        qj.expval(qj.Circuit(6, [qj.X(0)]), big, sim=Device(ExactBackend()))
    for wrong in ({"backend": ExactBackend}, {"shots": 0}, {"shots": 1.5}, {"retries": -1}):
        with pytest.raises(ParameterError, match="Device"):
            Device(**{"backend": ExactBackend(), **wrong})
    assert Capabilities().max_batch is None
    limits = {"basis": {"u", "cx"}, "coupling_map": [[0, 1]]}
    assert hash(Device(ExactBackend(**limits))) == hash(Device(ExactBackend(**limits)))
