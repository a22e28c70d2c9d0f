"""Values of expressions and the arithmetic between them. Nothing here knows of circuits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..circuit import Param

_LARGEST = 1 << 128  # integers beyond this are refused
INFINITY = math.inf


class Bad(Exception):
    """An operation that has no value; turned into a `QasmError` where it stands."""


@dataclass(frozen=True)
class Word:
    """A value of so many bits: kind is "bit" or "angle" (``2 pi value / 2**width``)."""

    kind: str
    width: int
    value: int

    def plain(self) -> int | float:
        """The number that it stands for."""
        if self.kind == "angle":
            return 2 * math.pi * self.value / 2**self.width
        return self.value


Value = int | float | bool | Param | Word


def plain(value: Value) -> int | float | bool | Param:
    """A value as a number or a placeholder."""
    return value.plain() if isinstance(value, Word) else value


def checked(value: Any) -> Any:
    """The value, if it is a finite real number of a reasonable size."""
    if isinstance(value, Param):
        checked(value.scale)
        checked(value.shift)
        return value
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise Bad(f"the value {value} is not a finite real number")
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise Bad("an integer is larger than 2**128")
    return value


def _power(a: Any, b: Any) -> Any:
    if isinstance(a, Param) or isinstance(b, Param):
        raise Bad("a power of an input is not an affine expression")
    if isinstance(a, int) and isinstance(b, int):
        if b < 0:
            return float(a) ** b
        if abs(a) > 1 and b > 128:
            raise Bad("an integer is larger than 2**128")
    return a**b


def _divide(a: Any, b: Any) -> Any:
    if isinstance(b, Param):
        raise Bad("division by an input is not an affine expression")
    if b == 0:
        raise Bad("division by zero")
    if isinstance(a, int) and isinstance(b, int) and a % b == 0:
        return a // b
    return a / b  # of integers too, as in arccos(3 / 5); a cast back to an integer truncates


def _modulo(a: Any, b: Any) -> Any:
    if b == 0:
        raise Bad("division by zero")
    return math.fmod(a, b) if isinstance(a, float) or isinstance(b, float) else a % b


def _shift(a: Any, b: Any) -> int:
    if not isinstance(b, int) or not 0 <= b <= 128:
        raise Bad("a shift must be an integer from 0 to 128")
    return b


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _modulo,
    "**": _power,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << _shift(a, b),
    ">>": lambda a, b: a >> _shift(a, b),
}
_BITWISE = frozenset(["&", "|", "^", "<<", ">>"])
_ON_INPUTS = frozenset(["+", "-", "*", "/"])


def binary(operator: str, a: Value, b: Value) -> Value:
    """``a operator b``."""
    word = a if isinstance(a, Word) else b if isinstance(b, Word) else None
    if operator in _BITWISE and word is not None and isinstance(a, Word):
        other = b.value if isinstance(b, Word) else b
        out = checked(_apply(operator, a.value, other))
        return Word(a.kind, a.width, out % 2**a.width)
    a, b = plain(a), plain(b)
    if (isinstance(a, Param) or isinstance(b, Param)) and operator not in _ON_INPUTS:
        raise Bad(f"{operator!r} of an input is not an affine expression")
    if isinstance(a, Param) and isinstance(b, Param):
        raise Bad(f"{operator!r} of two inputs is not an affine expression of one")
    if operator in _BITWISE and (isinstance(a, float) or isinstance(b, float)):
        raise Bad(f"{operator!r} needs integers or bits")
    return checked(_apply(operator, a, b))


def _apply(operator: str, a: Any, b: Any) -> Any:
    try:
        return _OPERATORS[operator](a, b)
    except (OverflowError, ZeroDivisionError, ValueError) as error:
        raise Bad(f"{operator!r} has no value here ({error})") from None
    except TypeError:
        raise Bad(f"{operator!r} cannot combine these values") from None


def unary(operator: str, a: Value) -> Value:
    """``operator a``."""
    if operator == "~" and isinstance(a, Word):
        return Word(a.kind, a.width, ~a.value % 2**a.width)
    a = plain(a)
    if operator == "-":
        return -a
    if operator == "+":
        return a
    if isinstance(a, Param | float):
        raise Bad(f"{operator!r} needs an integer, bits or a truth value")
    if operator == "!" or isinstance(a, bool):
        return not a
    return ~a


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log,
    "sqrt": math.sqrt,
    "ceiling": math.ceil,
    "floor": math.floor,
    "pow": _power,
    "mod": _modulo,
}
_CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau}
_CONSTANTS |= {"euler": math.e, "ℇ": math.e}


def constant(name: str) -> float | None:
    """``pi`` and the like."""
    return _CONSTANTS.get(name)


def function(name: str, arguments: list[Value]) -> Value:
    """A built-in function."""
    if name in ("popcount", "rotl", "rotr"):
        return _on_words(name, arguments)
    call = _FUNCTIONS.get(name)
    if call is None:
        raise Bad(f"the function {name} is not supported")
    if len(arguments) != (2 if name in ("pow", "mod") else 1):
        raise Bad(f"{name} takes another number of arguments")
    values = [plain(a) for a in arguments]
    if any(isinstance(v, Param) for v in values):
        raise Bad(f"{name} of an input is not an affine expression")
    try:
        return checked(call(*values))
    except (OverflowError, ValueError, ZeroDivisionError) as error:
        raise Bad(f"{name} has no value here ({error})") from None


def _on_words(name: str, arguments: list[Value]) -> Value:
    if not arguments or not isinstance(arguments[0], Word):
        raise Bad(f"{name} needs a bit register")
    word = arguments[0]
    if name == "popcount":
        return word.value.bit_count()
    if len(arguments) != 2 or not isinstance(arguments[1], int):
        raise Bad(f"{name} needs a bit register and an integer")
    by = arguments[1] % word.width if name == "rotl" else -arguments[1] % word.width
    bits = (word.value << by) | (word.value >> (word.width - by))
    return Word(word.kind, word.width, bits % 2**word.width)


def _number(value: Value) -> int | float | bool:
    number = plain(value)
    if isinstance(number, Param):
        raise Bad("an input has no value while the file is read")
    return number


def cast(kind: str, width: int | None, value: Value) -> Value:
    """A value as another type."""
    if isinstance(value, Param):
        if kind in ("float", "angle"):
            return value
        raise Bad(f"an input cannot be cast to {kind}")
    if kind == "bool":
        return bool(_number(value))
    if kind == "float":
        return float(_number(value))
    if kind == "angle":
        number = value.value if isinstance(value, Word) and value.width == width else None
        if width is None:
            return float(_number(value))
        if number is None:
            turns = math.remainder(float(_number(value)), math.tau) / math.tau
            number = round(math.ldexp(turns, width)) if width <= 1000 else 0
        return Word("angle", width, number % 2**width)
    if isinstance(value, Word):
        number = value.value
    elif isinstance(value, float):
        number = int(checked(value))
    else:
        number = int(value)
    if kind == "bit":
        return Word("bit", width or 1, number % 2 ** (width or 1))
    if kind == "uint":
        return checked(number % 2**width if width else number)
    if kind == "int":
        if width:
            number %= 2**width
            number -= 2**width if number >> (width - 1) else 0
        return checked(number)
    raise Bad(f"the type {kind} is not supported")


def bit_of(value: Value, kind: str, width: int | None, k: int) -> bool:
    """Binary digit ``k`` of a value."""
    if isinstance(value, Word):
        return bool(value.value >> k & 1)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Bad("only bits and integers have binary digits")
    return bool(value >> k & 1)


__all__ = ["Bad", "Value", "Word", "binary", "bit_of", "cast", "constant", "function"]
