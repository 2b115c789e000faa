"""Command `explain`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.cli.path_parameter import path_option
from fraudstream.terminal import AsJson, Rows, err, settings_of, show, warn
from schemas.label_offset import label_offset_text

if TYPE_CHECKING:
    from fraudstream.readers.alert_record import AlertRecord
    from models.scoring.explanation import Explanation

SHOWN = 15
"""Features in the table; --json has all."""


def explain(
    context: typer.Context,
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID", help="Id of the alert.")],
    *,
    model: Annotated[
        Path | None, path_option(help="Folder of the model artifact; found by the alert's model id by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the score of an alert, and show the exact contribution of every feature.

    Exit code 1 when the recomputed score is not identical.

    [bold]Examples[/]

      fraudstream explain 8b0c7a3e-5b1f-5d8a-9c53-0f6f6f3d2a11
      fraudstream explain 8b0c7a3e-5b1f-5d8a-9c53-0f6f6f3d2a11 --json | jq .features
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.lifecycle.known_models import load_known_model
    from fraudstream.readers.alert_record import find_alert
    from models.scoring.explanation import explain as explain_row
    from models.scoring.loaded_model import load_tested

    settings = settings_of(context)
    broker = Broker.of(settings)
    require_topics(broker, settings.topics.alerts, settings.topics.inference)
    with err.status("searching the alert"):
        record = find_alert(broker, alert_id)
        artifact = load_tested(model) if model else load_known_model(settings, record.alert["model_id"])
        found = explain_row(artifact, record.features_of(artifact.manifest))
    same = found.score == record.alert["score"] and record.logged_the_same
    show(_as_json(record, found, same=same), *_parts(record, found), as_json=as_json)
    if record.logged is None and not as_json:
        warn(
            "the inference topic does not have this decision "
            f"(job.feature_log_share = {settings.job.feature_log_share:g}), so the labels known at the time are "
            "missing; the features are the alert's own. A share of 1 logs every decision"
        )
    if not same:
        err.print(_why_not(record, found, artifact.manifest.model_id), soft_wrap=True)
        raise typer.Exit(1)


def _why_not(record: AlertRecord, found: Explanation, scored_by: str) -> str:
    alert = record.alert
    if scored_by != alert["model_id"]:
        return f"expected the model {alert['model_id']}, got {scored_by}. Name the alert's model with --model"
    if found.score == alert["score"]:
        return (
            "expected the alert's features and score in the inference topic, got others. Check whether another job "
            "writes to it"
        )
    return (
        f"expected the score {alert['score']!r}, got {found.score!r}. A duplicate transaction has the score of its "
        "first alert, which may have left the topic; otherwise compare the onnxruntime here with the manifest's"
    )


def _as_json(record: AlertRecord, found: Explanation, *, same: bool) -> dict[str, Any]:
    alert, logged = record.alert, record.logged
    return {
        "alert": {name: value for name, value in alert.items() if name not in {"features", "reasons"}},
        "repeats": record.repeats,
        "score_again": found.score,
        "same": same,
        "expected_log_odds": found.expected,
        "rules": _rules(record),
        "reasons": _reasons(record, found),
        "features": [asdict(part) for part in found.parts],
        "logged": logged and {name: value for name, value in logged.items() if name != "features"},
    }


def _parts(record: AlertRecord, found: Explanation) -> Iterator[str | Rows]:
    alert, logged = record.alert, record.logged
    yield f"Alert {alert['alert_id']} on transaction {alert['transaction_id']} of {alert['customer_id']}"
    again = "identical" if found.score == alert["score"] else f"{found.score!r}"
    rows = {
        "decision": f"{alert['decision']} at {alert['scored_at']:%Y-%m-%d %H:%M:%S} UTC by {alert['model_id']}",
        "score, recomputed": f"{alert['score']:.6f}, {again}",
        "review, block from": f"{alert['review_threshold']:.6f}, {alert['block_threshold']:.6f}",
        "labels known": "not logged" if logged is None else _labels_known(logged["label_offsets"]),
        **_labels_of_entities(alert),
        "position": "not named" if alert["offset"] < 0 else f"partition {alert['partition']}, offset {alert['offset']}",
        "sequence numbers": _sequence_numbers(alert["entity_sequences"]),
        "repeated": f"{record.repeats} times",
    }
    yield Rows(("what", ""), rows.items())
    # The rules may have changed since, so their reasons come from the alert; the model's are recomputed.
    reasons = [
        (
            reason["summary"],
            reason["strength"] or "-",
            reason["code"],
            reason["feature"] or "-",
            _number(reason["contribution"]),
        )
        for reason in [*_rules(record), *_reasons(record, found)]
    ]
    yield Rows(("reason", "signal", "code", "feature", "log-odds"), reasons)
    parts = [
        (part.feature, f"{part.value:.6g} {part.unit}", _number(part.usual), _number(part.contribution))
        for part in found.parts[:SHOWN]
    ]
    yield Rows(("feature", "value", "usual", "log-odds"), parts)
    if found.expected is not None:
        rest = sum(part.contribution or 0 for part in found.parts[SHOWN:])
        more = len(found.parts) - SHOWN
        yield f"{more} more features add {rest:+.4f} to a base value of {found.expected:+.4f} log-odds"


def _rules(record: AlertRecord) -> list[dict[str, Any]]:
    from fraudstream.readers.reason_summary import summarize

    return [summarize(rule, record.alert["currency"]) for rule in record.rules]


def _reasons(record: AlertRecord, found: Explanation) -> list[dict[str, Any]]:
    from fraudstream.readers.reason_summary import summarize

    alert = record.alert
    return [
        summarize(asdict(reason) | {"text": reason.code.text}, alert["currency"], alert["features"])
        for reason in found.reasons
    ]


def _sequence_numbers(numbers: Sequence[int]) -> str:
    """Return the numbers of an alert's entity events; an alert of an earlier version has none."""
    from models.features.entity import ENTITIES

    named = [f"{entity.name} {number}" for entity, number in zip(ENTITIES, numbers, strict=False) if number >= 0]
    return ", ".join(named) or "none"


def _labels_of_entities(alert: dict[str, Any]) -> dict[str, str]:
    """Return the labels known to each entity with labels; an alert of an earlier version has none."""
    from models.features.entity import ENTITIES, LABELLED_ENTITIES

    # Sequence numbers of declared entities follow, which have no labels.
    offsets, count = alert["entity_label_offsets"], min(max(len(alert["entity_sequences"]), 1), len(ENTITIES))
    each = len(offsets) // count
    known = [offsets[number * each : (number + 1) * each] for number in range(count if each else 0)]
    named = zip(LABELLED_ENTITIES, known, strict=False)
    return {f"labels known of the {entity.name}": _labels_known(found) for entity, found in named}


def _labels_known(label_offsets: Sequence[int]) -> str:
    return f"up to offsets {', '.join(map(label_offset_text, label_offsets)) or 'none'}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4g}"
