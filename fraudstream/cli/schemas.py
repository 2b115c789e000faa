"""Commands `schemas ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from fraudstream.settings.settings import Settings
from fraudstream.terminal import AsJson, Rows, settings_of, show
from schemas.errors import UserError

if TYPE_CHECKING:
    from schemas.avro_schemas import OwnSchema

app = typer.Typer(help="Check, register and list the schemas of the topics.", no_args_is_help=True)


@app.command()
def check(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Check that the schemas are backward compatible; with a registry, that it accepts them.

    Without a registry only the committed files are checked. Exit code 2 when a schema is not compatible.

    [bold]Examples[/]

      fraudstream schemas check
      FRAUDSTREAM_KAFKA__SCHEMA_REGISTRY_URL=http://registry:8081 fraudstream schemas check
    """
    from schemas.compatibility import broken_versions

    broken = broken_versions()
    subjects = _states(settings_of(context))
    refused = [item.name for item in broken] + [name for name, state in subjects.items() if state == "refused"]
    show(
        {"broken": [item._asdict() for item in broken], "subjects": subjects},
        *(f"{item.name} can't read schema {item.schema_id}: {item.why}" for item in broken),
        *(f"{state:10} {subject}" for subject, state in subjects.items()),
        *([] if refused else ["Every committed schema can read its earlier versions"]),
        as_json=as_json,
    )
    if refused:
        raise UserError(
            f"expected backward compatible schemas, got incompatible ones: {', '.join(refused)}. "
            "Give each added field a default, and each changed one a new name"
        )


@app.command()
def register(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Register the schemas of all topics, with backward compatibility. Existing versions are kept.

    Producers and the job register schemas at start too; run this first if they are not allowed to.

    [bold]Examples[/]

      fraudstream schemas register
    """
    from fraudstream.kafka.registry_access import registry_of

    settings = settings_of(context)
    registry = registry_of(settings)
    ids = {subject: registry.id_for(subject, _schema(settings, kind)) for subject, kind in _kinds(settings)}
    show(ids, Rows(("subject", "schema id"), ids.items()), as_json=as_json)


@app.command("ls")
def list_schemas(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the schema versions of each topic with their ids.

    [bold]Examples[/]

      fraudstream schemas ls
      fraudstream schemas ls --json
    """
    from fraudstream.kafka.registry_access import registry_of

    settings = settings_of(context)
    registry = registry_of(settings)
    found = [
        {"subject": subject, "kind": kind, "versions": registry.ids(subject, _schema(settings, kind))}
        for subject, kind in _kinds(settings)
    ]
    if as_json:
        for row in found:
            show(row, as_json=True)
        return
    rows = [(row["subject"], row["kind"], ", ".join(map(str, row["versions"]))) for row in found]
    show(found, Rows(("subject", "kind", "schema ids, oldest first"), rows), as_json=False)


def _kinds(settings: Settings) -> list[tuple[str, str]]:
    return list(settings.topics.subject_kinds().items())


def _schema(settings: Settings, kind: str) -> str | OwnSchema:
    """Return a kind of record, or the declaration's schema in its place."""
    from schemas.avro_schemas import TRANSACTION

    own = settings.declaration if kind == TRANSACTION else None
    return kind if own is None else own.schema


def _states(settings: Settings) -> dict[str, str]:
    """Return by subject of the registry whether our schema is known, new or refused."""
    from fraudstream.kafka.registry_access import registry_access
    from schemas.http_registry import HttpRegistry

    access = registry_access(settings)
    if access is None:
        return {}
    registry = HttpRegistry(access)
    words = {None: "known", True: "new", False: "refused"}
    return {subject: words[registry.check(subject, _schema(settings, kind))] for subject, kind in _kinds(settings)}
