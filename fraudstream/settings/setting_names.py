"""Names of the settings in the file and the environment."""

import dataclasses
import difflib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from fraudstream.settings.former_names import SETTINGS, renamed
from fraudstream.settings.login import HIDDEN
from fraudstream.settings.toml_text import TomlTextError, parse_toml
from schemas.errors import UserError
from schemas.shown import shown

PREFIX = "FRAUDSTREAM_"
SECRETS = (".password", ".webhook_url", ".signing_key", ".tokens", ".features_token")
"""Suffixes of secret settings; the URL of a webhook is enough to write to it."""
NOT_SETTINGS = {"FRAUDSTREAM_CACHE"}
"""Variables with our prefix that are no settings (the cache is chosen before settings are read)."""


def check_names(settings: type[BaseModel], file: Path | None, environment: Mapping[str, str]) -> list[str]:
    """List unknown names and secrets in the file and the environment, one mistake per line.

    Parameters
    ----------
    settings
        Class whose fields are sections.
    file
        TOML file, if there is one.
    environment
        Variables; those without our prefix are ignored.

    Raises
    ------
    UserError
        The file is not TOML.
    """
    known = set(setting_names(settings))
    sections = set(settings.model_fields)
    names = list(_names_in_file(file, settings)) if file else []
    in_file = [
        f"{file}: expected a known setting, got {name!r}{_nearest(name, known | sections)}"
        for name in names
        if name not in known | sections | set(SETTINGS)
    ]
    in_file += [
        f"{file}: expected no secret in a file that others read, got {name}. Remove it, replace the secret where it is "
        f"used, and set {variable_name(name)} or {name}_file"
        for name in names
        if name in known and name.endswith(SECRETS)
    ]
    variables = {variable_name(name) for name in known}
    ours = (name for name in sorted(environment) if name.startswith(PREFIX) and name not in NOT_SETTINGS)
    in_environment = [
        f"environment: expected a known setting, got {name}{_nearest(name, variables)}"
        for name in ours
        if not _is_variable(name, settings) and _setting_of(name) not in SETTINGS
    ]
    return in_file + in_environment


def find_former_names(
    settings: type[BaseModel], file: Path | None, environment: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Find former names of settings.

    Returns
    -------
    mistakes, warnings : list of str
        A setting that one source gives under both names is a mistake; each other use of a former name is a warning.
    """
    mistakes, warnings = [], []
    variables = {_setting_of(name): name for name in sorted(environment) if name.startswith(PREFIX)}
    in_file = {name: name for name in _names_in_file(file, settings)} if file else {}
    for source, names in ((str(file), in_file), ("environment", variables)):
        for former, current in SETTINGS.items():
            if former in names and current in names:
                mistakes.append(
                    f"{source}: expected {names[current]} once, got it and its former name {names[former]}. "
                    f"Remove {names[former]}"
                )
            elif former in names:
                shown_as = variable_name(current) if names is variables else current
                warnings.append(f"{source}: {renamed(names[former], shown_as)}")
    return mistakes, warnings


def setting_names(settings: type[BaseModel]) -> Iterator[str]:
    """Yield the name of every setting: `section.key`, or `section.part.key` of a nested section."""
    for section, info in settings.model_fields.items():
        for key, kind in _fields(info.annotation).items():
            parts = _fields(kind)
            yield from (f"{section}.{key}.{part}" for part in parts)
            if not parts:
                yield f"{section}.{key}"


def variable_name(name: str) -> str:
    """Return the variable of a setting, for example `FRAUDSTREAM_KAFKA__PORT` of `kafka.port`."""
    return PREFIX + name.upper().replace(".", "__")


def _setting_of(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower().replace("__", ".")


def explain(error: Mapping[str, Any], file: Path) -> str:
    """Return the message of a validation error."""
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == HIDDEN or name.endswith(SECRETS):
        return f"{name}: expected {error['msg']}"
    expected = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return (
        f"{name}: expected {expected}, got {shown(error.get('input'))}. Change it in {file} or in {variable_name(name)}"
    )


def _fields(annotation: Any) -> dict[str, Any]:
    """Return the types of the keys of a section; empty for anything else."""
    if dataclasses.is_dataclass(annotation):
        return {field.name: field.type for field in dataclasses.fields(annotation)}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: info.annotation for name, info in annotation.model_fields.items()}
    return {}


def _names_in_file(file: Path, settings: type[BaseModel]) -> Iterator[str]:
    try:
        raw = file.read_bytes()
        if raw.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)):
            raise UserError(
                f"expected plain UTF-8 in {file}, got a byte order mark. Save the file as UTF-8 without one"
            )
        table = parse_toml(raw)
    except TomlTextError as error:
        raise UserError(f"expected {file} to be TOML, got: {error}. Correct that line") from None
    except OSError as error:
        raise UserError(
            f"expected to read the settings in {file}, got: {error.strerror}. Let this user read it, or name another"
        ) from None
    for section, content in table.items():
        info = settings.model_fields.get(section)
        if info is not None and isinstance(content, dict):
            yield from (f"{section}.{name}" for name in _names_in_table(content, _fields(info.annotation)))
        else:
            yield section


def _names_in_table(table: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[str]:
    for key, content in table.items():
        if isinstance(content, dict) and _fields(fields.get(key)):
            yield from (f"{key}.{part}" for part in content)
        else:
            yield key


def _is_variable(variable: str, settings: type[BaseModel]) -> bool:
    """Return whether a variable is a setting, or one entry of a setting that is a table."""
    section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
    info = settings.model_fields.get(section)
    if info is None:
        return False
    fields = _fields(info.annotation)
    first, _, rest = key.partition("__")
    kind = fields.get(first)
    return first in fields and (not rest or rest in _fields(kind) or "dict" in str(kind))


def _nearest(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f". Did you mean {close[0]!r}?" if close else f". Known: {', '.join(sorted(known))}"
