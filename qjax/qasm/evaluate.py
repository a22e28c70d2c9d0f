"""Values of expressions: numbers while the file is read, truth tables of bits known later."""

from __future__ import annotations

from itertools import product
from typing import Any, NoReturn

from ..circuit.dynamic import Condition
from . import ast, values
from .lexer import Lexer
from .limits import Budget, Limits
from .scope import External, Function, Qubits, Scopes, Variable, number_of
from .values import Value, Word

_MOST_BITS = 12  # a truth table of more bits than this is refused


class Evaluator:
    """The part of the machine that computes values."""

    def __init__(self, lexer: Lexer, limits: Limits) -> None:
        self.lexer, self.limits = lexer, limits
        self.budget = Budget(limits)
        self.scopes = Scopes()
        # While a truth table is made: what the bits are taken to be, and which were asked for.
        self.assumed: dict[int, int] = {}
        self.asked: dict[int, None] | None = None

    def fail(
        self, what: str, node: ast.Node, construct: str | None = None, **more: Any
    ) -> NoReturn:
        self.lexer.fail(what, node.start, construct, **more)

    def spend(self, count: int, node: ast.Node, construct: str) -> None:
        """Take from the budget of operations."""
        if self.budget.left < count:
            line, column = self.lexer.place(node.start)
            self.budget.spend(count, construct, line, column)
        self.budget.left -= count

    # --- values ----------------------------------------------------------------------------------
    def evaluate(self, node: ast.Node) -> Value:
        """The value of an expression."""
        if isinstance(node, ast.Number):
            return node.value
        try:
            if isinstance(node, ast.Name):
                return self._name(node)
            if isinstance(node, ast.Unary):
                return values.checked(values.unary(node.operator, self.evaluate(node.operand)))
            if isinstance(node, ast.Binary):
                left, right = self.evaluate(node.left), self.evaluate(node.right)
                return values.binary(node.operator, left, right)
            if isinstance(node, ast.Index):
                return self._index(node)
            if isinstance(node, ast.Cast):
                width = self.width(node.type)
                return values.cast(node.type.name, width, self.evaluate(node.operand))
            if isinstance(node, ast.Call):
                return self._call(node)
            if isinstance(node, ast.Bitstring):
                return self._bitstring(node)
        except values.Bad as error:
            self.fail(str(error), node, _shown(node))
        return self.fail("a value is needed here", node, _shown(node))

    def _name(self, node: ast.Name) -> Value:
        found = self.scopes.find(node.name)
        if isinstance(found, Variable):
            return self.read(found, node)
        if found is None:
            number = values.constant(node.name)
            if number is not None:
                return number
            self.fail(f"{node.name!r} is not defined", node, node.name)
        return self.fail(f"{node.name!r} is not a value", node, node.name)

    def read(self, variable: Variable, node: ast.Node) -> Value:
        """The value of a variable."""
        if variable.bits is not None:
            number = sum(self.bit(b, node) << k for k, b in enumerate(variable.bits))
            return number_of(variable.kind, len(variable.bits), number)
        if variable.value is None:
            self.fail("this variable has no value yet", node, _shown(node))
        return variable.value

    def bit(self, bit: int, node: ast.Node) -> int:
        """A classical bit of the circuit: only where a truth table is being made."""
        if self.asked is None:
            self.fail(
                "this must be known before the circuit runs, but it depends on a measurement",
                node,
                _shown(node),
            )
        self.asked[bit] = None
        return self.assumed.get(bit, 0)

    def _bitstring(self, node: ast.Bitstring) -> Word:
        digits = node.text.replace("_", "")
        if not digits or set(digits) - {"0", "1"} or len(digits) > 10_000:
            self.fail("a bit string has the digits 0 and 1 only", node, node.text[:40])
        return Word("bit", len(digits), int(digits, 2))

    def _index(self, node: ast.Index) -> Value:
        if isinstance(node.base, ast.Name):
            found = self.scopes.find(node.base.name)
            if isinstance(found, Variable) and found.bits is not None:
                picked, single = self.pick(len(found.bits), node)
                number = sum(self.bit(found.bits[k], node) << j for j, k in enumerate(picked))
                return number if single else Word("bit", len(picked), number)
        base = self.evaluate(node.base)
        width = base.width if isinstance(base, Word) else None
        if isinstance(node.base, ast.Name):
            found = self.scopes.find(node.base.name)
            width = found.width if isinstance(found, Variable) else width
        picked, single = self.pick(width or 64, node)
        digits = [values.bit_of(base, "", None, k) for k in picked]
        if single:
            return int(digits[0])
        return Word("bit", len(digits), sum(d << j for j, d in enumerate(digits)))

    def _call(self, node: ast.Call) -> Value:
        found = self.scopes.find(node.name)
        if isinstance(found, Function | External):
            self.fail(
                f"{node.name!r} can be called only as a whole statement or assigned value",
                node,
                node.name,
            )
        if node.name == "sizeof":
            self.fail("arrays are not supported", node, "sizeof")
        return values.function(node.name, [self.evaluate(a) for a in node.arguments])

    # --- integers, widths and indices ------------------------------------------------------------
    def integer(self, node: ast.Node, what: str) -> int:
        """An integer that is known while the file is read."""
        value = self.evaluate(node)
        value = value.value if isinstance(value, Word) and value.kind == "bit" else value
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(f"{what} must be an integer", node, _shown(node), got=value)
        return value

    def width(self, kind: ast.Type) -> int | None:
        """The width of a type."""
        if kind.width is None:
            return None
        width = self.integer(kind.width, "a width")
        most = self.limits.bits if kind.name == "bit" else 128
        if not 1 <= width <= most:
            self.fail(
                f"the width of {kind.name} is out of range",
                kind.width,
                kind.name,
                expected=f"1 to {most}",
                got=width,
            )
        return width

    def pick(self, size: int, node: ast.Index) -> tuple[list[int], bool]:
        """The places that an index names among ``size``, and whether it names a single one."""
        index = node.index
        if isinstance(index, ast.Choice):
            return [self.place(self.integer(i, "an index"), size, i) for i in index.items], False
        if isinstance(index, ast.Range):
            step = 1 if index.step is None else self.integer(index.step, "a step")
            if step == 0:
                self.fail("a step must not be 0", index)
            ends = (0, size - 1) if step > 0 else (size - 1, 0)
            first, last = (
                end if n is None else self.place(self.integer(n, "an index"), size, n)
                for n, end in zip((index.first, index.last), ends, strict=True)
            )
            return list(range(first, last + (1 if step > 0 else -1), step)), False
        return [self.place(self.integer(index, "an index"), size, index)], True

    def place(self, k: int, size: int, node: ast.Node) -> int:
        """An index counted from the front."""
        if not -size <= k < size:
            self.fail(
                f"index {k} is outside a register of {size}",
                node,
                str(k),
                expected=f"0 to {size - 1}",
            )
        return k % size

    # --- what depends on measurements ------------------------------------------------------------
    def table(self, nodes: list[ast.Node]) -> tuple[tuple[int, ...], list[tuple[Value, ...]]]:
        """The classical bits that expressions depend on, and the values for every pattern.

        The patterns run like `itertools.product`. Without any bits there is one row.
        """
        if self.asked is not None:
            return (), [tuple(self.evaluate(n) for n in nodes)]
        bits: tuple[int, ...] = ()
        while True:
            rows = []
            self.asked = dict.fromkeys(bits)
            try:
                for pattern in product((0, 1), repeat=len(bits)):
                    self.assumed = dict(zip(bits, pattern, strict=True))
                    rows.append(tuple(self.evaluate(n) for n in nodes))
                found = tuple(self.asked)
            finally:
                self.asked, self.assumed = None, {}
            if len(found) == len(bits):
                return bits, rows
            if len(found) > _MOST_BITS:
                self.fail(
                    f"an expression of more than {_MOST_BITS} measured bits is not supported",
                    nodes[0],
                    _shown(nodes[0]),
                    hint="compare the whole register with == or != instead",
                )
            bits = tuple(sorted(found))
            self.spend(len(nodes) << len(bits) + 1, nodes[0], "expression")

    def condition(self, node: ast.Node) -> tuple[Condition | None, bool]:
        """A condition on classical bits, or None and the truth value known already.

        The flag is the truth value where there is no condition, else whether the condition is
        meant as it is (it is False where its opposite is meant).
        """
        quick = self._comparison(node)
        if quick is not None:
            return quick
        bits, rows = self.table([node])
        if not bits:
            return None, bool(values.plain(rows[0][0]))
        patterns = product((0, 1), repeat=len(bits))
        true = [p for p, row in zip(patterns, rows, strict=True) if values.plain(row[0])]
        return Condition(bits, true), True

    def _comparison(self, node: ast.Node) -> tuple[Condition, bool] | None:
        """``register == number`` and ``register != number``, for registers of any length."""
        if not isinstance(node, ast.Binary) or node.operator not in ("==", "!="):
            return None
        left = node.left
        if isinstance(left, ast.Cast) and left.type.name == "uint" and left.type.width is None:
            left = left.operand
        found = self.scopes.find(left.name) if isinstance(left, ast.Name) else None
        if (
            not isinstance(found, Variable)
            or found.bits is None
            or found.kind not in ("bit", "uint")
        ):
            return None
        if isinstance(node.right, ast.Number | ast.Bitstring):
            right = values.plain(self.evaluate(node.right))
            if isinstance(right, int):
                return Condition.equal(found.bits, right), node.operator == "=="
        return None

    # --- qubits ----------------------------------------------------------------------------------
    def qubits(self, node: ast.Node) -> Qubits:
        """The qubits that an operand names."""
        if isinstance(node, ast.Name):
            found = self.scopes.find(node.name)
            if isinstance(found, Qubits):
                return found
            what = "is not defined" if found is None else "is not a qubit"
            self.fail(f"{node.name!r} {what}", node, node.name)
        if isinstance(node, ast.Physical):
            return Qubits((self.physical(node),), True)
        if isinstance(node, ast.Concatenation):
            return Qubits(tuple(q for part in node.parts for q in self.qubits(part).indices))
        if isinstance(node, ast.Index):
            base = self.qubits(node.base)
            if base.single:
                self.fail("a single qubit cannot be indexed", node, _shown(node.base))
            picked, single = self.pick(len(base.indices), node)
            return Qubits(tuple(base.indices[k] for k in picked), single)
        return self.fail("a qubit is needed here", node)

    def physical(self, node: ast.Physical) -> int:
        """The index of ``$n``."""
        raise NotImplementedError


def _shown(node: ast.Node) -> str | None:
    if isinstance(node, ast.Name | ast.Call):
        return node.name
    if isinstance(node, ast.Binary | ast.Unary):
        return node.operator
    if isinstance(node, ast.Index):
        return _shown(node.base)
    return None
