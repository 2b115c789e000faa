from __future__ import annotations

import time
from typing import Annotated

import typer

from fraudstream.terminal import AsJson, err, out, settings_of, write_json, write_table


def prune(
    context: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    unread_state: Annotated[
        bool,
        typer.Option("--unread-state", help="Checkpoints elsewhere, of jobs that have ended, need no stored model."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove models from the store that nothing names any more, and say what is kept and why.

    Kept are the models of running jobs, of the control topic, of the shards, of the registry's aliases, of a rollback,
    and of retained checkpoints and savepoints; and those that were stored in the last hour.

    [bold]Examples[/]

      fraudstream model prune --dry-run
      fraudstream model prune --json
    """
    from fraudstream.devstack.stack import find_services
    from fraudstream.lifecycle.model_prune import examine_store, remove

    settings = settings_of(context)
    services = find_services(settings)
    with err.status("looking for what names a model"):
        models = examine_store(settings, services, time.time(), unread_state=unread_state)
    if not dry_run:
        remove(models)
    gone = [model for model in models if not model.kept_for]
    if as_json:
        write_json(
            {
                "dry_run": dry_run,
                "removed": [{"folder": str(model.folder), "bytes": model.size} for model in gone],
                "kept": [
                    {"folder": str(model.folder), "bytes": model.size, "reasons": list(model.kept_for)}
                    for model in models
                    if model.kept_for
                ],
            }
        )
        return
    write_table(
        ("model", "kB", "kept for"),
        [(m.folder.name, f"{m.size / 1000:,.0f}", "; ".join(m.kept_for) or "nothing") for m in models],
    )
    size = sum(model.size for model in gone) / 1e6
    out.print(f"{'To remove' if dry_run else 'Removed'}: {len(gone)} of {len(models)} models, {size:,.1f} MB")
