"""Rule files in TOML, see docs/rules.md."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from fraudstream.settings.toml_text import TomlTextError, parse_toml
from schemas.rule_book import ACTION_NAMES, ACTIONS, ListEntry, Rule, RuleError, RuleList, meant
from schemas.shown import shown


@dataclass(frozen=True, kw_only=True)
class RuleFile:
    """Rules and lists of a file."""

    rules: tuple[Rule, ...]
    lists: tuple[RuleList, ...]

    @classmethod
    def read(cls, path: Path) -> RuleFile:
        """Read a file.

        Raises
        ------
        RuleError
            The file is missing, not TOML, or has more than rules and lists. Conditions are not checked.
        """
        try:
            parsed = parse_toml(path.read_bytes().removeprefix(BOM_UTF8))
        except OSError as error:
            raise RuleError(f"expected a file of rules at {path}, got: {error.strerror}. Correct its name") from None
        except TomlTextError as error:
            raise RuleError(f"expected TOML in {path}, got: {error}. Correct that line") from None
        try:
            _require_names("the file", parsed, ("rules", "lists"))
            return cls(
                rules=tuple(_rule(name, found) for name, found in _table("rules", parsed).items()),
                lists=tuple(_list(name, found) for name, found in _table("lists", parsed).items()),
            )
        except RuleError as error:
            raise RuleError(f"{path}: {error}") from None


def _rule(name: str, parsed: Any) -> Rule:
    if not isinstance(parsed, dict):
        raise RuleError(f"rule {name}: expected a table [rules.{name}], got {shown(parsed)}")
    _require_names(f"rule {name}", parsed, ("when", "action", "text", "expires"))
    for needed in ("when", "action"):
        if not isinstance(parsed.get(needed), str):
            raise RuleError(f"rule {name}: expected a text as `{needed}`, got {shown(parsed.get(needed))}")
    action = parsed["action"].upper()
    if action not in ACTIONS:
        raise RuleError(f"rule {name}: expected {ACTION_NAMES} as its action, got {shown(parsed['action'])}")
    text = parsed.get("text", name.replace("_", " "))
    if not isinstance(text, str):
        raise RuleError(f"rule {name}: expected a text as `text`, got {shown(text)}")
    expires = parsed.get("expires")
    return Rule(
        name=name,
        when=parsed["when"],
        action=action,
        text=text,
        expires=None if expires is None else _moment(f"rule {name}", "expires", expires),
    )


def _list(name: str, parsed: Any) -> RuleList:
    if not isinstance(parsed, list):
        raise RuleError(f"list {name}: expected an array of texts, got {shown(parsed)}")
    return RuleList(name=name, entries=tuple(_entry(name, item) for item in parsed))


def _entry(name: str, parsed: Any) -> ListEntry:
    if isinstance(parsed, str):
        return ListEntry(value=parsed)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("value"), str):
        raise RuleError(f'list {name}: expected a text, or {{value = "...", until = 2027-01-31}}, got {shown(parsed)}')
    _require_names(f"list {name}", parsed, ("value", "until"))
    until = parsed.get("until")
    return ListEntry(value=parsed["value"], until=None if until is None else _moment(f"list {name}", "until", until))


def _moment(where: str, name: str, parsed: Any) -> datetime:
    """Return a TOML date (its midnight) or time in UTC."""
    if isinstance(parsed, datetime):
        try:
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        except OverflowError:
            raise RuleError(
                f"{where}: expected `{name}` in the years 1 to 9999 as UTC, got {parsed}. Leave it out for no end"
            ) from None
    if isinstance(parsed, date):
        return datetime.combine(parsed, time(), UTC)
    raise RuleError(f"{where}: expected a date or a time without quotes as `{name}`, got {shown(parsed)}")


def _table(name: str, parsed: Mapping[str, Any]) -> dict[str, Any]:
    found = parsed.get(name, {})
    if not isinstance(found, dict):
        raise RuleError(f"expected tables [{name}.NAME], got {shown(found)}")
    return found


def _require_names(where: str, parsed: Iterable[str], known: tuple[str, ...]) -> None:
    for name in parsed:
        if name not in known:
            raise RuleError(f"{where}: expected {', '.join(known)}, got {name}{meant(name, known)}")
