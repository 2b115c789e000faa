"""Commands `model ls`, `push`, `show`, `diff` and `log`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.cli.path_parameter import path_argument
from fraudstream.terminal import AsJson, Rows, settings_of, show

if TYPE_CHECKING:
    from fraudstream.lifecycle.audit_log import AuditEntry
    from fraudstream.lifecycle.model_version import ModelVersion

Version = Annotated[str, typer.Argument(metavar="V", help="Version number, alias or model id.")]


def ls(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List registered models, newest first.

    [bold]Examples[/]

      fraudstream model ls
      fraudstream model ls --json | jq '.[] | select(.aliases[] == "champion")'
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry

    found = ModelRegistry(settings_of(context)).versions()
    rows = [
        (
            version.version,
            version.model_id,
            _role(version),
            _figure(version, "pr_auc"),
            _figure(version, "recall_at_1pct_alerts"),
            f"{version.registered_at:%Y-%m-%d %H:%M}",
        )
        for version in found
    ]
    columns = ("version", "model", "role", "average precision", "recall at 1 % alerts", "registered")
    show([_as_json(version) for version in found], Rows(columns, rows), as_json=as_json)


def push(
    context: typer.Context,
    folder: Annotated[Path, path_argument(help="Folder of the model artifact.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Register a model: its artifact and training metrics. A registered model is kept unchanged.

    [bold]Examples[/]

      fraudstream model push artifacts/model
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry

    version, new = ModelRegistry(settings_of(context)).push(folder)
    text = f"{'Registered' if new else 'Already registered:'} {version.name}"
    show({**_as_json(version), "new": new}, text, as_json=as_json)


def show_model(context: typer.Context, version: Version, *, as_json: AsJson = False) -> None:
    """Show a model: parity report, settings, data, metrics and decisions.

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
    result = {
        **_as_json(found),
        "manifest": manifest.model_dump(mode="json"),
        "decisions": [asdict(one) for one in decided],
    }
    rows = {
        "model": manifest.model_id,
        "role": _role(found),
        "registered": f"{found.registered_at:%Y-%m-%d %H:%M} UTC, MLflow run {found.run_id}",
        "trained on": f"{manifest.data.rows:,} transactions, SHA-256 {manifest.data.sha256}",
        "parity": f"at most {manifest.parity.max_difference:.1e} apart over {manifest.parity.rows:,} rows",
        "review, block from": f"{manifest.review_threshold:.4f}, {manifest.block_threshold:.4f}",
        "settings": ", ".join(f"{name} {value}" for name, value in manifest.settings.items()),
    }
    show(
        result,
        Rows(("what", ""), rows.items()),
        Rows(("metric", "value"), [(name, f"{value:,.4g}") for name, value in manifest.metrics.items()]),
        *([_decisions(decided)] if decided else []),
        as_json=as_json,
    )


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="Version number, alias or model id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Version number, alias or model id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Compare two registered models: data, settings, metrics, thresholds, library versions.

    [bold]Examples[/]

      fraudstream model diff champion 3
      fraudstream model diff 2 3 --json
    """
    from fraudstream.lifecycle.model_registry import ModelRegistry
    from models.promotion.manifest_diff import manifest_diff

    registry = ModelRegistry(settings_of(context))
    first, second = (registry.find(name) for name in (a, b))
    differences = manifest_diff(registry.load(first).manifest, registry.load(second).manifest)
    rows = [(name, *("-" if value is None else value for value in values)) for name, values in differences.items()]
    show(
        {name: {"a": values[0], "b": values[1]} for name, values in differences.items()},
        Rows(("what", first.name, second.name), rows),
        as_json=as_json,
    )


def log(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the audit log of models: user, time, reason and data of each decision, also refused ones.

    [bold]Examples[/]

      fraudstream model log
      fraudstream model log --json | jq '.[] | select(.forced)'
    """
    from fraudstream.lifecycle.promotion import audit_log

    written = audit_log(settings_of(context))
    entries = written.entries()
    result = [asdict(entry) for entry in entries]
    show(result, _decisions(entries), f"Full entries: {written.path}", as_json=as_json)


def _decisions(entries: Sequence[AuditEntry]) -> Rows:
    return Rows(
        ("time", "user", "action", "version", "outcome", "reason", "failed gates"),
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


def _as_json(version: ModelVersion) -> dict[str, Any]:
    return {**asdict(version), "registered_at": version.registered_at.isoformat()}


def _role(version: ModelVersion) -> str:
    share = f" for {version.share:.0%} of customers" if version.share and "challenger" in version.aliases else ""
    return ", ".join(version.aliases) + share or "-"


def _figure(version: ModelVersion, name: str) -> str:
    return f"{version.metrics[name]:.3f}" if name in version.metrics else "-"
