from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import AsJson, out, settings_of, write_json, write_line, write_table

if TYPE_CHECKING:
    from fraudstream.lifecycle.model_version import ModelVersion

Wanted = Annotated[str, typer.Argument(metavar="V", help="Number of the version, its alias, or its model id.")]


def ls(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the registered models, the newest first.

    [bold]Examples[/]

      fraudstream model ls
      fraudstream model ls --json | jq '.[] | select(.aliases[] == "champion")'
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry

    found = ModelRegistry(settings_of(context)).versions()
    if as_json:
        write_json([_told(version) for version in found])
        return
    write_table(
        ("version", "model", "serves as", "average precision", "recall at 1 % alerts", "registered"),
        [
            (
                version.version,
                version.model_id,
                _role(version),
                _figure(version, "pr_auc"),
                _figure(version, "recall_at_1pct_alerts"),
                f"{version.registered_at:%Y-%m-%d %H:%M}",
            )
            for version in found
        ],
    )


def push(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder that `fraudstream train` wrote.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Register a model: its artifact, and what was measured in training. One that is there already stays as it is.

    [bold]Examples[/]

      fraudstream model push artifacts/model
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry

    version, new = ModelRegistry(settings_of(context)).push(folder)
    if as_json:
        write_json({**_told(version), "new": new})
    else:
        write_line(f"{'Registered' if new else 'Registered already:'} {version.name}")


def show(context: typer.Context, version: Wanted, *, as_json: AsJson = False) -> None:
    """Show a model: its certificate, settings, data and figures, and what was decided of it.

    [bold]Examples[/]

      fraudstream model show champion
      fraudstream model show 3 --json | jq .manifest.metrics
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry
    from fraudstream.lifecycle.promotion import audit_log

    settings = settings_of(context)
    registry = ModelRegistry(settings)
    found = registry.find(version)
    manifest = registry.load(found).manifest
    decided = [entry for entry in audit_log(settings).entries() if entry.model_id == found.model_id]
    if as_json:
        write_json(
            {
                **_told(found),
                "manifest": manifest.model_dump(mode="json"),
                "decisions": [asdict(one) for one in decided],
            }
        )
        return
    rows = {
        "model": manifest.model_id,
        "serves as": _role(found),
        "registered": f"{found.registered_at:%Y-%m-%d %H:%M} UTC, MLflow run {found.run_id}",
        "trained on": f"{manifest.data.rows:,} transactions, SHA-256 {manifest.data.sha256}",
        "certificate": f"at most {manifest.parity.max_difference:.1e} apart over {manifest.parity.rows:,} rows",
        "review, block from": f"{manifest.review_threshold:.4f}, {manifest.block_threshold:.4f}",
        "settings": ", ".join(f"{name} {value}" for name, value in manifest.settings.items()),
    }
    write_table(("what", ""), list(rows.items()))
    write_table(("metric", "value"), [(name, f"{value:,.4g}") for name, value in manifest.metrics.items()])
    if decided:
        show_decisions(decided)


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="Number, alias or model id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Number, alias or model id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show in what two registered models differ: data, settings, figures, thresholds, versions of libraries.

    [bold]Examples[/]

      fraudstream model diff champion 3
      fraudstream model diff 2 3 --json
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry
    from models.promotion.manifest_diff import manifest_diff

    registry = ModelRegistry(settings_of(context))
    first, second = (registry.find(name) for name in (a, b))
    differences = manifest_diff(registry.load(first).manifest, registry.load(second).manifest)
    if as_json:
        write_json({name: {"a": values[0], "b": values[1]} for name, values in differences.items()})
        return
    rows = [(name, *("-" if value is None else value for value in values)) for name, values in differences.items()]
    write_table(("what", first.name, second.name), rows)


def log(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show every decision on the models: who, when, why, on which data; refused ones too.

    [bold]Examples[/]

      fraudstream model log
      fraudstream model log --json | jq '.[] | select(.forced)'
    """
    from fraudstream.lifecycle.promotion import audit_log

    written = audit_log(settings_of(context))
    entries = written.entries()
    if as_json:
        write_json([asdict(entry) for entry in entries])
        return
    show_decisions(entries)
    out.print(f"{written.path} has all of it", soft_wrap=True)


def show_decisions(entries: list[Any]) -> None:
    """Show decisions as a table."""
    write_table(
        ("when", "who", "what", "version", "outcome", "why", "failed gates"),
        [
            (
                f"{entry.at:%Y-%m-%d %H:%M:%S}",
                entry.by,
                entry.action,
                entry.version,
                entry.outcome + (", forced" if entry.forced else ""),
                entry.reason,
                ", ".join(gate["name"] for gate in entry.gates if not gate["passed"]) or "-",
            )
            for entry in entries
        ],
    )


def _told(version: ModelVersion) -> dict[str, Any]:
    return {**asdict(version), "registered_at": version.registered_at.isoformat()}


def _role(version: ModelVersion) -> str:
    share = f" for {version.share:.0%} of the customers" if version.share and "challenger" in version.aliases else ""
    return ", ".join(version.aliases) + share or "-"


def _figure(version: ModelVersion, name: str) -> str:
    return f"{version.metrics[name]:.3f}" if name in version.metrics else "-"
