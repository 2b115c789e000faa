from __future__ import annotations

import typer

from fraudstream.settings.settings import Settings
from fraudstream.terminal import AsJson, out, settings_of, write_json, write_table
from schemas.errors import UserError

app = typer.Typer(help="Check, register and list the schemas of the topics.", no_args_is_help=True)


@app.command()
def check(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Check that the schemas can read what earlier versions wrote; with a registry, that it would take them.

    Without a registry nothing but the committed files is looked at. Exit code 2 when a schema is not compatible.

    [bold]Examples[/]

      fraudstream schemas check
      FRAUDSTREAM_KAFKA__SCHEMA_REGISTRY_URL=http://registry:8081 fraudstream schemas check
    """
    from schemas.compatibility import broken_versions

    broken = broken_versions()
    subjects = _states(settings_of(context))
    if as_json:
        write_json({"broken": [item._asdict() for item in broken], "subjects": subjects})
    for item in broken if not as_json else ():
        out.print(f"{item.name} can't read schema {item.schema_id}: {item.why}", soft_wrap=True)
    for subject, state in subjects.items() if not as_json else ():
        out.print(f"{state:10} {subject}", soft_wrap=True)
    refused = [item.name for item in broken] + [name for name, state in subjects.items() if state == "refused"]
    if refused:
        raise UserError(
            f"expected schemas that can read what was written before, was not so: {', '.join(refused)}: "
            "give each added field a default, and each changed one a new name"
        )
    if not as_json:
        out.print("Every committed schema can read its earlier versions")


@app.command()
def register(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Register the schemas of all topics, each subject to stay backward compatible. What is there is left as it is.

    Producers and the job do it too when they start. In a registry where they may not, do it before.

    [bold]Examples[/]

      fraudstream schemas register
    """
    from fraudstream.kafka.registry_access import registry_of

    settings = settings_of(context)
    registry = registry_of(settings)
    ids = {subject: registry.id_for(subject, kind) for subject, kind in _kinds(settings)}
    if as_json:
        write_json(ids)
    else:
        write_table(("subject", "schema id"), ids.items())


@app.command("ls")
def list_schemas(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the versions of each topic's schema with their ids.

    [bold]Examples[/]

      fraudstream schemas ls
      fraudstream schemas ls --json
    """
    from fraudstream.kafka.registry_access import registry_of

    settings = settings_of(context)
    registry = registry_of(settings)
    found = [
        {"subject": subject, "kind": kind, "versions": registry.ids(subject, kind)}
        for subject, kind in _kinds(settings)
    ]
    if as_json:
        for row in found:
            write_json(row)
        return
    rows = [(row["subject"], row["kind"], ", ".join(map(str, row["versions"]))) for row in found]
    write_table(("subject", "kind", "schema ids, oldest first"), rows)


def _kinds(settings: Settings) -> list[tuple[str, str]]:

    return list(settings.topics.subject_kinds().items())


def _states(settings: Settings) -> dict[str, str]:
    """Say of each subject of the registry in use whether it has our schema, would take it, or would not."""
    from fraudstream.kafka.registry_access import registry_access
    from schemas.http_registry import HttpRegistry

    access = registry_access(settings)
    if access is None:
        return {}
    registry = HttpRegistry(access)
    words = {None: "known", True: "new", False: "refused"}
    return {subject: words[registry.check(subject, kind)] for subject, kind in _kinds(settings)}
