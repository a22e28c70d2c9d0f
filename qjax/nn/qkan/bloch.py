"""The circuit of an activation, simulated as rotations of a Bloch vector.

A pure qubit is three real numbers (x, y, z), a rotation mixes two of them, and ``<Z>`` is z. That
is fewer operations than two complex amplitudes, in real arithmetic, and the gates that do not
depend on the input are worked out once per edge instead of once per sample.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from qjax.errors import UnsupportedError
from qjax.nn.qkan.ansatz import HALF_TURN, Ansatz, Axis, Rotation
from qjax.nn.qkan.sincos import cos_sin

Measure = Literal["expval", "amplitude"]
Vector = tuple[jax.Array, jax.Array, jax.Array]
Spread = Callable[[jax.Array, tuple[int, ...]], jax.Array]

# Beyond this many repetitions the loop over them is a lax.scan, and compile time stays flat.
UNROLLED_REPS = 3

# |alpha| - |beta| has an infinite slope where one amplitude vanishes; below this population the
# slope is taken as zero. It is far below single precision's resolution of a population.
_SMALLEST_POPULATION = 1e-12

# Room left below |u| = 1 by the arccos encoding, where sqrt(1 - u^2) has an infinite slope.
_ARCCOS_MARGIN = {16: 1e-3, 32: 1e-6, 64: 1e-14}


class EdgeProgram(NamedTuple):
    """What is left of a circuit per edge once its constant gates are worked out.

    The trailing axes of every array are the caller's edge axes; angles are in radians.

    Args:
        start: Bloch vector before the first encoding gate, three arrays.
        offset: what is added to the encoded angles ``w[l] x``, shape (r, ...).
        turns: angles of the constant rotations between encodings, shape (r - 1, m, ...).
        final: angles of the rotations after the last encoding, shape (m, ...).
    """

    start: Vector
    offset: jax.Array
    turns: jax.Array
    final: jax.Array


class Evaluation(NamedTuple):
    """What is static in evaluating a circuit.

    Args:
        ansatz: the circuit.
        reps: number of repetitions r.
        measure: ``"expval"`` or ``"amplitude"``.
        shared_encoding: whether the edges encode x with common frequencies. One sine and cosine
            then serves all of them, and an edge's own phase is one more constant rotation.
        spread: how an array of the edges or of the batch is repeated to the full shape.
    """

    ansatz: Ansatz
    reps: int
    measure: Measure = "expval"
    shared_encoding: bool = False
    spread: Spread = jnp.broadcast_to


def rotate(axis: Axis, vector: Vector, cos: jax.Array, sin: jax.Array) -> Vector:
    """The Bloch vector after a rotation about ``axis`` by the angle of this cosine and sine."""
    x, y, z = vector
    if axis == "Z":
        return cos * x - sin * y, sin * x + cos * y, z
    if axis == "Y":
        return cos * x + sin * z, y, cos * z - sin * x
    return x, cos * y - sin * z, sin * y + cos * z


def _half_turn(axis: Axis, vector: Vector) -> Vector:
    x, y, z = vector
    return {"X": (x, -y, -z), "Y": (-x, y, -z), "Z": (-x, -y, z)}[axis]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _turn(
    axis: Axis,
    spread: Spread,
    angle: jax.Array,
    cos: jax.Array,
    sin: jax.Array,
    vector: Vector,
) -> Vector:
    """A rotation whose derivative runs through ``angle`` alone, not through its cosine and sine.

    The derivative of a rotation is the cross product with its axis, one product per angle. The
    chain rule through a cosine and a sine would need two sums over the batch where one will do.
    The cosine and sine must still depend on the angle: second derivatives read theirs.
    """
    del spread, angle
    return rotate(axis, vector, cos, sin)


@_turn.defjvp
def _turn_jvp(axis: Axis, spread: Spread, primals: tuple, tangents: tuple) -> tuple:
    angle, cos, sin, vector = primals
    rate, _, _, velocity = tangents
    vector = _turn(axis, spread, angle, cos, sin, vector)
    vx, vy, vz = _turn(axis, spread, angle, cos, sin, velocity)
    x, y, z = vector
    rate = spread(rate, x.shape)
    if axis == "Z":
        return vector, (vx - rate * y, vy + rate * x, vz)
    if axis == "Y":
        return vector, (vx + rate * z, vy, vz - rate * x)
    return vector, (vx, vy - rate * z, vz + rate * y)


def _constant_turns(
    how: Evaluation, gates: tuple[Rotation, ...], vector: Vector, angles: jax.Array
) -> Vector:
    """Apply gates that do not depend on the input; ``angles[m]`` is the m-th that has an angle."""
    column = 0
    for gate in gates:
        if gate.angle == HALF_TURN:
            vector = _half_turn(gate.axis, vector)
        else:
            angle = angles[column]
            cos, sin = cos_sin(angle)
            vector = _turn(gate.axis, how.spread, angle, cos, sin, vector)
            column += 1
    return vector


def _split(ansatz: Ansatz, gates: tuple[Rotation, ...]) -> tuple[tuple[Rotation, ...], bool]:
    """The constant gates after an encoding gate, and whether the first one joined that gate.

    Two rotations about the same axis are one: the angle goes into the offset of the encoding.
    """
    joins = (
        bool(gates)
        and ansatz.encoding == "linear"
        and gates[0].axis == ansatz.encoding_axis
        and gates[0].angle != HALF_TURN
    )
    return (gates[1:] if joins else gates), joins


def _columns(gates: tuple[Rotation, ...]) -> np.ndarray:
    return np.asarray([int(gate.angle) for gate in gates if gate.angle != HALF_TURN], np.int32)


def edge_program(how: Evaluation, theta: jax.Array, bias: jax.Array | None) -> EdgeProgram:
    """Work out the constant gates of every edge.

    Args:
        how: the circuit and its evaluation.
        theta: angles in radians, shape (rows, columns, ...).
        bias: angles added to the encoded input, shape (r, ...); None for zeros.
    """
    ansatz, reps = how.ansatz, how.reps
    edge = theta.shape[2:]
    one, zero = jnp.ones(edge, theta.dtype), jnp.zeros(edge, theta.dtype)
    vector = (one, zero, zero) if ansatz.start == "plus" else (zero, zero, one)
    alone = how._replace(spread=jnp.broadcast_to)
    vector = _constant_turns(alone, ansatz.constants, vector, theta[0][_columns(ansatz.constants)])
    between, joins = _split(ansatz, ansatz.constants)
    last, last_joins = _split(ansatz, ansatz.final)
    if bias is None:
        offset = jnp.zeros((reps, *edge), theta.dtype)
    else:
        offset = jnp.broadcast_to(bias, (reps, *jnp.broadcast_shapes(edge, bias.shape[1:])))
    if joins and reps > 1:
        offset = offset.at[:-1].add(theta[1:reps, int(ansatz.constants[0].angle)])
    if last_joins:
        offset = offset.at[-1].add(theta[reps, int(ansatz.final[0].angle)])
    turns = jnp.take(theta[1:reps], _columns(between), axis=1)
    final = theta[reps, _columns(last)] if ansatz.final else theta[0, :0]
    return EdgeProgram(vector, offset, turns, final)


def _encoding_angle(
    how: Evaluation, frequency: jax.Array, offset: jax.Array, x: jax.Array
) -> jax.Array:
    """``w x``, with the offset added where it is not a rotation of its own."""
    if how.shared_encoding:
        shape = jnp.broadcast_shapes(frequency.shape, x.shape)
        return how.spread(frequency, shape) * how.spread(x, shape)
    shape = jnp.broadcast_shapes(frequency.shape, offset.shape, x.shape)
    angle = how.spread(frequency, shape) * how.spread(x, shape)
    return angle + how.spread(offset, shape)


def _encode(
    how: Evaluation,
    vector: Vector,
    angle: jax.Array,
    cos_and_sin: tuple[jax.Array, jax.Array],
    offset: jax.Array,
) -> Vector:
    """The Bloch vector after one encoding gate."""
    axis = how.ansatz.encoding_axis
    x, y, z = vector
    shape = jnp.broadcast_shapes(x.shape, offset.shape, angle.shape)
    vector = how.spread(x, shape), how.spread(y, shape), how.spread(z, shape)
    if how.ansatz.encoding == "arccos":
        # Outside [-1, 1] arccos is not a number; the nearest angle is taken instead.
        bound = 1.0 - _ARCCOS_MARGIN[jnp.finfo(angle.dtype).bits]
        cos = how.spread(jnp.clip(angle, -bound, bound), shape)
        return rotate(axis, vector, cos, jnp.sqrt(1.0 - cos * cos))
    vector = _turn(axis, how.spread, angle, *cos_and_sin, vector)
    if how.shared_encoding:
        cos, sin = cos_sin(offset)
        vector = _turn(axis, how.spread, offset, cos, sin, vector)
    return vector


def evaluate(
    how: Evaluation, program: EdgeProgram, frequency: jax.Array, x: jax.Array
) -> jax.Array:
    """The activation at ``x``, by rotating the Bloch vectors of all edges at once.

    Args:
        how: the circuit and its evaluation.
        program: from `edge_program`; edge axes that broadcast against x.
        frequency: w, shape (r, ...), axes that broadcast against x.
        x: inputs, radians per unit of w.
    """
    ansatz, reps = how.ansatz, how.reps
    between, _ = _split(ansatz, ansatz.constants)
    last, _ = _split(ansatz, ansatz.final)

    def trigonometry(rep: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        return cos_sin(_encoding_angle(how, rep[0], rep[1], x))

    # A loop, so that XLA stores these: unrolled, it would fuse a copy of the polynomials into
    # every sum over the batch that the backward pass has, a dozen of them.
    waves = lax.map(trigonometry, (frequency, program.offset))

    def encode(vector: Vector, rep: tuple) -> Vector:
        w, offset, wave = rep
        return _encode(how, vector, _encoding_angle(how, w, offset, x), wave, offset)

    def repetition(vector: Vector, rep: tuple) -> tuple[Vector, None]:
        angles, *encoding = rep
        return encode(_constant_turns(how, between, vector, angles), tuple(encoding)), None

    def at(index: object) -> tuple:
        return jax.tree.map(lambda array: array[index], (frequency, program.offset, waves))

    vector = encode(program.start, at(0))
    if reps > UNROLLED_REPS:
        vector, _ = lax.scan(repetition, vector, (program.turns, *at(slice(1, None))))
    else:
        for rep in range(1, reps):
            vector, _ = repetition(vector, (program.turns[rep - 1], *at(rep)))
    return measured(_constant_turns(how, last, vector, program.final)[2], how.measure)


def measured(z: jax.Array, measure: Measure) -> jax.Array:
    """The value read from ``<Z>``: itself, or ``|alpha| - |beta|`` for ``"amplitude"``.

    Only the expectation value can be measured on hardware. The difference of the moduli is what
    the ``qkan`` package computes by default; it is kept so that its models can be read.

    Raises:
        UnsupportedError: any other measure.
    """
    if measure == "expval":
        return z
    if measure != "amplitude":
        raise UnsupportedError(
            "measure: no such measurement",
            expected='"expval" or "amplitude"',
            got=repr(measure),
            fix='use "expval", unless the model comes from the qkan package',
        )
    up = jnp.clip((1.0 + z) * 0.5, _SMALLEST_POPULATION, 1.0)
    down = jnp.clip((1.0 - z) * 0.5, _SMALLEST_POPULATION, 1.0)
    return jnp.sqrt(up) - jnp.sqrt(down)
