"""Fast-weight programmers against NumPy: outputs, gradients, and all forms of the recurrence."""

import dense_sequence as dense
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import qjax as qj
from qjax.errors import DataError, ParameterError, UnsupportedError
from qjax.nn.fast_weights import (
    Additive,
    Bounded,
    Entries,
    FastCircuit,
    FastQKAN,
    FastWeightProgrammer,
    Gated,
    SelfModulated,
    brickwork_ry,
    fast_weights,
    next_weights,
)
from qjax.nn.qkan import qkan_layer

RULES = {
    "additive": Additive(),
    "gated": Gated(),
    "modulated": SelfModulated(),
    "bounded gate": Bounded(),
    "bounded weights": Bounded("weights"),
}
LINEAR = {name: rule for name, rule in RULES.items() if rule.linear}


def entries(rule, seed, lead=(), steps=6, rows=2, columns=3):
    rng = np.random.default_rng(seed)
    gates = len(rule.bias((rows, columns)))
    shapes = [(*lead, steps, k) for k in (rows, columns, gates)]
    return Entries(*(jnp.asarray(rng.normal(size=s)) for s in shapes))


def by_hand(name, said, start):
    """The weights after every step of one series, in NumPy."""
    weights, out = np.asarray(start), []
    for row, column, gates in zip(*map(np.asarray, said), strict=True):
        weights = dense.new_weights(name, weights, np.outer(row, column), gates)
        out.append(weights)
    return np.array(out)


@pytest.mark.parametrize("name", RULES)
def test_every_form_of_a_rule_gives_the_weights_of_the_plain_loop(name):
    rule = RULES[name]
    said = entries(rule, 1, lead=(2, 2))
    start = jnp.asarray(np.random.default_rng(2).normal(size=(2, 2, 2, 3)))
    exact = np.array(
        [
            [by_hand(name, [part[i, j] for part in said], start[i, j]) for j in range(2)]
            for i in range(2)
        ]
    )

    @jax.jit
    def forms(said, start):
        each = [(every, form) for every in (True, False) for form in ("scan", "auto")]
        return [fast_weights(said, rule, start, every=e, form=form) for e, form in each]

    found = forms(said, start)
    for all_steps, last in zip(found[:2], found[2:], strict=True):
        np.testing.assert_allclose(all_steps, exact, rtol=0, atol=1e-12)
        np.testing.assert_allclose(last, exact[..., -1, :, :], rtol=0, atol=1e-12)
    one = next_weights(start, Entries(*(part[..., 0, :] for part in said)), rule)
    np.testing.assert_allclose(one, exact[..., 0, :, :], rtol=0, atol=1e-12)


VERIFIED = [pytest.param(name, marks=pytest.mark.verify) for name in ("additive", "modulated")]


@pytest.mark.parametrize("name", ["gated", *VERIFIED])
def test_the_parallel_form_has_the_gradient_of_the_scan(name):
    rule = RULES[name]
    said = entries(rule, 3, steps=16)
    pick = jnp.asarray(np.random.default_rng(4).normal(size=(2, 3)))

    def slope(form):
        return jax.jit(jax.grad(lambda e: jnp.sum(pick * fast_weights(e, rule, form=form))))(said)

    for a, b in zip(slope("parallel"), slope("scan"), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_a_rule_that_is_not_linear_has_no_parallel_form():
    rule = Bounded("weights")
    with pytest.raises(UnsupportedError, match="parallel"):
        fast_weights(entries(rule, 0), rule, form="parallel")
    with pytest.raises(ParameterError, match="branch"):
        Bounded("state")
    with pytest.raises(DataError, match="rows, columns"):
        fast_weights(Entries(jnp.ones((4, 2)), jnp.ones((3, 2)), jnp.ones((4, 0))))


def test_rules_start_where_they_say():
    """Zero slow features leave the biases: gated keeps 0.88, self-modulated adds."""
    shape = (2, 3)
    keep, write = Gated().factors(jnp.asarray(Gated().bias(shape)), shape)
    assert abs(float(keep[0, 0]) - 0.8808) < 1e-4
    assert abs(float(keep[0, 0] + write[0, 0]) - 1) < 1e-15
    keep, write = SelfModulated().factors(jnp.asarray(SelfModulated().bias(shape)), shape)
    assert keep.tolist() == write.tolist() == np.ones(shape).tolist()


def programmer(name, shape, outputs, seed=0):
    model = FastWeightProgrammer(
        None, FastCircuit(shape, outputs), RULES[name], dtype=jnp.float64, rngs=nnx.Rngs(seed)
    )
    graph, state = nnx.split(model)
    keys = np.random.default_rng(seed)  # biases of gates that are all alike hide mistakes
    state = jax.tree.map(lambda a: a + 0.3 * keys.normal(size=a.shape), state)
    return graph, state


def check_programmer(name, shape, outputs, steps=4, seed=0, slopes=True, size=1.0):
    graph, state = programmer(name, shape, outputs, seed)
    params = dense.as_params(state)
    x = size * np.random.default_rng(seed + 1).normal(size=(3, steps, 1))
    start = np.random.default_rng(seed + 2).normal(size=(3, *shape))

    @jax.jit
    def ours(state, x, start):
        model = nnx.merge(graph, state)
        forms = [model(x, start, every=True, form=form) for form in ("auto", "scan")]
        return *forms, model(x, start)

    every, scanned, last = ours(state, x, start)
    exact = [
        dense.programmer(params, series, name, shape, outputs, s)
        for series, s in zip(x, start, strict=True)
    ]
    np.testing.assert_allclose(every, exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scanned, exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(last, np.array(exact)[:, -1], rtol=0, atol=1e-12)
    if not slopes:
        return

    def loss(state):
        return jnp.sum(nnx.merge(graph, state)(jnp.asarray(x[:2])) ** 2)

    def dense_loss(params):
        out = [dense.programmer(params, s, name, shape, outputs, every=False) for s in x[:2]]
        return np.sum(np.array(out) ** 2)

    found = dense.as_params(jax.jit(jax.grad(loss))(state))
    wanted = dense.gradient(dense_loss, params)
    assert set(found) == set(wanted)
    for part in wanted:
        np.testing.assert_allclose(found[part], wanted[part], rtol=0, atol=1e-10)


def test_a_gated_programmer_equals_the_dense_reference():
    check_programmer("gated", (1, 3), 2)


@pytest.mark.verify
def test_programmers_of_the_bounded_rule_equal_the_dense_reference():
    check_programmer("bounded weights", (2, 3), 2, slopes=False)


def test_the_published_programmer_has_111_parameters():
    """8 qubits, 2 layers, 4 outputs; gated has 9 more."""
    for rule, count in (("additive", 111), ("gated", 120)):
        params = dense.as_params(programmer(rule, (2, 8), 4)[1])
        assert sum(p.size for p in params.values()) == count


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", RULES)
def test_many_programmers_equal_the_dense_reference(name, seed):
    # The weights of the modulated rule multiply without limit: with inputs of order 1 eight steps
    # bring up to 2e5 radians, of which double precision, the reference's as well, knows 3e-11.
    # Its long series has smaller inputs, its derivatives are compared over three steps.
    grows = name == "modulated"
    size, short = (0.2, 3) if grows else (1.0, 5)
    check_programmer(name, (2, 8), 4, steps=8, seed=seed, size=size, slopes=not grows)
    if grows:
        check_programmer(name, (2, 8), 4, steps=short, seed=seed)
    check_programmer(name, (3, 5), 5, steps=short, seed=seed + 100)


def test_steps_carry_what_the_whole_series_finds():
    graph, state = programmer("gated", (2, 3), 2)
    model = nnx.merge(graph, state)
    x = jnp.asarray(np.random.default_rng(5).normal(size=(3, 4, 1)))
    step = jax.jit(lambda w, x: nnx.merge(graph, state).step(w, x))
    weights, out = model.initial_weights((3,)), []
    for t in range(4):
        weights, y = step(weights, x[:, t])
        out.append(y)
    every = jax.jit(lambda x: nnx.merge(graph, state)(x, every=True))(x)
    np.testing.assert_allclose(jnp.stack(out, 1), every, rtol=0, atol=1e-12)


def test_the_fast_circuit_is_the_published_one():
    rng = np.random.default_rng(6)
    x, w = rng.normal(size=2), rng.normal(size=(2, 4))
    out = FastCircuit((2, 4), 3)(jnp.asarray(x), jnp.asarray(w))
    np.testing.assert_allclose(out, dense.brickwork(x, w, 3), rtol=0, atol=1e-13)
    with pytest.raises(ParameterError, match="one input per qubit"):
        brickwork_ry(jnp.zeros(3), jnp.zeros((1, 2)))
    other = FastCircuit((2, 4), [qj.Z(0) @ qj.Z(1)])
    assert other(jnp.asarray(x), jnp.asarray(w)).shape == (other.out_features,) == (1,)


def test_a_fast_qkan_is_a_qkan_layer_of_low_rank_angles():
    fast = FastQKAN(2, 3, reps=1, dtype=jnp.float64, rngs=nnx.Rngs(0))
    rng = np.random.default_rng(7)
    rows, columns = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    theta = np.einsum("ok,ic->oikc", rows, columns)
    x = jnp.asarray(rng.normal(size=2))
    found = fast(x, jnp.asarray(np.outer(rows, columns)))
    params = fast.layer.params()._replace(theta=jnp.asarray(theta))
    wanted = qkan_layer(fast.encoder(x), params, **fast.layer.how)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-13)
    assert not any("theta" in name for name in dense.as_params(nnx.state(fast, nnx.Param)))


def test_a_slow_network_must_say_its_width():
    def output(x, latent):
        slow = nnx.Sequential(nnx.Linear(1, 3, rngs=nnx.Rngs(0)), jnp.tanh)
        fast, rngs = FastCircuit((1, 2), 1), nnx.Rngs(0)
        return FastWeightProgrammer(slow, fast, Gated(), latent=latent, rngs=rngs)(x)

    with pytest.raises(ParameterError, match="latent"):
        jax.eval_shape(lambda x: output(x, None), jnp.zeros((4, 1)))
    series = jnp.zeros((4, 1), jnp.float32)
    assert jax.eval_shape(lambda x: output(x, 3), series).shape == (1,)
    with pytest.raises(DataError, match="time and features"):
        jax.eval_shape(lambda x: output(x, 3), jnp.zeros(4))
