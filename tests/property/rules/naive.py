"""Conditions evaluated on single transactions in plain Python, as the reference for array operations."""

from datetime import datetime
from typing import Any

import numpy as np

from models.features.table import FEATURES
from models.rules import expression as ex

MARKED = {feature.name for feature in FEATURES if feature.missing == -1}
ENTITIES = {feature.name: feature.entity for feature in FEATURES if feature.entity}
FLAGS = {feature.name for feature in FEATURES if feature.unit == "flag"}


def holds(expression: ex.Expression, row: dict[str, Any], lists: dict[str, dict[str, datetime | None]]) -> bool:
    """Return whether a condition holds for a transaction, given its texts, event_time, features and score by name."""
    match expression:
        case ex.Name(name):
            found = value_of(ex.Name(name), row) == 1
        case ex.Missing(name):
            found = value_of(name, row) is None
        case ex.Not(part):
            found = not holds(part, row, lists)
        case ex.Joined(word, parts):
            found = (all if word == "and" else any)(holds(part, row, lists) for part in parts)
        case ex.Compare(sign, left, ex.Text(text)):
            found = row[left.name] is not None and (row[left.name] == text) == (sign == "==")
        case ex.Compare(sign, left, right):
            found = compared(sign, value_of(left, row), value_of(right, row))
        case ex.Among(value, among, negated):
            ends = lists[among] if isinstance(among, str) else dict.fromkeys(among)
            text, now = row[value.name], row["event_time"]
            listed = text in ends and (ends[text] is None or now < ends[text])
            found = text is not None and listed != negated
    return bool(found)


def value_of(expression: ex.Expression, row: dict[str, Any]) -> Any:
    """Return a number as float32, or a text; None if missing."""
    match expression:
        case ex.Number(value):
            return np.float32(value)
        case ex.Name(name):
            value = row[name]
            if isinstance(value, str) or value is None:
                return value
            if name in ENTITIES and row[f"{ENTITIES[name]}_new_customer"] == -1:
                return None
            return None if np.isnan(value) or (name in MARKED and value == -1) else value
        case ex.Arithmetic(first, rest):
            found = value_of(first, row)
            for sign, term in rest:
                found = calculated(sign, found, value_of(term, row))
            return found
    raise AssertionError(expression)


def calculated(sign: str, left: Any, right: Any) -> Any:
    if left is None or right is None or (sign == "/" and right == 0):
        return None
    with np.errstate(all="ignore"):
        found = {"+": left + right, "-": left - right, "*": left * right}[sign] if sign != "/" else left / right
    return None if np.isnan(found) else found


def compared(sign: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    return bool(
        {
            "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right,
            "==": left == right, "!=": left != right,
        }[sign]
    )  # fmt: skip
