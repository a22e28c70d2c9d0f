"""One step of `fit`, and what it carries to the next. Pure; runs inside a `jax.lax.scan`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..errors import ExperimentError
from .batches import batch_of
from .loop import Update
from .model import Model
from .over import Over
from .step import descend

RUNNING, PATIENCE, NOT_FINITE = 0, 1, 2
OWN = ("loss", "watched", "gradient_norm", "learning_rate")


class Carry(NamedTuple):
    """What one step hands to the next; all of it is in the checkpoint."""

    params: Any
    optimiser: Any
    rest: Any
    best: tuple[Any, Any]  # parameters and rest
    best_value: jax.Array
    best_step: jax.Array
    waited: jax.Array
    ending: jax.Array


class Given(NamedTuple):
    """What every step sees: arguments of the program, no constants in it."""

    data: Any
    validation: Any
    key: Any


@dataclass(frozen=True)
class Plan:
    """The numbers of a training that are static in its program."""

    steps: int
    chunk: int
    batch_size: int | None
    patience: int | None
    min_delta: float
    over: Over | None = None


def placed(given: Given, over: Over, whole: bool) -> Given:
    """What every step sees, on the devices of a mesh.

    Data of which all rows are used in every step (``whole``) are shared; those of which batches
    are drawn are on every device, and the batches are shared. Validation data are shared where
    their rows divide evenly.
    """
    same = given.validation is given.data
    data = over.place(given.data, whole)
    divided = whole if same else over.divides(given.validation)
    validation = data if same else over.place(given.validation, divided)
    return Given(data, validation, None if given.key is None else over.place(given.key))


def as_optimiser(optimiser: Any) -> optax.GradientTransformationExtraArgs:
    """A learning rate or a schedule means Adam."""
    if not isinstance(optimiser, optax.GradientTransformation):
        with jax.numpy_dtype_promotion("standard"):
            optimiser = optax.inject_hyperparams(optax.adam)(learning_rate=optimiser)
    return optax.with_extra_args_support(optimiser)


class Objective:
    """The loss of a model, whatever arguments it takes."""

    def __init__(self, loss: Callable[..., Any], model: Model, given: Given) -> None:
        self.loss, self.model = loss, model
        self.takes_data, self.takes_key = given.data is not None, given.key is not None

    def __call__(self, params: Any, rest: Any, data: Any, key: Any) -> tuple[jax.Array, tuple]:
        """The loss, and (metrics, rest) beside it."""
        built, after = self.model.build(params, rest)
        rest_of_arguments = [data] * self.takes_data + [key] * self.takes_key
        out = self.loss(built, *rest_of_arguments)
        value, metrics = out if isinstance(out, tuple) else (out, {})
        value = jnp.asarray(value)
        if value.shape != () or not jnp.issubdtype(value.dtype, jnp.floating):
            raise ExperimentError(
                "fit: the loss must be a real scalar", got=f"{value.dtype} {value.shape}"
            )
        taken = [name for name in OWN if name in metrics]
        if taken:
            raise ExperimentError(
                f"fit: the loss returns a metric called {taken[0]}, which fit itself records",
                fix="give it another name",
            )
        return value, (metrics, after())


def start(
    objective: Objective, optimiser: optax.GradientTransformation, given: Given, plan: Plan
) -> Carry:
    """The carry of the first step."""
    model = objective.model
    params = jax.tree.map(jnp.asarray, model.params)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        state = optimiser.init(params)
    value = jax.eval_shape(lambda p, r, g: _watched(objective, p, r, g), params, model.rest, given)
    zero = jnp.int32(0)
    return Carry(
        params, state, model.rest, (params, model.rest), jnp.asarray(jnp.inf, value.dtype),
        zero, zero, jnp.int32(RUNNING),
    )  # fmt: skip


def make_update(
    objective: Objective, optimiser: optax.GradientTransformationExtraArgs, plan: Plan
) -> Update:
    """The step that `run_chunks` runs."""

    def update(carry: Carry, step: jax.Array, given: Given) -> tuple[Carry, dict[str, Any]]:
        batch: Any = given.data
        key: Any = None
        if given.key is not None:
            key = jax.random.fold_in(jax.random.fold_in(given.key, 1), step)
        if plan.batch_size is not None and given.key is not None:  # checked before
            order = jax.random.fold_in(given.key, 0)
            batch = batch_of(given.data, order, step, plan.batch_size)
            batch = batch if plan.over is None else plan.over.hold(batch, share=True)

        def value_fn(params: Any) -> jax.Array:
            return objective(params, carry.rest, batch, key)[0]

        (value, (metrics, rest)), gradient = jax.value_and_grad(objective, has_aux=True)(
            carry.params, carry.rest, batch, key
        )
        params, state = descend(
            optimiser, gradient, carry.optimiser, carry.params,
            value=value, grad=gradient, value_fn=value_fn,
        )  # fmt: skip
        own = {"loss": value, "gradient_norm": _norm(gradient)} | _learning_rate(state)
        carry = carry._replace(params=params, optimiser=state, rest=rest)
        done = step + 1
        look = (done % plan.chunk == 0) | (done == plan.steps)
        carry, watched = jax.lax.cond(
            look,
            lambda c: _look(objective, c, given, done, plan),
            lambda c: (c, jnp.full_like(c.best_value, jnp.nan)),
            carry,
        )
        # So that every chunk, also one after a restart, is given what the first was given.
        carry = carry if plan.over is None else plan.over.hold(carry)
        return carry, {**own, "watched": watched, **metrics}

    return update


def _look(
    objective: Objective, carry: Carry, given: Given, done: jax.Array, plan: Plan
) -> tuple[Carry, jax.Array]:
    """Compute the watched loss; keep the best; decide whether to go on."""
    value = _watched(objective, carry.params, carry.rest, given)
    better = value < carry.best_value - jnp.asarray(plan.min_delta, value.dtype)
    keep = lambda new, old: jax.tree.map(lambda a, b: jnp.where(better, a, b), new, old)  # noqa: E731
    waited = jnp.where(better, 0, carry.waited + 1)
    tired = waited >= plan.patience if plan.patience is not None else jnp.zeros((), bool)
    ending = jnp.where(
        ~jnp.isfinite(value), NOT_FINITE, jnp.where(tired, PATIENCE, RUNNING)
    ).astype(jnp.int32)
    carry = carry._replace(
        best=keep((carry.params, carry.rest), carry.best),
        best_value=jnp.where(better, value, carry.best_value),
        best_step=jnp.where(better, done, carry.best_step).astype(jnp.int32),
        waited=waited.astype(jnp.int32),
        ending=ending,
    )
    return carry, value


def _watched(objective: Objective, params: Any, rest: Any, given: Given) -> jax.Array:
    key = None if given.key is None else jax.random.fold_in(given.key, 2)
    return objective(params, rest, given.validation, key)[0]


def _norm(gradient: Any) -> jax.Array:
    squares = [jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(gradient)]
    with jax.numpy_dtype_promotion("standard"):
        return jnp.sqrt(sum(squares[1:], squares[0]))


def _learning_rate(state: Any) -> dict[str, jax.Array]:
    """The rate of this step, where the optimiser was made by `optax.inject_hyperparams`."""
    hyper = getattr(state, "hyperparams", {})
    return {"learning_rate": hyper["learning_rate"]} if "learning_rate" in hyper else {}
