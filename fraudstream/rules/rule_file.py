"""The rules as a file under version control: TOML, see docs/rules.md."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from fraudstream.settings.toml_text import TomlTextError, parse_toml
from schemas.rule_book import ACTIONS, ListEntry, Rule, RuleError, RuleList, meant
from schemas.shown import shown


@dataclass(frozen=True, kw_only=True)
class RuleFile:
    """Rules and lists of a rule file."""

    rules: tuple[Rule, ...]
    lists: tuple[RuleList, ...]

    @classmethod
    def read(cls, path: Path) -> RuleFile:
        """Read a file.

        Raises
        ------
        RuleError
            There is none, it is not TOML, or it has something else than rules and lists. Conditions are not looked at.
        """
        try:
            told = parse_toml(path.read_bytes().removeprefix(BOM_UTF8))
        except OSError as error:
            raise RuleError(f"expected a file of rules at {path}, was: {error.strerror}") from None
        except TomlTextError as error:
            raise RuleError(f"expected TOML in {path}, got: {error}. Correct that place") from None
        try:
            _require_names("the file", told, ("rules", "lists"))
            return cls(
                rules=tuple(_rule(name, found) for name, found in _table("rules", told).items()),
                lists=tuple(_list(name, found) for name, found in _table("lists", told).items()),
            )
        except RuleError as error:
            raise RuleError(f"{path}: {error}") from None


def _rule(name: str, told: Any) -> Rule:
    if not isinstance(told, dict):
        raise RuleError(f"rule {name}: expected a table [rules.{name}], was {shown(told)}")
    _require_names(f"rule {name}", told, ("when", "action", "text", "expires"))
    for needed in ("when", "action"):
        if not isinstance(told.get(needed), str):
            raise RuleError(f"rule {name}: expected a text as `{needed}`, was {shown(told.get(needed))}")
    action = told["action"].upper()
    if action not in ACTIONS:
        raise RuleError(
            f"rule {name}: expected review, block, allow or watch as its action, was {shown(told['action'])}"
        )
    text = told.get("text", name.replace("_", " "))
    if not isinstance(text, str):
        raise RuleError(f"rule {name}: expected a text as `text`, was {shown(text)}")
    expires = told.get("expires")
    return Rule(
        name=name,
        when=told["when"],
        action=action,
        text=text,
        expires=None if expires is None else _moment(f"rule {name}", "expires", expires),
    )


def _list(name: str, told: Any) -> RuleList:
    if not isinstance(told, list):
        raise RuleError(f"list {name}: expected an array of texts, was {shown(told)}")
    return RuleList(name=name, entries=tuple(_entry(name, item) for item in told))


def _entry(name: str, told: Any) -> ListEntry:
    if isinstance(told, str):
        return ListEntry(value=told)
    if not isinstance(told, dict) or not isinstance(told.get("value"), str):
        raise RuleError(f'list {name}: expected a text, or {{value = "...", until = 2027-01-31}}, was {shown(told)}')
    _require_names(f"list {name}", told, ("value", "until"))
    until = told.get("until")
    return ListEntry(value=told["value"], until=None if until is None else _moment(f"list {name}", "until", until))


def _moment(where: str, name: str, told: Any) -> datetime:
    """Return a TOML date, which is its midnight, or time as UTC."""
    if isinstance(told, datetime):
        try:
            return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
        except OverflowError:
            raise RuleError(
                f"{where}: expected `{name}` in the years 1 to 9999 as UTC, got {told}. Leave it out for no end"
            ) from None
    if isinstance(told, date):
        return datetime.combine(told, time(), UTC)
    raise RuleError(f"{where}: expected a date or a time without quotes as `{name}`, was {shown(told)}")


def _table(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    found = told.get(name, {})
    if not isinstance(found, dict):
        raise RuleError(f"expected tables [{name}.NAME], was {shown(found)}")
    return found


def _require_names(where: str, told: Iterable[str], known: tuple[str, ...]) -> None:
    for name in told:
        if name not in known:
            raise RuleError(f"{where}: expected {', '.join(known)}, was {name}{meant(name, known)}")
