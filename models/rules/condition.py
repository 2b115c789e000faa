"""A condition as array operations: each expression becomes a function of a batch, once its types are found right."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Literal

import numpy as np

from models.rules import expression as ex
from models.rules.fields import RULE_NAMES
from models.rules.lookup import Lookup
from models.rules.named_columns import NamedColumns
from models.rules.vocabulary import Vocabulary
from schemas.rule_book import RuleError, meant

Values = Any
"""ndarray (n,) or a scalar: of float32, or of bool."""

LARGEST = float(np.finfo(np.float32).max)

Kind = Literal["number", "text", "condition"]
_A = {"number": "a number", "text": "a text", "condition": "a condition"}


@dataclass(frozen=True)
class Compiled:
    """An expression whose types are right.

    Parameters
    ----------
    of : callable of NamedColumns to Values
        The values; of a text there are none.
    """

    kind: Kind
    of: Callable[[NamedColumns], Values]


def compile_condition(
    expression: ex.Expression,
    lists: Mapping[str, Lookup],
    vocabulary: Vocabulary = RULE_NAMES,
    subject: str = "the rule",
) -> Callable[[NamedColumns], Values]:
    """Return the function of a batch that says for which transactions a condition holds.

    Every comparison with a missing value is false, and so is a missing flag. Numbers are float32,
    as features are. Divided by zero is missing.

    Parameters
    ----------
    lists : mapping of str to Lookup
        By the names that conditions say with an @.
    vocabulary : Vocabulary
        Names that it may have; default: those of rules.
    subject : str
        The condition in messages.

    Raises
    ------
    RuleError
        A name that there is not, or a wrong type.
    """
    return _Compiler(lists, vocabulary).condition(expression, subject)


def names_in(expression: ex.Expression) -> list[str]:
    """Return the features and columns that an expression names, in their order, each once."""
    match expression:
        case ex.Name(name) | ex.Missing(ex.Name(name)):
            return [name]
        case ex.Not(part) | ex.Among(part):
            return names_in(part)
        case ex.Compare(_, left, right):
            parts: tuple[ex.Expression, ...] = (left, right)
        case ex.Joined(_, several):
            parts = several
        case ex.Arithmetic(first, rest):
            parts = (first, *(term for _, term in rest))
        case _:
            parts = ()
    return list(dict.fromkeys(name for part in parts for name in names_in(part)))


class _Compiler:
    def __init__(self, lists: Mapping[str, Lookup], vocabulary: Vocabulary) -> None:
        self._lists, self._vocabulary = lists, vocabulary

    def condition(self, expression: ex.Expression, where: str) -> Callable[[NamedColumns], Values]:
        return self._of("condition", expression, where)

    def _of(self, kind: Kind, expression: ex.Expression, where: str) -> Callable[[NamedColumns], Values]:
        found = self._compiled(expression)
        if found.kind != kind:
            flag = isinstance(expression, ex.Name) and expression.name in self._vocabulary.flags
            advice = f". `{expression.name}` is a condition by itself." if flag else ""  # type: ignore[union-attr]
            raise RuleError(f"expected {_A[kind]} as {where}, got {_A[found.kind]}{_at(expression)}{advice}")
        return found.of

    def _compiled(self, expression: ex.Expression) -> Compiled:
        kind: Kind = "condition"
        of: Callable[[NamedColumns], Values]
        match expression:
            case ex.Name(name):
                return self._name(name)
            case ex.Text():
                kind, of = "text", _no_values
            case ex.Number(value):
                kind, of = "number", _constant(value)
            case ex.Arithmetic(first, rest):
                kind, of = "number", self._arithmetic(first, rest)
            case ex.Missing(name):
                of = self._missing(name)
            case ex.Compare(sign, left, right):
                of = self._compared(sign, left, right)
            case ex.Among(value, among, negated):
                of = self._among(value, among, negated=negated)
            case ex.Not(part):
                of = self._contrary(part)
            case ex.Joined(word, parts):
                of = self._joined(word, parts)
        return Compiled(kind, of)

    def _contrary(self, part: ex.Expression) -> Callable[[NamedColumns], Values]:
        inner = self.condition(part, "the operand of `not`")
        return lambda batch: ~inner(batch)

    def _name(self, name: str) -> Compiled:
        if name in self._vocabulary.flags:
            return Compiled("condition", lambda batch: batch.number(name) == 1)
        if name in self._vocabulary.numbers:
            return Compiled("number", lambda batch: batch.number(name))
        if name in self._vocabulary.texts:
            return Compiled("text", _no_values)
        raise _unknown(self._vocabulary.expected, name, self._vocabulary.names)

    def _missing(self, name: ex.Name) -> Callable[[NamedColumns], Values]:
        self._name(name.name)
        if name.name in self._vocabulary.texts:
            return lambda batch: batch.absent(name.name)
        return lambda batch: np.isnan(batch.number(name.name))

    def _arithmetic(
        self, first: ex.Expression, rest: tuple[tuple[str, ex.Expression], ...]
    ) -> Callable[[NamedColumns], Values]:
        head = self._of("number", first, "a term")
        tail = [(_ARITHMETIC[sign], self._of("number", term, "a term")) for sign, term in rest]
        return lambda batch: reduce(lambda left, step: step[0](left, step[1](batch)), tail, head(batch))

    def _compared(self, sign: str, left: ex.Expression, right: ex.Expression) -> Callable[[NamedColumns], Values]:
        if self._compiled(left).kind == "text":
            if sign not in {"==", "!="} or not isinstance(right, ex.Text):
                raise RuleError(
                    f"expected == or != and a text in quotes after a text{_at(left)}, got {sign}. Or use `in`."
                )
            return self._among(left, (right.value,), negated=sign == "!=")
        compare = _COMPARISONS[sign]
        a, b = self._of("number", left, f"an operand of {sign}"), self._of("number", right, f"an operand of {sign}")
        return lambda batch: compare(a(batch), b(batch))

    def _among(
        self, value: ex.Expression, among: tuple[str, ...] | str, *, negated: bool
    ) -> Callable[[NamedColumns], Values]:
        if not isinstance(value, ex.Name) or self._name(value.name).kind != "text":
            texts = ", ".join(self._vocabulary.texts)
            raise RuleError(f"expected a text of the transaction ({texts}) before `in`, ==, !={_at(value)}")
        found = self._finder(value.name, among)
        if not negated:
            return found
        return lambda batch: ~(found(batch) | batch.absent(value.name))

    def _finder(self, name: str, among: tuple[str, ...] | str) -> Callable[[NamedColumns], Values]:
        if isinstance(among, str):
            if among not in self._lists:
                raise _unknown("a list of the book", among, self._lists, "@")
            return partial(_listed, self._lists[among], among, name)
        texts = Lookup(among, [None] * len(among))
        return lambda batch: texts.find(batch, name)

    def _joined(self, word: str, parts: tuple[ex.Expression, ...]) -> Callable[[NamedColumns], Values]:
        # Texts last: what numbers have ruled out for a whole batch, as they mostly do, is not searched.
        ordered = sorted(parts, key=lambda part: not set(self._vocabulary.texts).isdisjoint(names_in(part)))
        each = [self.condition(part, f"an operand of `{word}`") for part in ordered]
        if word == "and":
            return lambda batch: _all(part(batch) for part in each)
        return lambda batch: reduce(operator.or_, [part(batch) for part in each])


def _all(parts: Iterator[Values]) -> Values:
    found = next(parts)
    while np.count_nonzero(found) and (other := next(parts, None)) is not None:
        found = found & other
    return found


def _listed(lookup: Lookup, list_name: str, name: str, batch: NamedColumns) -> Values:
    """Return which texts are in a list of the book, or in the entry list of the same name."""
    table = batch.lists.get(list_name)
    if table is None:
        return lookup.find(batch, name)
    return table.find(batch, name) | lookup.find(batch, name) if len(lookup) else table.find(batch, name)


def _differ(left: Values, right: Values) -> Values:
    return (left < right) | (left > right)  # of NaN both are false


def _divided(left: Values, right: Values) -> Values:
    return np.where(right == 0, np.float32(np.nan), left / right)


_COMPARISONS: dict[str, Callable[[Values, Values], Values]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": _differ,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Values, Values], Values]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divided,
}  # fmt: skip


def _constant(value: float) -> Callable[[NamedColumns], Values]:
    if abs(value) > LARGEST:
        raise RuleError(f"expected numbers of at most {LARGEST:.3g}, got {value:g}")
    number = np.float32(value)
    return lambda _batch: number


def _no_values(_batch: NamedColumns) -> Values:
    raise AssertionError  # a text is compared, which `_among` does by its name


def _at(expression: ex.Expression) -> str:
    return f" at character {expression.column}" if isinstance(expression, ex.Name) else ""


def _unknown(expected: str, name: str, known: Iterable[str], sign: str = "") -> RuleError:
    return RuleError(f"expected {expected}, got {sign}{name}{meant(name, known, sign)}")
