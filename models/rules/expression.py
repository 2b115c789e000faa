"""Syntax tree of a condition; compilation checks its meaning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A feature or a column of the transaction; `column` is its character in the condition, from 1 on."""

    name: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """Whether a feature or a column has no value."""

    name: Name


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A chain of sums or of products, from left to right: the first term, then each operator with the next one."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values compared."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Among:
    """Whether a text is one of some, or of a list's by its name; or is not."""

    value: Expression
    among: tuple[str, ...] | str
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined by `and`, or by `or`."""

    operator: str
    parts: tuple[Expression, ...]


Expression = Number | Text | Name | Missing | Arithmetic | Compare | Among | Not | Joined
