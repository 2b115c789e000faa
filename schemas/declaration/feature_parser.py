"""Parser of declared features, from their tables in TOML."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from schemas.declaration.declared_feature import MAX_WINDOW_MS, DeclaredFeature
from schemas.declaration.verb import Verb
from schemas.durations import DAY_MS, HOUR_MS, MINUTE_MS
from schemas.errors import UserError
from schemas.rule_book import meant
from schemas.shown import shown

MAX_FEATURES = 500
"""Features of a declaration."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WINDOW = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_VERBS = tuple(verb.value for verb in Verb)
_OTHERS = ("name", "entity", "window", "where")


class FeatureError(UserError):
    """Declared features with mistakes: a line for each."""


def parse_features(
    tables: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], entities: Collection[str], taken: Collection[str]
) -> tuple[DeclaredFeature, ...]:
    """Return the features that the tables ``[[features]]`` declare; their conditions are not parsed.

    Parameters
    ----------
    tables : sequence of mapping
    kinds : mapping of str to str
        Kind of each column.
    entities : collection of str
    taken : collection of str
        Names that features have already.

    Raises
    ------
    FeatureError
        A line for each mistake.
    """
    parser = _Parser(kinds, entities, taken)
    features = [found for number, table in enumerate(tables, 1) if (found := parser.feature(number, table)) is not None]
    parser.check_ratios(features)
    if len(tables) > MAX_FEATURES:
        parser.problems.append(f"expected at most {MAX_FEATURES} [[features]], got {len(tables):,}. Remove some")
    if parser.problems:
        raise FeatureError("\n".join(parser.problems))
    return tuple(features)


class _Parser:
    """Reads tables one by one, and collects the mistakes."""

    def __init__(self, kinds: Mapping[str, str], entities: Collection[str], taken: Collection[str]) -> None:
        self.problems: list[str] = []
        self._kinds, self._entities = kinds, entities
        self._taken, self._declared = frozenset(taken), set[str]()
        self._where = ""

    def feature(self, number: int, table: Mapping[str, Any]) -> DeclaredFeature | None:
        before = len(self.problems)
        name = self._name(number, table.get("name"))
        self._where = f"feature {name}"
        for key in table:
            if key not in {*_OTHERS, *_VERBS}:
                self._add("a verb, entity, window or where", f"{key}{meant(key, (*_VERBS, *_OTHERS)) or '. Remove it'}")
        verbs = [Verb(key) for key in table if key in _VERBS]
        if len(verbs) != 1:
            got = " and ".join(verbs) or "none"
            if verbs or len(self.problems) == before:
                self._add(f"one verb of {', '.join(_VERBS)}", f"{got}. Write one, as in count = true")
            return None
        verb = verbs[0]
        found = DeclaredFeature(
            name=name,
            verb=verb,
            **self._operand(verb, table[verb]),
            entity=self._entity(table.get("entity", "customer")),
            window_ms=self._window(verb, table.get("window")),
            where=self._condition("where", table["where"]) if "where" in table else None,
        )
        if verb is Verb.RATIO:
            for key in _OTHERS[1:]:
                if key in table:
                    self._add("no entity, window or where with ratio", f"{key}. Remove it: its parts have theirs")
        return found if len(self.problems) == before else None

    def check_ratios(self, features: Iterable[DeclaredFeature]) -> None:
        """Refuse ratios of unknown features, and those that are of themselves."""
        by_name = {feature.name: feature for feature in features}
        for feature in by_name.values():
            self._where = f"feature {feature.name}"
            unknown = [part for part in feature.parts or () if part not in self._declared]
            for part in unknown:
                others = sorted(set(by_name) - {feature.name})
                self._add("names of declared features as ratio", f"{part}{meant(part, others) or '. Declare it'}")
            if feature.parts and not unknown and _needs_itself(feature, by_name):
                self._add("a ratio of other features", "one that leads back to itself. Choose other parts")

    def _name(self, number: int, name: Any) -> str:
        self._where = f"feature {number} of [[features]]"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            got = "none" if name is None else shown(name)
            self._add("a name of small letters, digits and _", f'{got}. Write name = "..."')
            return str(number)
        if name in self._taken or name in self._declared:
            self._add("a name of its own", f"{name}, which another feature or column has. Rename it")
        self._declared.add(name)
        return name

    def _operand(self, verb: Verb, value: Any) -> dict[str, Any]:
        if verb is Verb.SHARE:
            return {"share": self._condition("share", value)}
        if verb is Verb.RATIO:
            if isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
                return {"parts": tuple(value)}
            self._add("two names of features as ratio", f'{shown(value)}. Write ratio = ["a", "b"]')
            return {}
        if verb.counts_all and (value is True or value == "*"):
            return {}
        if not isinstance(value, str):
            or_true = " or true" if verb.counts_all else ""
            self._add(f"the name of a column{or_true} as {verb}", f"{shown(value)}. Correct it")
        elif value not in self._kinds:
            near = meant(value, self._kinds) or f". Declare it: {value} = ... in [columns]"
            self._add(f"a column as {verb}", f"{value}, which is not declared{near}")
        elif self._kinds[value] not in verb.kinds:
            kinds = " or ".join(sorted(verb.kinds))
            self._add(f"a column of kind {kinds} as {verb}", f"{value}, a {self._kinds[value]}. {_advice(verb)}")
        return {"column": value}

    def _entity(self, entity: Any) -> str:
        if isinstance(entity, str) and entity in self._entities:
            return entity
        near = meant(entity, self._entities) if isinstance(entity, str) else ""
        self._add("an entity", f"{shown(entity)}{near or '. Declare it in [entities]'}")
        return ""

    def _window(self, verb: Verb, window: Any) -> int:
        if window is None and not verb.needs_window:
            return MAX_WINDOW_MS
        match = _WINDOW.fullmatch(window) if isinstance(window, str) else None
        length_ms = int(match[1]) * _UNITS[match[2]] if match else 0
        if not MINUTE_MS <= length_ms <= MAX_WINDOW_MS:
            got = "none" if window is None else shown(window)
            self._add('a window of "1m" to "90d"', f"{got}. Write a whole number of minutes (m), hours (h) or days (d)")
        return length_ms

    def _condition(self, key: str, value: Any) -> str:
        if isinstance(value, str) and value.strip():
            return value
        self._add(f"a condition as {key}", f'{shown(value)}. Write one, as in {key} = "amount < 5"')
        return ""

    def _add(self, expected: str, got: str) -> None:
        self.problems.append(f"{self._where}: expected {expected}, got {got}")


def _advice(verb: Verb) -> str:
    if verb.kinds == Verb.COUNT_DISTINCT.kinds:
        return "Choose another column"
    return "Choose another column, or count_distinct or seen_before"


def _needs_itself(feature: DeclaredFeature, by_name: Mapping[str, DeclaredFeature]) -> bool:
    """Return whether a ratio is, over its parts and theirs, one of itself."""
    seen: set[str] = set()
    pending = list(feature.parts or ())
    while pending:
        name = pending.pop()
        if name == feature.name:
            return True
        if name not in seen and name in by_name:
            seen.add(name)
            pending += by_name[name].parts or ()
    return False
