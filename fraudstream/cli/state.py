"""Commands `state ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.terminal import AsJson, Rows, err, settings_of, show
from schemas.errors import UserError

app = typer.Typer(
    help="Export a job's state to Parquet, start a job of other settings from it, and read it.", no_args_is_help=True
)

Folder = Annotated[Path, path_argument(help="Folder of an exported state.")]


@app.command("export")
def export_state(
    context: typer.Context,
    out: Annotated[Path, path_option(help="Empty or new folder, which the TaskManagers write to.")],
    *,
    from_savepoint: Annotated[
        str | None,
        typer.Option(help="Savepoint or retained checkpoint; by default a new savepoint of the job."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a job's state at a savepoint to Parquet files: histories, entities, labels, deployment, rules.

    A Flink job reads the savepoint; it needs one free slot. A running job continues.

    [bold]Examples[/]

      fraudstream state export --out state
      fraudstream state export --out state --from-savepoint .fraudstream/savepoints/savepoint-1a2b3c-0123456789ab
    """
    from fraudstream.cli.jobs import only_job
    from fraudstream.control.savepoints import savepoint_target, take_savepoint
    from fraudstream.control.state_export import export_state as export
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context)
    services = find_services(settings)
    with err.status("exporting the state"):
        if from_savepoint is None:
            rest, job_id = services.rest, only_job(services.rest_url)
            from_savepoint = take_savepoint(rest, job_id, savepoint_target(settings), stop=False)
        found = export(services, from_savepoint, out, lambda line: err.print(line, soft_wrap=True))
    counts = [(handle, f"{count:,}") for handle, count in sorted(found.entries.items())]
    result = {"folder": str(out), "savepoint": found.savepoint, "entries": found.entries, "files": len(found.files)}
    lines = [f"Exported {from_savepoint} to {out}", f"Next: fraudstream state import {out}"]
    show(result, Rows(("state", "entries"), counts), *lines, as_json=as_json)


@app.command("import")
def import_state(context: typer.Context, folder: Folder, *, as_json: AsJson = False) -> None:
    """Make a savepoint of an exported state, for a job with the shards and the mode of the settings.

    [bold]Examples[/]

      FRAUDSTREAM_JOB__SHARDS=8 fraudstream state import state
    """
    from fraudstream.control.state_import import import_state as import_
    from fraudstream.devstack.stack import find_services

    settings = settings_of(context)
    services = find_services(settings)
    with err.status("importing the state"):
        savepoint = import_(services, folder, lambda line: err.print(line, soft_wrap=True))
    line = f"Start with: fraudstream submit --from-savepoint {savepoint}"
    show({"savepoint": savepoint}, line, as_json=as_json)


@app.command("show")
def show_state(
    folder: Folder,
    customer: Annotated[str | None, typer.Argument(help="Customer id.")] = None,
    *,
    merchant: Annotated[str | None, typer.Option(help="Merchant id.")] = None,
    device: Annotated[str | None, typer.Option(help="Device id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what an exported state has of a customer, a merchant or a device.

    [bold]Examples[/]

      fraudstream state show state c2-00251
      fraudstream state show state --merchant m-0042 --json
    """
    from fraudstream.control.exported_records import customer_record, entity_record

    given = {"customer": customer, "merchant": merchant, "device": device}
    asked = [(name, value) for name, value in given.items() if value is not None]
    if len(asked) != 1:
        raise UserError(f"expected one of CUSTOMER, --merchant and --device, got {len(asked)}")
    name, value = asked[0]
    found = customer_record(folder, value) if name == "customer" else entity_record(folder, name, value)
    if found is None:
        raise UserError(f"expected a {name} of the export {folder}, got {value}, of which it has nothing")
    show(found, *_parts(found), as_json=as_json)


def _parts(found: dict[str, Any]) -> list[Rows]:
    plain = [(name, value) for name, value in found.items() if not isinstance(value, list | dict)]
    parts = [Rows(("value", ""), plain)]
    for name, value in found.items():
        if isinstance(value, dict):
            parts.append(Rows((name, ""), [(key, f"{number:.6g}") for key, number in value.items()]))
        elif isinstance(value, list) and value:
            parts.append(Rows((f"{name}:", *value[0]), [("", *row.values()) for row in value]))
    return parts
