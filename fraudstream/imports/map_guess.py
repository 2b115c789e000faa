"""Guess of a map, from the names and contents of a file's columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fraudstream.imports.column_profile import ColumnProfile
from fraudstream.imports.role_names import CODES, ROLE_NAMES, name_score, plain_name
from fraudstream.imports.unique_name import unique_name
from schemas.mapping.transaction_map import CORE_FIELDS

CERTAIN, LIKELY, MIN_SCORE = 0.8, 0.55, 0.3
MAX_CATEGORIES = 1_000
MAX_CATEGORY_SHARE = 0.2
MAX_FRAUD_SHARE = 0.5
USUAL_DELAY_DAYS = 30
MAX_REPEATED = 0.1
"""Share of repeated values among ids of transactions."""

MAX_NAME = 60
BUILT_IN = {*CORE_FIELDS, "amount"}
"""Names that no further column has."""

TomlValue = str | bool | float | list[str]


@dataclass(frozen=True, kw_only=True)
class GuessedLine:
    """Line of a map.

    Attributes
    ----------
    values : dict of str to str, bool, float or list of str
        Keys of the line's table.
    note : str
        Certainty and samples, for a comment.
    found : bool
        Whether the file has a column for it; otherwise the line is an assumption.
    active : bool
        Whether the line holds; otherwise it is a comment.
    """

    name: str
    values: dict[str, TomlValue]
    note: str
    found: bool = True
    active: bool = True

    @property
    def title(self) -> str:
        """Columns or constant of the line."""
        columns = self.values.get("columns")
        return (
            ", ".join(columns)
            if isinstance(columns, list)
            else str(self.values.get("column", self.values.get("constant", "")))
        )


@dataclass(kw_only=True)
class GuessedMap:
    """Guess of a map.

    Attributes
    ----------
    file : dict of str to str or bool
        Keys of `[file]`.
    fields, columns : list of GuessedLine
        Lines of `[transaction]` and `[columns]`.
    """

    file: dict[str, str | bool]
    fields: list[GuessedLine] = field(default_factory=list)
    columns: list[GuessedLine] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """Fields that no column was found for."""
        return [line.name for line in self.fields if not line.found]


def guess_map(profiles: Sequence[ColumnProfile], file: dict[str, str | bool]) -> GuessedMap:
    """Return the likeliest map of a file.

    Parameters
    ----------
    profiles : sequence of ColumnProfile
        Its columns.
    file : dict of str to str or bool
        Keys of `[file]` that are known.
    """
    return _Guess(profiles, file).guessed()


class _Guess:
    """Assigns columns to fields, best fit first."""

    def __init__(self, profiles: Sequence[ColumnProfile], file: dict[str, str | bool]) -> None:
        self._profiles = profiles
        self._map = GuessedMap(file=file)
        self._found: dict[str, tuple[ColumnProfile, float]] = {}
        self._used: set[str] = set()
        fits = [(_fit(role, one), -index, role, one) for role in ROLE_NAMES for index, one in enumerate(profiles)]
        for score, _, role, profile in sorted(fits, key=lambda fit: fit[:2], reverse=True):
            if score >= MIN_SCORE and role not in self._found and profile.name not in self._used:
                self._found[role] = (profile, score)
                self._used.add(profile.name)
        if "latitude" not in self._found or "longitude" not in self._found:
            for role in ("latitude", "longitude"):
                if role in self._found:
                    self._used.discard(self._found.pop(role)[0].name)

    def guessed(self) -> GuessedMap:
        """Return the map."""
        self._separators()
        for role in ROLE_NAMES:
            line = self._line(role)
            if line:
                self._map.fields.append(line)
        free = [one for one in self._profiles if one.name not in self._used]
        self._map.columns = [_further(one, name) for one, name in zip(free, _names(free), strict=True)]
        return self._map

    def _separators(self) -> None:
        """Set the separators of numbers for the file, from its amounts or else any number with a fraction."""
        amount, _ = self._found.get("amount_minor", (None, 0.0))
        others = (one.number for one in self._profiles if one.number and one.number.decimal == ",")
        found = (amount and amount.number) or next(others, None)
        if found is None:
            return
        if found.decimal == ",":
            self._map.file["decimal"] = ","
        if found.thousands:
            self._map.file["thousands"] = found.thousands

    def _line(self, role: str) -> GuessedLine | None:
        if role not in self._found:
            return self._missing(role)
        profile, score = self._found[role]
        values: dict[str, TomlValue] = {"column": profile.name}
        notes = [_note(profile, score)]
        match role:
            case "event_time" | "label_time":
                self._time(role, profile, values, notes)
            case "amount_minor":
                _amount(profile, values, notes)
            case "is_fraud":
                _set_flag(profile, values)
            case "customer_id" | "merchant_id" | "device_id" if profile.has_card_numbers:
                values["hash"] = True
                notes.append("card numbers, replaced by their HMAC")
            case "merchant_id" if profile.filled < 1:
                values["default"] = "none"
        return GuessedLine(name=role, values=values, note="; ".join(notes))

    def _time(self, role: str, profile: ColumnProfile, values: dict[str, TomlValue], notes: list[str]) -> None:
        clock = self._clock(profile) if role == "event_time" and profile.is_day else None
        pattern = profile.time or "iso"
        if clock is not None:
            values.clear()
            values["columns"] = [profile.name, clock.name]
            day = "%Y-%m-%d" if pattern == "iso" else pattern
            pattern = "iso" if pattern == "iso" and clock.clock in {"%H:%M", "%H:%M:%S"} else f"{day} {clock.clock}"
            self._used.add(clock.name)
        if pattern != "iso":
            values["format"] = pattern
        if profile.other_time:
            notes.append(f"AMBIGUOUS: {profile.other_time} fits too")
        if not profile.has_zone and "timezone" not in self._map.file:
            self._map.file["timezone"] = "UTC"
        if role == "label_time" and profile.filled < 1:
            values["delay_days"] = USUAL_DELAY_DAYS
            notes.append(f"where it is empty, {USUAL_DELAY_DAYS} days after the payment: set your chargeback delay")

    def _clock(self, day: ColumnProfile) -> ColumnProfile | None:
        """Return the time of day next to a day, nearest first."""
        position = [one.name for one in self._profiles].index(day.name)
        free = [(abs(index - position), one) for index, one in enumerate(self._profiles) if one.name not in self._used]
        return next((one for _, one in sorted(free, key=lambda pair: pair[0]) if one.clock), None)

    def _missing(self, role: str) -> GuessedLine | None:
        """Return an assumption for a field without a column."""
        labelled = "is_fraud" in self._found or "label_time" in self._found
        match role:
            case "merchant_id" | "merchant_category" | "transaction_type" | "currency":
                usual = {"merchant_id": "none", "transaction_type": "purchase", "currency": "EUR"}.get(role, "unknown")
                return _assumed(role, {"constant": usual}, "NOT FOUND: this constant for all rows. Correct it")
            case "transaction_id" if {"customer_id", "event_time", "amount_minor"} <= self._found.keys():
                parts = [self._found[name][0].name for name in ("customer_id", "event_time", "amount_minor")]
                clock = self._clock(self._found["event_time"][0])
                names = [*parts, *([clock.name] if clock else [])]
                hashed = {"hash": True} if self._found["customer_id"][0].has_card_numbers else {}
                return _assumed(role, {"columns": names, **hashed}, "NOT FOUND: joined from other columns")
            case "is_fraud" if labelled:
                name = self._found["label_time"][0].name
                return GuessedLine(
                    name=role, values={"column": name, "filled": True}, note="fraud where it has a value"
                )
            case "label_time" if labelled:
                note = f"NOT FOUND: {USUAL_DELAY_DAYS} days after the payment. Set your chargeback delay"
                return _assumed(role, {"delay_days": USUAL_DELAY_DAYS}, note)
            case _:
                return GuessedLine(name=role, values={"column": ""}, note="NOT FOUND", found=False, active=False)


def _assumed(role: str, values: dict[str, TomlValue], note: str) -> GuessedLine:
    return GuessedLine(name=role, values=values, note=note, found=False)


def _fit(role: str, one: ColumnProfile) -> float:
    """Return how well a column fits a field: 0 if its contents are impossible, else by its name or them."""
    by_contents = _by_contents(role, one) if len(one.distinct) else None
    return 0.0 if by_contents is None else max(by_contents, name_score(role, one.name))


def _by_contents(role: str, one: ColumnProfile) -> float | None:
    """Return how well the contents fit without a name; None if they are impossible."""
    repeated = 1 - len(one.distinct) / len(one.values)
    is_time, score = one.time is not None and one.number is None, 0.0
    match role:
        case "transaction_id":
            possible, score = repeated < MAX_REPEATED and not is_time, 0.0 if repeated else 0.35
        case "amount_minor":
            possible, score = one.number is not None, 0.0 if one.is_whole else 0.35
        case "currency":
            possible, score = one.is_currency, 0.6
        case "latitude" | "longitude":
            bound = 90 if role == "latitude" else 180
            possible = one.number is not None and np.abs(one.numbers).max(initial=0) <= bound
        case "event_time":
            possible, score = one.time is not None and one.filled == 1, 0.4
        case "label_time":
            possible = one.time is not None
        case "is_fraud":
            possible = one.flag is not None
        case _:
            possible, score = not is_time, 0.9 if role == "customer_id" and one.has_card_numbers else 0.0
    return score if possible else None


def _amount(profile: ColumnProfile, values: dict[str, TomlValue], notes: list[str]) -> None:
    if {"minor", "cent", "cents", "centimes", "pence"} & set(plain_name(profile.name).split("_")):
        values["unit"] = "minor"
    elif profile.is_whole:
        notes.append('whole numbers: add unit = "minor" if they are cents')
    negative = float(np.mean(profile.numbers < 0)) if profile.numbers.size else 0.0
    if negative > MAX_FRAUD_SHARE:
        values["negative"] = "invert"
        notes.append("mostly negative: payments are negative and refunds positive")
    elif negative:
        notes.append(f"{negative:.1%} of the values are negative: rejected, as refunds")


def _set_flag(profile: ColumnProfile, values: dict[str, TomlValue]) -> None:
    true, false = profile.flag or ("1", "0")
    if (true, false) not in {("1", "0"), ("true", "false")}:
        values |= {"true": true, "false": false}


def _names(profiles: Sequence[ColumnProfile]) -> list[str]:
    """Return names for further columns, as a declaration accepts them: each once, and no field of the transaction."""
    found: list[str] = []
    for profile in profiles:
        name = plain_name(profile.name)[:MAX_NAME]
        name = name if name[:1].isalpha() else f"column_{name}".rstrip("_")
        found.append(unique_name(name, {*found, *BUILT_IN}))
    return found


def _further(profile: ColumnProfile, name: str) -> GuessedLine:
    """Return the line of a column that is no field of the transaction."""
    values: dict[str, TomlValue] = {"column": profile.name} if name != profile.name else {}
    reason = _reason_to_leave_out(profile)
    if profile.flag and len(profile.distinct) > 1:
        kind = "flag"
        _set_flag(profile, values)
    elif profile.time and not profile.clock:
        kind = "time"
        if profile.time != "iso":
            values["format"] = profile.time
    elif profile.number and not CODES.search(name):
        kind = "number"
    else:
        few = len(profile.distinct) <= min(MAX_CATEGORIES, max(MAX_CATEGORY_SHARE * len(profile.values), 1))
        kind = "category" if few else "text"
    note = f"{len(profile.distinct):,} values, {_samples(profile)}" + (f"; {reason}: left out" if reason else "")
    return GuessedLine(name=name, values={"kind": kind, **values}, note=note, active=not reason)


def _reason_to_leave_out(profile: ColumnProfile) -> str | None:
    if not len(profile.distinct):
        return "empty"
    if profile.has_card_numbers:
        return "card numbers"
    return "the same in each row" if len(profile.distinct) == 1 and profile.filled == 1 else None


def _note(profile: ColumnProfile, score: float) -> str:
    certainty = "certain" if score >= CERTAIN else "likely" if score >= LIKELY else "A GUESS"
    empty = f", {1 - profile.filled:.0%} empty" if profile.filled < 1 else ""
    return f"{certainty}, {_samples(profile)}{empty}"


def _samples(profile: ColumnProfile) -> str:
    return f"such as {', '.join(profile.samples)}" if profile.samples else "no values"
