"""One item to score: a transaction, its features, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from fraudstream.api.transaction import Transaction
from models.features.former_names import by_present_name
from models.features.table import FEATURE_NAMES, TABLE_WIDTHS
from schemas.transaction_fields import TRANSACTION_FIELDS

FEATURES_FIELD = "features"
WIDTHS = sorted(set(TABLE_WIDTHS.values()))
LARGEST = float(np.finfo(np.float32).max)
SHOWN_CHARACTERS = 80

_COLUMNS = {name: column for column, name in enumerate(FEATURE_NAMES)}
_FIELDS = {field.name for field in TRANSACTION_FIELDS}


class InstanceError(ValueError):
    """An item that can't be scored, now or later.

    Parameters
    ----------
    pointer : str
        JSON pointer into the item.
    expected, was : str
        For people.
    """

    def __init__(self, pointer: str, expected: str, was: str) -> None:
        super().__init__(f"{pointer or 'item'}: expected {expected}, got {was}")
        self.pointer, self.expected, self.was = pointer, expected, was


@dataclass(frozen=True, kw_only=True, eq=False)
class Instance:
    """An item to score.

    Parameters
    ----------
    transaction : Transaction or None
        Checked transaction; None where the item has features alone.
    fields : mapping of str to Any
        The item's fields of a transaction as they came: the answer repeats the ids.
    features : ndarray of float32, (F,), or None
        Features in the order of `FEATURES`; None where they come from the online store.
    """

    transaction: Transaction | None
    fields: Mapping[str, Any]
    features: NDArray[np.float32] | None

    @property
    def currency(self) -> str | None:
        """Currency of the amounts, where it is known."""
        value = self.fields.get("currency")
        return value if isinstance(value, str) else None


def parse_instance(value: Any, width: int) -> Instance:
    """Return an item of a request or of a stream.

    Parameters
    ----------
    value
        Parsed JSON: an object with the fields of a transaction, as `POST /v1/score` has them, and with `features`,
        an object by name or an array in the order of `FEATURES`. An item with features needs no other field.
    width : int
        Number of features of the model.

    Raises
    ------
    InstanceError
        It is no such object, or a field is wrong.
    """
    if not isinstance(value, dict):
        raise InstanceError("", "a JSON object", shown(value))
    fields = {name: field for name, field in value.items() if name != FEATURES_FIELD}
    if FEATURES_FIELD not in value:
        return Instance(transaction=_transaction(fields), fields=fields, features=None)
    unknown = next((name for name in fields if name not in _FIELDS), None)
    if unknown is not None:
        raise InstanceError(f"/{unknown}"[:SHOWN_CHARACTERS], "a known name", shown(fields[unknown]))
    return Instance(transaction=None, fields=fields, features=_features(value[FEATURES_FIELD], width))


def feature_row(values: list[Any], width: int) -> NDArray[np.float32]:
    """Return features given in the order of `FEATURES` as a row of float32, (F,).

    Raises
    ------
    InstanceError
        Their number is of no feature table that has the model's, or one is no number.
    """
    allowed = [known for known in WIDTHS if known >= width]
    if len(values) not in allowed:
        expected = " or ".join(map(str, allowed))
        raise InstanceError(f"/{FEATURES_FIELD}", f"{expected} numbers", f"{len(values):,}")
    return np.array([_number(value, FEATURE_NAMES[i]) for i, value in enumerate(values)], np.float32)


def shown(value: Any) -> str:
    """Return a value as a message has it."""
    return repr(value)[:SHOWN_CHARACTERS]


def _transaction(fields: Mapping[str, Any]) -> Transaction:
    try:
        found: Transaction = Transaction.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        pointer = "".join(f"/{part}" for part in first["loc"])[:SHOWN_CHARACTERS]
        if first["type"] == "missing":
            raise InstanceError(pointer, "a value, or features", "nothing") from None
        expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        raise InstanceError(pointer, expected, shown(first.get("input"))) from None
    return found


def _features(value: Any, width: int) -> NDArray[np.float32]:
    if isinstance(value, list):
        return feature_row(value, width)
    if not isinstance(value, dict):
        raise InstanceError(f"/{FEATURES_FIELD}", "an object of numbers by name, or an array", shown(value))
    named = by_present_name(value)
    unknown = next((name for name in named if name not in _COLUMNS), None)
    if unknown is not None:
        raise InstanceError(f"/{FEATURES_FIELD}/{unknown}"[:SHOWN_CHARACTERS], "a known feature", shown(named[unknown]))
    missing = next((name for name in FEATURE_NAMES[:width] if name not in named), None)
    if missing is not None:
        raise InstanceError(f"/{FEATURES_FIELD}/{missing}", "a number", "nothing")
    return np.array([_number(named[name], name) for name in FEATURE_NAMES[:width]], np.float32)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise InstanceError(f"/{FEATURES_FIELD}/{name}", "a number in the range of a 32-bit float", shown(value))
    return float(value)
