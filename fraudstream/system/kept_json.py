"""Typed reading of the JSON files that commands store."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fraudstream.system.failures import RuntimeFailure

T = TypeVar("T")

MAX_SHOWN = 200


class KeptJsonError(ValueError):
    """Bytes that are not the JSON of a type; the message gives position and reason in one line."""


def parse_kept(raw: bytes, kind: type[T] | Any) -> T:
    """Parse JSON as a value of a type, for example a dataclass.

    Raises
    ------
    KeptJsonError
        The bytes are not JSON of this type. No other error is raised, on any input.
    """
    try:
        found: T = TypeAdapter(kind).validate_json(raw)
        known = {field.name for field in fields(kind)} if is_dataclass(kind) else None
        unknown = set() if known is None else set(TypeAdapter(dict[str, Any]).validate_json(raw)) - known
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        got = f"{field}: {first['msg']}" if field else str(first["msg"])
        raise KeptJsonError(ascii(got)[1:-1][:MAX_SHOWN]) from None
    if unknown:
        raise KeptJsonError(f"{ascii(min(unknown))[:MAX_SHOWN]}, which is no name of it")
    return found


def read_kept(path: Path, kind: type[T] | Any, what: str, what_to_do: str) -> T:
    """Read a file with `parse_kept`.

    Raises
    ------
    RuntimeFailure
        The content is invalid.
    OSError
        The file can't be read.
    """
    try:
        found: T = parse_kept(path.read_bytes(), kind)
    except KeptJsonError as error:
        raise RuntimeFailure(f"expected {what} in {path}, got {error}. {what_to_do}") from None
    return found
