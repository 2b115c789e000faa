"""Whether readers of today's schemas can read what earlier versions wrote, by Avro's resolution rules."""

from typing import NamedTuple

from avro.compatibility import ReaderWriterCompatibilityChecker
from avro.schema import parse

from schemas.avro_schemas import schema_text
from schemas.registry import FileRegistry


class Break(NamedTuple):
    """An earlier version that the current schema of a kind can't read.

    Attributes
    ----------
    name : str
        Kind of record.
    schema_id : int
        Id of the earlier version.
    why : str
        Avro's names of what is wrong, and where.
    """

    name: str
    schema_id: int
    why: str


def incompatibilities(reader: str, writer: str) -> str:
    """Return what keeps a reader's schema (Avro JSON) from reading a writer's; an empty text when nothing does."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    found = checker.get_compatibility(parse(reader), parse(writer))
    kinds = [str(kind.value) for kind in found.incompatibilities]
    return f"{', '.join(kinds)} at {', '.join(sorted(found.locations))}" if kinds else ""


def broken_versions() -> list[Break]:
    """Return the committed earlier versions that the committed current schemas can't read."""
    registry = FileRegistry()
    return [
        Break(name, schema_id, why)
        for name in registry.current_names()
        for schema_id in registry.ids("", name)
        if (why := incompatibilities(schema_text(name), registry.schema_for(schema_id)))
    ]
