"""Command `verify`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from fraudstream.cli.path_parameter import path_option
from fraudstream.terminal import AsJson, Rows, count_bar, settings_of, show, stage_shower

if TYPE_CHECKING:
    from fraudstream.archive.inference_samples import Logged
    from models.scoring.consistency import Consistency


def verify(
    context: typer.Context,
    *,
    model: Annotated[Path, path_option(help="Folder of the model artifact in use.")],
    archive: Annotated[Path | None, path_option(help="Folder from `archive`, instead of the inference topic.")] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute logged scores from the topics and compare them bit for bit.

    The transactions and labels topics must still have all that the job read, and the scores topic the scores of all
    transactions that are not logged. Records logged before the labels topic was recreated are counted and left out.
    The last line of the output is one JSON object; with --json it is the only one. Exit code 1 when a score differs or
    is missing.

    [bold]Examples[/]

      fraudstream verify --model artifacts/model
      fraudstream verify --model artifacts/model --archive artifacts/inference --json
    """
    from fraudstream.archive.inference_samples import read_archived, read_logged
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.readers.positioned_records import read_labels, read_transactions
    from fraudstream.readers.scored_sequences import read_scored_sequences
    from fraudstream.system.failures import NotReady
    from models.features.row_columns import names_with
    from models.scoring.consistency import compare
    from models.scoring.declared_check import require_declaration
    from models.scoring.loaded_model import load_tested
    from models.scoring.recompute import recompute
    from models.scoring.recorded_sequences import RecordedSequences

    settings = settings_of(context)
    artifact = load_tested(model)
    require_declaration(artifact.manifest, settings.declaration)
    broker = Broker.of(settings)
    topics = settings.topics
    require_topics(broker, topics.inference, topics.transactions, topics.labels)
    with count_bar("reading logged scores", None) as bar:
        progress = stage_shower(bar)
        # Logged scores first: at that time their transactions and labels are in the other topics.
        logged = read_archived(archive, artifact.manifest) if archive else read_logged(broker, artifact.manifest)
        if not len(logged.sample):
            raise NotReady(
                f"expected records of the model {artifact.manifest.model_id} in {archive or topics.inference}, found "
                f"none, and {logged.other_models:,} of other models. Name the job's model with --model, and run the "
                "job with job.feature_log_share above 0"
            )
        # Without the former labels topic its scores can't be recomputed.
        sample = logged.sample.of_present_labels()
        with_entities = bool(sample.with_entities.any())
        transactions = read_transactions(
            broker,
            None if with_entities else set(sample.customers),
            progress=lambda read: progress("reading transactions", read, 0),
        )
        labels = read_labels(broker, progress=lambda read: progress("reading labels", read, 0))
        recorded = RecordedSequences.of(transactions, logged.sequences)
        if with_entities and not recorded.known.all():
            require_topics(broker, topics.scores)
            # Scores last: by then the transactions have theirs.
            scored = read_scored_sequences(broker, progress=lambda read: progress("reading scores", read, 0))
            recorded = RecordedSequences.of(transactions, logged.sequences, scored)
        again = recompute(
            sample,
            transactions,
            labels,
            artifact,
            recorded,
            progress=lambda done, total: progress("recomputing", done, total),
        )
    found = compare(sample, again, names_with(artifact.row_columns))
    earlier = len(logged.sample) - len(sample)
    unrecorded = recorded.unknown if with_entities else 0
    result = {
        "consistent": found.consistent,
        "logged": len(logged.sample),
        "earlier_labels_topic": earlier,
        **asdict(found),
        **{name: getattr(logged, name) for name in ("repeated", "other_models", "undecodable")},
        "unrecorded": unrecorded,
    }
    show(result, *_parts(found, logged, earlier, unrecorded), as_json=as_json, json_last=True)
    if not found.consistent:
        raise typer.Exit(1)


def _parts(found: Consistency, logged: Logged, earlier: int, unrecorded: int) -> Iterator[str | Text | Rows]:
    rows = {
        "logged": len(logged.sample),
        "compared": found.compared,
        "missing": found.missing,
        "mismatching": found.mismatching,
        "labels out of order": found.disordered,
        "sequence numbers used twice": found.shared_numbers,
        "duplicates after a restart": logged.repeated,
        "with labels of a former topic": earlier,
        "of other models": logged.other_models,
        "undecodable": logged.undecodable,
        "neither scored nor logged": unrecorded,
        **{f"{name} not compared": count for name, count in found.entities_uncertain.items()},
    }
    yield Rows(("transactions", "count"), [(name, f"{count:,}") for name, count in rows.items()])
    if found.differences:
        differences = [(name, f"{item.rows:,}", f"{item.largest:.3g}") for name, item in found.differences.items()]
        yield Rows(("value", "different in", "maximum difference"), differences)
    yield Text("Identical", "green") if found.consistent else Text("Not identical", "red")
    if logged.sample.knows_former_labels and not found.consistent:
        yield "The labels topic was recreated: features differ where it lacks labels of the former topic"
    if found.shared_numbers:
        yield "Sequence numbers are used twice while the job repeats its work after a failure. Verify again afterwards"
    if found.entities_uncertain:
        yield (
            f"{unrecorded:,} transactions have no score, so their rank among the events of merchant and device is "
            "unknown, and later features of these were not compared. Verify again when the job has no lag. Keep "
            "job.emit_scores on, or job.feature_log_share at 1, and the scores as long as the transactions"
        )
