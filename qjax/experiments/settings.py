"""The settings of an experiment: a frozen dataclass, and how text becomes one."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..errors import ExperimentError


@dataclasses.dataclass(frozen=True)
class Settings:
    """What every experiment can be told; each adds its own fields with defaults.

    Attributes:
        seed: the PRNG seed from which every random number of the run follows.
        seeds: how many independent trainings share one vmapped program.
    """

    seed: int = 0
    seeds: int = 4

    def __post_init__(self) -> None:
        at_least(self, seed=0, seeds=1)


S = TypeVar("S", bound=Settings)


def at_least(settings: Settings, **smallest: float | int) -> None:
    """Raise `ExperimentError` for the first named setting that is below its smallest value."""
    for name, bound in smallest.items():
        value = getattr(settings, name)
        if not value >= bound:
            raise ExperimentError(f"{name} is too small", expected=f"at least {bound}", got=value)


def field_name(defaults: Settings, name: str) -> str:
    """The field that a setting's name means: its own, or ``rate`` for ``lr``.

    Raises:
        ExperimentError: an unknown name (the known ones are listed).

    Example:
        >>> from qjax.experiments import find
        >>> from qjax.experiments.settings import field_name
        >>> field_name(find("qhe-digits").settings, "lr")
        'rate'
    """
    known = {f.name: getattr(defaults, f.name) for f in dataclasses.fields(defaults)}
    chosen = name if name in known else _SHORT.get(name, name)
    if chosen not in known:
        raise ExperimentError(
            f"there is no setting {name!r}",
            expected=", ".join(f"{key}={shown(v)}" for key, v in known.items()),
            got=name,
        )
    return chosen


def override(defaults: S, changes: Iterable[str] | Mapping[str, Any]) -> S:
    """Settings with some fields replaced.

    Args:
        defaults: the settings to start from.
        changes: ``"key=value"`` texts, read according to the type of the field; or a mapping from
            field to value, as `as_dict` gives it. ``lr`` means ``rate``.

    Raises:
        ExperimentError: an unknown key (the known ones are listed) or a value of another type.

    Example:
        >>> from qjax.experiments.settings import Settings, override
        >>> override(Settings(), ["seeds=8"])
        Settings(seed=0, seeds=8)
    """
    known = {f.name: getattr(defaults, f.name) for f in dataclasses.fields(defaults)}
    hints = typing.get_type_hints(type(defaults))
    if not isinstance(changes, Mapping):
        changes = dict(_split(text) for text in changes)
    values = {}
    for given, value in changes.items():
        name = field_name(defaults, given)
        try:
            values[name] = _read(value, hints[name])
        except (ValueError, TypeError, KeyError):
            raise ExperimentError(
                f"the setting {name} cannot be {value!r}",
                expected=f"{_type_name(hints[name])}, such as {name}={shown(known[name])}",
                got=repr(value),
            ) from None
    return dataclasses.replace(defaults, **values)


def as_dict(settings: Settings) -> dict[str, Any]:
    """The settings as JSON can hold them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(settings).items()
    }


def shown(value: Any) -> str:
    """A value as it would be written after ``--set key=``."""
    if isinstance(value, tuple | list):
        return ",".join(map(shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


_SHORT = {"lr": "rate", "learning_rate": "rate"}  # what people call a field

_BOOLEANS = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
}


def _split(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ExperimentError("a setting is written key=value", got=text)
    return name.strip(), value.strip()


def _read(value: Any, kind: Any) -> Any:
    """``value`` (text, or what JSON gave back) as an instance of the annotated type."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        for choice in args:
            if str(choice) == str(value):
                return choice
        raise ValueError(value)
    if origin in (typing.Union, types.UnionType):
        if type(None) in args and (value is None or value == "none"):
            return None
        for choice in args:
            if choice is not type(None):
                try:
                    return _read(value, choice)
                except (ValueError, TypeError):
                    continue
        raise ValueError(value)
    if origin is tuple:
        parts = (
            [p for p in value.strip("()[]").split(",") if p] if isinstance(value, str) else value
        )
        return tuple(_read(p.strip() if isinstance(p, str) else p, args[0]) for p in parts)
    if kind is bool:
        return _BOOLEANS[str(value).lower()]
    if kind is int and isinstance(value, float | bool):
        raise ValueError(value)
    if kind in (int, float, str):
        return kind(value)
    raise TypeError(f"settings of type {kind} cannot be read from text")


def _type_name(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return "one of " + ", ".join(map(str, typing.get_args(kind)))
    if typing.get_origin(kind) is tuple:
        return f"{typing.get_args(kind)[0].__name__}s separated by commas"
    return getattr(kind, "__name__", str(kind))
