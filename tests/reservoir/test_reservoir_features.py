"""Features of every kind of reservoir, on every execution path, against dense NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reservoir_reference import (
    ising_channel,
    ising_features,
    noise_induced_features,
)

import qjax as qj
from qjax.errors import (
    CapacityError,
    DataError,
    KeyRequiredError,
    ParameterError,
    UnsupportedError,
)
from qjax.reservoir import (
    Affine,
    Eigenbasis,
    ExtremeLearning,
    Fading,
    FeedbackReservoir,
    FrozenCell,
    GateReservoir,
    IsingReservoir,
    Kraus,
    Multiplex,
    NoiseInducedReservoir,
    Onion,
    convergence_rate,
    echo_state_index,
    second_eigenvalue,
    spectrum,
    superoperator,
)

EXACT = 1e-10  # float64; found: 3e-15
PATHS = {
    "affine": Affine(),
    "kraus": Kraus(),
    "eigenbasis": Eigenbasis(),
    "density": qj.DensityMatrix(),
}


def inputs(count, seed=0):
    return np.random.default_rng(seed).uniform(size=count)


def ising(n=3, **options):
    return IsingReservoir.random(jax.random.key(1), n, **{"spread": 0.3, **options})


def reference(reservoir, u, **options):
    j, h = np.asarray(reservoir.couplings), np.asarray(reservoir.fields)
    kind, pairs = reservoir.input, reservoir.pairs
    return ising_features(j, h, float(reservoir.tau), reservoir.nodes, kind, u, pairs, **options)


@pytest.mark.parametrize("path", PATHS)
def test_ising_features_are_those_of_dense_numpy(path):
    reservoir, u = ising(nodes=3, tau=2.0, pairs=True), inputs(8)
    exact, _ = reference(reservoir, u)
    assert np.abs(reservoir.features(u, sim=PATHS[path]) - exact).max() < EXACT
    assert exact.shape == (8, reservoir.n_features)


@pytest.mark.verify
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["pure", "mixed", "phase", "angle"])
@pytest.mark.parametrize(("n", "nodes"), [(2, 1), (4, 5), (5, 10)])
def test_every_input_and_size_on_every_path(path, kind, n, nodes):
    if kind == "mixed" and path == "kraus":
        pytest.skip("not a pure state")
    reservoir, u = ising(n, nodes=nodes, tau=1.5, input=kind), inputs(30)
    exact, _ = reference(reservoir, u)
    assert np.abs(reservoir.features(u, sim=PATHS[path]) - exact).max() < EXACT


def test_the_simulator_is_chosen_by_size_and_input():
    def chosen(n, kind):
        reservoir = IsingReservoir.of(np.zeros((n, n)), np.zeros(n), 1.0, input=kind)
        return type(reservoir.engine()).__name__

    assert [chosen(n, "pure") for n in (3, 5, 8, 9)] == [
        "AffineEngine",
        "KrausEngine",
        "KrausEngine",
        "DensityEngine",
    ]
    assert [chosen(n, "mixed") for n in (5, 6, 9)] == [
        "AffineEngine",
        "EigenbasisEngine",
        "DensityEngine",
    ]
    with pytest.raises(UnsupportedError, match="pure states"):
        ising(input="mixed").features([0.1], sim=Kraus())


@pytest.mark.verify
def test_parameters_have_the_same_derivatives_with_kraus_operators():
    u = inputs(6)

    def total(reservoir, sim):
        return jnp.sum(reservoir.features(u, sim=sim) ** 2)

    for kind in ("pure", "phase"):
        reservoir = ising(nodes=2, input=kind)
        slopes = [jax.grad(total)(reservoir, sim) for sim in (Affine(), Kraus())]
        for a, b in zip(*map(jax.tree.leaves, slopes), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10)


def test_the_mixed_input_leaves_the_odd_sector_out_and_still_agrees():
    reservoir, u = ising(nodes=3, tau=2.0, input="mixed"), inputs(8)
    assert len(reservoir.engine(Affine()).start(None)) == 1
    exact, _ = reference(reservoir, u)
    assert np.abs(reservoir.features(u) - exact).max() < EXACT


def test_trajectories_of_a_deterministic_step_are_exact():
    """Without noise or resets every trajectory is the same pure state."""

    def step(w, u):
        return qj.Circuit(2, [qj.RY(u, 0), qj.CNOT(0, 1), qj.RX(w, 1)])

    reservoir, u = GateReservoir.of(step, 0.4), inputs(6)
    exact = reservoir.features(u)
    found = reservoir.features(u, sim=qj.Trajectories(3), key=jax.random.key(0))
    assert np.abs(found - exact).max() < EXACT


@pytest.mark.verify
def test_trajectories_average_to_the_density_matrix():
    reservoir, u = ising(nodes=2, tau=2.0), inputs(10)
    exact, _ = reference(reservoir, u)
    found = reservoir.features(u, sim=qj.Trajectories(4000), key=jax.random.key(3))
    # 60 means of 4000 values within [-1, 1]: five standard errors.
    assert 1e-4 < np.abs(found - exact).max() < 5 / np.sqrt(4000)


def test_noise_induced_features_are_those_of_dense_numpy():
    rates, u = [0.1, 0.3, 0.2], inputs(8)
    found = NoiseInducedReservoir.of(rates, 1.5).features(u)
    assert np.abs(found - noise_induced_features(rates, 1.5, u)).max() < EXACT


def test_gate_reservoirs_measure_reset_and_feed_forward():
    """Measuring qubit 1 and flipping qubit 0 on outcome 1, averaged over outcomes."""

    def step(w, u):
        ops = [qj.Reset(0), qj.RY(u, 0), qj.CNOT(0, 1), qj.RX(w, 1), qj.Measure(1, 0)]
        first = qj.Circuit(2, [*ops, qj.If(0, [qj.X(0)])], bits=1)
        return [first, qj.Circuit(2, [qj.RY(0.3, 0), qj.CNOT(0, 1)])]

    u = inputs(5)
    found = GateReservoir.of(step, 0.7, observables=[qj.Z(0), qj.X(0) @ qj.X(1)]).features(u)
    rho, exact = np.zeros((4, 4), complex), []
    rho[0, 0] = 1
    x, z, i2 = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0]), np.eye(2)
    cx = np.eye(4)[[0, 1, 3, 2]]

    def ry(t):
        return np.array([[np.cos(t / 2), -np.sin(t / 2)], [np.sin(t / 2), np.cos(t / 2)]])

    rx = np.cos(0.35) * i2 - 1j * np.sin(0.35) * x
    for value in u:
        rest = rho.reshape(2, 2, 2, 2).trace(axis1=0, axis2=2)
        rho = np.kron(np.diag([1.0, 0.0]), rest)
        gate = np.kron(i2, rx) @ cx @ np.kron(ry(value), i2)
        rho = gate @ rho @ gate.conj().T
        kept = [np.kron(i2, np.diag(d)) for d in ([1.0, 0.0], [0.0, 1.0])]
        branches = [k @ rho @ k for k in kept]
        flip = np.kron(x, i2)
        rho = branches[0] + flip @ branches[1] @ flip
        seen = []
        for after in (np.eye(4), cx @ np.kron(ry(0.3), i2)):
            rho = after @ rho @ after.conj().T
            seen += [np.trace(np.kron(z, i2) @ rho).real, np.trace(np.kron(x, x) @ rho).real]
        exact.append(seen)
    assert np.abs(found - np.array(exact)).max() < EXACT


def test_feedback_and_extreme_learning_are_what_their_circuits_say():
    u = inputs(4)
    feedback = FeedbackReservoir.random(jax.random.key(2), 2, layers=1, leak=0.7)
    state = np.zeros(2)
    for value, row in zip(u, np.asarray(feedback.features(u)), strict=True):
        turn = np.asarray(feedback.scales) * value + np.asarray(feedback.weights) @ state
        a = np.asarray(feedback.angles)[0]
        ops = [qj.RY(turn[0], 0), qj.RY(turn[1], 1), qj.CNOT(0, 1)]
        ops += [g(a[q, k], q) for q in (0, 1) for k, g in enumerate((qj.RX, qj.RZ))]
        psi = np.asarray(qj.run(qj.Circuit(2, ops)))
        p = abs(psi.reshape(2, 2)) ** 2
        z = np.array([p[0].sum() - p[1].sum(), p[:, 0].sum() - p[:, 1].sum()])
        state = 0.3 * state + 0.7 * z
        assert np.abs(row - state).max() < EXACT

    def encode(w, x):
        return qj.Circuit(1, [qj.RY(w * x, 0)])

    machine = ExtremeLearning.of(encode, 2.0, leak=0.5)
    exact = np.zeros(5)
    for k, value in enumerate(u):
        exact[k + 1] = 0.5 * exact[k] + 0.5 * np.cos(2 * value)
    assert np.abs(machine.features(u)[:, 0] - exact[1:]).max() < EXACT


def side_by_side():
    draw = np.random.default_rng(5)
    couplings, fields = draw.normal(size=(3, 2, 2)), draw.normal(size=(3, 2))
    return Multiplex(IsingReservoir(couplings, fields, np.array([1.0, 2.0, 0.5]), 3))


def test_parts_side_by_side_have_the_features_of_each_alone():
    whole, u = side_by_side(), inputs(6)
    single = np.concatenate([p.features(u) for p in whole.parts()], axis=1)
    assert np.abs(whole.features(u) - single).max() < EXACT
    assert whole.n_features == single.shape[1] == Onion.of(whole.parts()).n_features


@pytest.mark.verify
def test_onions_and_parts_with_inputs_of_their_own_are_each_alone():
    whole, u = side_by_side(), inputs(6)
    assert np.abs(Onion.of(whole.parts()).features(u) - whole.features(u)).max() < EXACT
    columns = np.stack([u, u**2, u**3], axis=1)
    apart = [p.features(c) for p, c in zip(whole.parts(), columns.T, strict=True)]
    own = Multiplex(whole.stacked, own=True).features(columns)
    assert np.abs(own - np.concatenate(apart, axis=1)).max() < EXACT


def test_a_frozen_cell_is_its_recurrence():
    def step(w, carry, x):
        carry = jnp.tanh(w @ carry + x)
        return carry, carry

    w = np.random.default_rng(0).normal(size=(3, 3)) / 3
    reservoir, u = FrozenCell.of(step, w, np.zeros(3)), inputs(5)
    state = np.zeros(3)
    for value, row in zip(u, reservoir.features(u), strict=True):
        state = np.tanh(w @ state + value)
        assert np.abs(row - state).max() < EXACT


# --- going on, in blocks, in parallel ------------------------------------------------------------


def test_a_run_goes_on_from_its_state():
    reservoir, u = ising(nodes=3, tau=2.0), inputs(25)
    exact, _ = reference(reservoir, u)
    first = reservoir.run(u[:10])
    second = reservoir.run(u[10:20], state=first.state)
    both = np.concatenate([first.features, second.features])
    assert np.abs(both - exact[:20]).max() < EXACT


@pytest.mark.verify
def test_a_series_in_blocks_is_the_whole_series(monkeypatch):
    reservoir, u = ising(nodes=3, tau=2.0), inputs(25)
    exact, _ = reference(reservoir, u)
    streamed = np.concatenate(list(reservoir.stream(u, 10)))
    assert np.abs(streamed - exact).max() < EXACT
    monkeypatch.setattr("qjax.reservoir.drive.LEAST_STEPS", 1)
    monkeypatch.setattr("qjax.reservoir.drive.BLOCK_BYTES", 8 * 16 * 8)
    pieces = np.concatenate(list(reservoir.stream(u, 21)))  # 2 blocks of 8 and a rest, then 4
    assert np.abs(pieces - exact).max() < EXACT


def test_parallel_chunks_are_within_their_own_bound():
    """With a warm-up that is too short, the bound holds and is not vacuous."""
    reservoir, u = ising(nodes=3, tau=1.0), inputs(400)
    exact = reservoir.run(u)
    rough = reservoir.run(u, parallel=Fading(1e-6, warmup=8, lanes=8))
    error = np.abs(rough.features - exact.features).max()
    assert 1e-9 < error <= rough.bound < 8 * 2


@pytest.mark.verify
def test_the_warm_up_follows_from_the_tolerance():
    reservoir, u = ising(nodes=3, tau=1.0), inputs(400)
    exact = reservoir.run(u)
    fine = reservoir.run(u, parallel=Fading(1e-6, lanes=3))
    assert np.abs(fine.features - exact.features).max() <= max(fine.bound, 1e-14)
    assert fine.bound < 1e-6
    for a, b in zip(fine.state, exact.state, strict=True):
        assert np.abs(a - b).max() < 1e-6


@pytest.mark.verify
def test_parallel_chunks_keep_their_bound_in_long_series():
    u = inputs(20_000)
    cases = (4, "pure", 2.0), (5, "mixed", 4.0), (3, "angle", 0.7), (5, "phase", 2.0)
    for n, kind, tau in cases:
        reservoir = ising(n, nodes=4, tau=tau, input=kind)
        exact = reservoir.run(u)
        for tolerance in (1e-3, 1e-6, 1e-9):
            chunks = reservoir.run(u, parallel=Fading(tolerance))
            error = np.abs(chunks.features - exact.features).max()
            assert error <= chunks.bound + 1e-13
            assert chunks.bound < tolerance
    rates = NoiseInducedReservoir.of([0.2, 0.4, 0.3])
    chunks = rates.run(u[:4000], parallel=Fading(1e-6))
    assert np.abs(chunks.features - rates.features(u[:4000])).max() <= chunks.bound + 1e-13
    assert chunks.bound < 1e-6


# --- the channel ---------------------------------------------------------------------------------


def test_the_spectrum_is_that_of_the_dense_superoperator():
    reservoir = ising(tau=2.0)
    j, h = np.asarray(reservoir.couplings), np.asarray(reservoir.fields)
    exact = np.linalg.eigvals(ising_channel(j, h, 2.0, "pure", 0.4))
    exact = np.sort(np.abs(exact))[::-1]
    found = np.abs(spectrum(reservoir, 0.4))
    assert np.abs(found - exact[:16])[:8].max() < 1e-9  # smaller ones: rounding of Jordan blocks
    assert exact[16:].max() < 1e-3  # zero; roots of rounding in Jordan blocks


@pytest.mark.verify
def test_the_spectrum_of_the_whole_density_matrix_is_the_dense_one():
    reservoir = ising(tau=2.0)
    j, h = np.asarray(reservoir.couplings), np.asarray(reservoir.fields)
    exact = np.linalg.eigvals(ising_channel(j, h, 2.0, "pure", 0.4))
    exact = np.sort(np.abs(exact))[::-1]
    whole = superoperator(reservoir, 0.4, sim=qj.DensityMatrix())
    assert whole.shape == (64, 64)
    assert np.abs(np.sort(np.abs(np.linalg.eigvals(whole)))[::-1][:8] - exact[:8]).max() < 1e-9


def test_two_initial_states_converge_at_the_rate_of_the_second_eigenvalue():
    reservoir = ising(tau=1.0, nodes=3)
    other = reservoir.run(inputs(30)).state
    constant = np.full(400, 0.3)
    start = reservoir.run(np.zeros(1)).state
    distances = echo_state_index(reservoir, constant, start, other)
    rate = second_eigenvalue(reservoir, 0.3)
    assert abs(convergence_rate(distances) / rate - 1) < 0.05
    assert distances[-1] < 1e-3 * distances[0]


# --- misuse --------------------------------------------------------------------------------------


def test_misuse_is_explained():
    reservoir = ising()
    with pytest.raises(DataError, match="u has the wrong shape"):
        reservoir.features(np.zeros((3, 2)))
    with pytest.raises(DataError, match="finite"):
        reservoir.features([0.1, np.nan])
    with pytest.raises(KeyRequiredError):
        reservoir.features([0.1], sim=qj.Trajectories(2))
    with pytest.raises(UnsupportedError, match="Statevector"):
        reservoir.features([0.1], sim=qj.Statevector())
    with pytest.raises(UnsupportedError, match="parallel"):
        FeedbackReservoir.random(jax.random.key(0), 2).features([0.1], parallel=Fading())
    with pytest.raises(ParameterError, match="input"):
        ising(input="sine")
    with pytest.raises(ParameterError, match="couplings"):
        IsingReservoir.of(np.zeros((2, 3)), np.zeros(2), 1.0)
    with pytest.raises(ParameterError, match="does not forget"):
        Fading(1e-6).resolved(1.0)
    with pytest.raises(CapacityError, match="Trajectories"):
        IsingReservoir.of(np.zeros((12, 12)), np.zeros(12), 1.0).features([0.1])


def test_the_derivative_through_trajectories_is_refused():
    def total(rates):
        reservoir = NoiseInducedReservoir.of(rates)
        return reservoir.features([0.1], sim=qj.Trajectories(2), key=jax.random.key(0)).sum()

    with pytest.raises(UnsupportedError, match="derivative"):
        jax.grad(total)(jnp.array([0.2, 0.3]))
