"""Command `model prune`."""

import time
from typing import Annotated

import typer

from fraudstream.terminal import AsJson, Rows, err, settings_of, show


def prune(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the models to remove without removing them.")
    ] = False,
    unread_state: Annotated[
        bool, typer.Option("--unread-state", help="Assume that remote checkpoints of ended jobs need no stored model.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove unreferenced models from the store, and show why others are kept.

    Models are referenced by running jobs, the control topic, shards, registry aliases, rollbacks, and retained
    checkpoints and savepoints. Models stored within the last hour are kept too.

    [bold]Examples[/]

      fraudstream model prune --dry-run
      fraudstream model prune --json
    """
    from fraudstream.devstack.stack import find_services
    from fraudstream.lifecycle.model_prune import examine_store, remove

    settings = settings_of(context)
    services = find_services(settings)
    with err.status("collecting references to models"):
        broker, rest = services.broker, services.rest
        models = examine_store(broker, rest, time.time(), unread_state=unread_state)
    if not dry_run:
        remove(models)
    gone = [model for model in models if not model.kept_for]
    result = {
        "dry_run": dry_run,
        "removed": [{"folder": str(model.folder), "bytes": model.size} for model in gone],
        "kept": [
            {"folder": str(model.folder), "bytes": model.size, "reasons": list(model.kept_for)}
            for model in models
            if model.kept_for
        ],
    }
    rows = [(m.folder.name, f"{m.size / 1000:,.0f}", "; ".join(m.kept_for) or "nothing") for m in models]
    size = sum(model.size for model in gone) / 1e6
    text = f"{'To remove' if dry_run else 'Removed'}: {len(gone)} of {len(models)} models, {size:,.1f} MB"
    show(result, Rows(("model", "kB", "referenced by"), rows), text, as_json=as_json)
