"""Generator of docs/configuration.md.

`python -m fraudstream.settings.reference > docs/configuration.md`
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from fraudstream.settings.setting_names import SECRETS, variable_name
from fraudstream.settings.settings import Settings
from schemas.topics import TOPIC_TABLE

Schema = Mapping[str, Any]

HEAD = """\
# Settings

Generated; do not edit: `python -m fraudstream.settings.reference > docs/configuration.md`.

By increasing priority: the defaults below, `fraudstream.toml` in the working directory (or `fraudstream --config
FILE`), the environment, options of a command. In the file, `kafka.security.protocol` is `protocol` in
`[kafka.security]`. Unknown settings are rejected, with the closest valid name suggested. Secrets are rejected in the
file: set the variable, or a path in the setting ending in `_file`.
Settings without a default are unset.
`FRAUDSTREAM_CACHE` is not a setting: it is the folder of downloads, by default `~/.cache/fraudstream`.

Former names of settings work for one release, with a warning.
"""
COLUMNS = "| name, variable | type | default | description |\n|---|---|---|---|"
HEADS = {"topics": "Names of the topics. The second table shows their properties."}
BOUNDS = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}


def configuration_reference() -> str:
    """Return the page: one table per section."""
    schema = Settings.model_json_schema()
    sections = [_section(name, part, schema["$defs"]) for name, part in schema["properties"].items()]
    return "\n".join([HEAD, *sections])


def _section(name: str, part: Schema, definitions: Schema) -> str:
    section = definitions[_definition(part)]
    rows = "\n".join(_rows(name, section, definitions))
    table = f"\n{_topic_table()}\n" if name == "topics" else ""
    return f"## {name}\n\n{HEADS.get(name) or section['description']}\n\n{COLUMNS}\n{rows}\n{table}"


def _topic_table() -> str:
    rows = (
        f"| `{field}` | {row.kind} | {row.key} | {row.job} | {row.partitions or '`kafka.partitions`'} | {row.cleanup} |"
        for field, row in TOPIC_TABLE.items()
    )
    return "\n".join(
        ["| topic | record | key | by the job | partitions | cleanup |", "|---|---|---|---|---|---|", *rows]
    )


def _rows(path: str, section: Schema, definitions: Schema) -> Iterator[str]:
    """Yield one row per setting, also of nested sections."""
    for key, info in section["properties"].items():
        name = f"{path}.{key}"
        if "$ref" in info:
            yield from _rows(name, definitions[_definition(info)], definitions)
        else:
            yield f"| `{name}` <br> `{variable_name(name)}` | {_type(name, info)} | {_default(info)} | {_about(info)} |"


def _definition(part: Schema) -> str:
    return str(part["$ref"]).rpartition("/")[2]


def _type(name: str, info: Schema) -> str:
    kind = next((one for one in info.get("anyOf", ()) if one["type"] != "null"), info)
    if "enum" in kind:
        return " or ".join(f"`{value}`" for value in kind["enum"])
    if name.endswith(SECRETS):
        return "secret"
    if kind["type"] == "object":
        return "table of texts"
    words = {
        "array": "list of texts",
        "string": kind.get("format", "text"),
        "boolean": "true or false",
        "number": "number",
    }
    bounds = [words.format(kind[bound]) for bound, words in BOUNDS.items() if bound in kind]
    return " ".join([words.get(kind["type"], "whole number"), *bounds])


def _default(info: Schema) -> str:
    default = info.get("default", {})
    return "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _about(info: Schema) -> str:
    return str(info["description"]).replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(configuration_reference())
