"""Text of a guessed map."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from fraudstream.imports.map_guess import GuessedLine, GuessedMap, TomlValue
from schemas.mapping.transaction_map import DEFAULT_KEY_VARIABLE

_COMMENTS = {"timezone": "   # ASSUMED: the times have no zone. Set yours, such as Europe/Berlin"}
_BARE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


def map_text(found: GuessedMap, path: Path) -> str:
    """Return a map as TOML, with certainty and samples as comments."""
    lines = [f"# Map of {path.name}, guessed from its first rows: check each line.", "", "[file]"]
    lines += [f"{key} = {_value(value)}{_COMMENTS.get(key, '')}" for key, value in found.file.items()]
    lines += ["", "[transaction]", *_lines(found.fields)]
    if found.columns:
        lines += ["", "[columns]", *_lines(found.columns)]
    if any(line.values.get("hash") for line in found.fields if line.active):
        lines += ["", "[hash]", f"key_variable = {_value(DEFAULT_KEY_VARIABLE)}   # environment variable with the key"]
    return "\n".join([*lines, ""])


def _lines(lines: Iterable[GuessedLine]) -> Iterable[str]:
    for line in lines:
        note = " ".join("".join(c if c.isprintable() else " " for c in line.note).split())
        yield f"# {note}"
        yield f"{'' if line.active else '# '}{_key(line.name)} = {_short(line.values)}"


def _short(values: Mapping[str, TomlValue]) -> str:
    """Return a table, or its only value where that says the same."""
    if values.keys() <= {"column"} or values.keys() <= {"kind"}:
        return _value(next(iter(values.values())))
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in values.items())} }}"


def _key(name: str) -> str:
    return name if _BARE.issuperset(name) else _value(name)


def _value(value: TomlValue) -> str:
    # Texts of JSON are texts of TOML.
    return json.dumps(value, ensure_ascii=False)
