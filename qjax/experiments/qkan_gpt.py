"""A small character-level GPT whose feed-forward blocks are hybrid QKANs, beside classical blocks.

Source: arXiv:2509.14026 puts hybrid QKANs into GPT-2 in place of its MLPs; that needs a download
and GPUs. Here the text comes from a grammar whose entropy is known, so that the table can say how
far each model is from the best that any model could do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from ..nn.qkan import HQKAN
from .dots import dots
from .frame import Experiment, Run
from .qkan_lstm import LinearLSTMCell
from .qkan_models import MLP, SplineKAN, chosen, keep_circuit, parameters, stacked, train
from .settings import Settings, at_least
from .table import Row

SUBJECTS = ("an electron", "the photon", "one qubit", "a spin", "the atom", "every mode")
VERBS = ("meets", "absorbs", "emits", "follows", "measures", "rotates")
OBJECTS = ("the field", "a wave", "one phase", "the cavity", "a gate", "its mirror")
ENDS = (".", " twice.", " at rest.", " in time.")
PARTS = (SUBJECTS, VERBS, OBJECTS, ENDS)
CONTEXT, FEATURES, HEADS = 32, 32, 2


@dataclass(frozen=True)
class GPTSettings(Settings):
    """Settings of ``hqkan-gpt``.

    Attributes:
        steps: Adam steps.
        batch: windows of 32 characters per step.
        rate: Adam's learning rate, of every model; it falls to 0 along a cosine.
        characters: length of the training text; the test text is a quarter of it.
        baselines: comma-separated names of classical models; ``all`` for every one.
    """

    seeds: int = 3
    steps: int = 1500
    batch: int = 16
    rate: float = 5e-3
    characters: int = 32768
    baselines: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, steps=1, batch=1, characters=512)


def text(seed: int, characters: int) -> str:
    """Sentences of subject, verb, object and end, each part drawn uniformly and independently."""
    rng = np.random.default_rng(seed)
    drawn = ""
    while len(drawn) < characters:
        subject, verb, thing, end = (part[rng.integers(len(part))] for part in PARTS)
        drawn += f"{subject} {verb} {thing}{end} "
    return drawn[:characters]


def entropy_rate() -> float:
    """Nats per character of the text: no model can have a smaller mean loss."""
    nats = sum(np.log(len(part)) for part in PARTS)
    spaces = 3
    length = spaces + sum(float(np.mean([len(word) for word in part])) for part in PARTS)
    return float(nats / length)


ALPHABET = sorted(set("".join("".join(part) for part in PARTS) + " "))


def windows(written: str) -> tuple[jax.Array, jax.Array]:
    """Windows that do not overlap, and the characters that follow: two (N, 32) of int32."""
    codes = np.array([ALPHABET.index(c) for c in written], np.int32)
    count = (len(codes) - 1) // CONTEXT
    x, y = (codes[k : k + count * CONTEXT].reshape(count, CONTEXT) for k in (0, 1))
    return jnp.asarray(x), jnp.asarray(y)


class Block(nnx.Module):
    """Causal self-attention and a feed-forward map, each behind a normalisation, both residual."""

    def __init__(self, feed_forward: nnx.Module, *, rngs: nnx.Rngs) -> None:
        self.first, self.second = (nnx.LayerNorm(FEATURES, rngs=rngs) for _ in range(2))
        self.mix = nnx.Linear(FEATURES, 3 * FEATURES, use_bias=False, rngs=rngs)
        self.merge = nnx.Linear(FEATURES, FEATURES, use_bias=False, rngs=rngs)
        self.feed_forward: Any = feed_forward

    def __call__(self, x: jax.Array) -> jax.Array:
        """(B, T, F) to (B, T, F)."""
        parts = jnp.split(self.mix(self.first(x)), 3, axis=-1)
        heads = (*x.shape[:-1], HEADS, FEATURES // HEADS)
        query, key, value = (part.reshape(heads) for part in parts)
        mixed = jax.nn.dot_product_attention(query, key, value, is_causal=True)
        x = x + self.merge(mixed.reshape(x.shape))
        return x + self.feed_forward(self.second(x))


class GPT(nnx.Module):
    """Embeddings of characters and places, one block, and logits of the next character."""

    def __init__(self, feed_forward: nnx.Module, *, rngs: nnx.Rngs) -> None:
        self.characters = nnx.Embed(len(ALPHABET), FEATURES, rngs=rngs)
        self.places = nnx.Embed(CONTEXT, FEATURES, rngs=rngs)
        self.block = Block(feed_forward, rngs=rngs)
        self.norm = nnx.LayerNorm(FEATURES, rngs=rngs)
        self.head = nnx.Linear(FEATURES, len(ALPHABET), rngs=rngs)

    def __call__(self, codes: jax.Array) -> jax.Array:
        """(B, T) of int32 to logits (B, T, alphabet)."""
        places = self.places(jnp.arange(codes.shape[-1]))
        x = self.characters(codes) + places[None]
        return self.head(self.norm(self.block(x)))


class CharacterLSTM(nnx.Module):
    """The recurrent baseline: embedding, LSTM, logits."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        self.characters = nnx.Embed(len(ALPHABET), FEATURES, rngs=rngs)
        self.cell = LinearLSTMCell(FEATURES, FEATURES, rngs=rngs)
        self.head = nnx.Linear(FEATURES, len(ALPHABET), rngs=rngs)

    def __call__(self, codes: jax.Array) -> jax.Array:
        """(B, T) of int32 to logits (B, T, alphabet)."""
        graph, state = nnx.split(self.cell)

        def step(carry: Any, value: jax.Array) -> Any:
            return nnx.merge(graph, state)(carry, value)

        series = jnp.moveaxis(self.characters(codes), -2, 0)
        _, hidden = jax.lax.scan(step, self.cell.initialize_carry(series.shape[1:]), series)
        return self.head(jnp.moveaxis(hidden, 0, -2))


def run(run: Run) -> list[Row]:
    """The same transformer with each kind of feed-forward map, and an LSTM."""
    settings: GPTSettings = run.settings
    data = jax.tree.map(
        lambda a: jnp.stack([a] * settings.seeds), windows(text(0, settings.characters))
    )
    test = windows(text(1, settings.characters // 4))
    wide = [FEATURES, 4 * FEATURES, FEATURES]

    def gpt(feed_forward: Any) -> Any:
        return lambda s: GPT(feed_forward(nnx.Rngs(s)), rngs=nnx.Rngs(s + 1000))

    hybrid = gpt(lambda rngs: HQKAN(FEATURES, None, None, FEATURES, 3, rngs=rngs))
    classical: dict[str, Any] = {
        "MLP": gpt(lambda rngs: MLP(wide, rngs=rngs, dtype=jnp.float32)),
        "spline KAN": gpt(
            lambda rngs: SplineKAN([FEATURES, FEATURES], rngs=rngs, dtype=jnp.float32)
        ),
        "LSTM": lambda s: CharacterLSTM(rngs=nnx.Rngs(s)),
    }
    classical = chosen(classical, settings.baselines)
    losses, sizes = {}, {}
    for name, build in {"HQKAN": hybrid, **classical}.items():
        graph, states = stacked(build, settings.seeds)
        sizes[name] = parameters(states)

        def loss(state: Any, own: Any, graph: Any = graph) -> jax.Array:
            logits = nnx.merge(graph, state)(own[0])
            return optax.softmax_cross_entropy_with_integer_labels(logits, own[1]).mean()

        schedule = optax.cosine_decay_schedule(settings.rate, settings.steps)
        phases = [(optax.adam(schedule), settings.steps)]
        stage = name.replace(" ", "-")
        states = train(run, stage, loss, states, phases, data, batch=settings.batch)
        losses[name] = jax.jit(jax.vmap(loss, (0, None)))(states, test).tolist()
        if name == "HQKAN":
            keep_circuit(run, name, graph, states)
            first = nnx.merge(graph, jax.tree.map(lambda leaf: leaf[0], states))
            run.note(f"the HQKAN writes: {_written(first, run.key)!r}")
    baseline = [
        *((f"{name} ({sizes[name]})", float(np.median(losses[name]))) for name in classical),
        ("entropy of the grammar", entropy_rate()),
    ]
    quantity = f"test loss in nats per character, HQKAN ({sizes['HQKAN']} parameters)"
    rows = [Row(quantity, "", losses["HQKAN"], baseline)]
    run.figure("results", dots(rows, "nats per character"))
    return rows


def _written(model: Any, key: jax.Array, characters: int = 80) -> str:
    """What the model writes after 32 characters of text that it was not trained on."""
    graph, state = nnx.split(model)

    def step(codes: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        logits = nnx.merge(graph, state)(codes[None])[0, -1]
        drawn = jax.random.categorical(key, logits).astype(codes.dtype)
        return jnp.append(codes[1:], drawn), drawn

    start = windows(text(2, CONTEXT + 1))[0][0]
    _, drawn = jax.jit(lambda k: jax.lax.scan(step, start, k))(jax.random.split(key, characters))
    return "".join(ALPHABET[code] for code in np.asarray(drawn))


EXPERIMENT = Experiment(
    name="hqkan-gpt",
    title="Characters by a transformer with hybrid QKANs for its MLPs",
    paper="arXiv:2509.14026",
    minutes=3,
    settings=GPTSettings(),
    run=run,
    quick={"steps": 3, "batch": 4, "characters": 1024, "seeds": 2, "baselines": "MLP"},
)
