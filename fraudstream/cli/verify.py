from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.terminal import AsJson, count_bar, out, settings_of, stage_shower, write_json, write_table

if TYPE_CHECKING:
    from fraudstream.archive.inference_samples import Logged
    from models.scoring.consistency import Consistency


def verify(
    context: typer.Context,
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model that the job scores with.")],
    archive: Annotated[
        Path | None, typer.Option(help="Folder that `archive` wrote, instead of the inference topic.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute what the job logged once more from its topics, and compare bit for bit.

    Both topics must still hold all that the job read; of a labels topic that was deleted and created again, what was
    logged before is counted and left out. The last line of the output is one JSON object; with --json
    it is the only one. Exit code 1 when anything differs or is missing.

    [bold]Examples[/]

      fraudstream verify --model artifacts/model
      fraudstream verify --model artifacts/model --archive artifacts/inference --json
    """
    from fraudstream.archive.inference_samples import read_archived, read_logged
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.readers.placed_records import read_labels, read_transactions
    from fraudstream.system.failures import NotReady
    from models.scoring.consistency import compare
    from models.scoring.loaded_model import load_tested
    from models.scoring.recompute import recompute

    settings = settings_of(context)
    artifact = load_tested(model)
    broker = Broker.of(settings)
    topics = settings.topics
    require_topics(broker, topics.inference, topics.transactions, topics.labels)
    with count_bar("reading what was logged", None) as bar:
        show = stage_shower(bar)
        # First what was logged: what it is about lies in the other topics by then.
        logged = read_archived(archive, artifact.manifest) if archive else read_logged(broker, artifact.manifest)
        if not len(logged.sample):
            raise NotReady(
                f"expected records of the model {artifact.manifest.model_id} in {archive or topics.inference}, was "
                f"none, and {logged.other_models:,} of other models: name the job's own --model, and let the job run "
                "with job.feature_log_share over 0"
            )
        # What was logged of a labels topic that is gone can't be computed again.
        sample = logged.sample.of_present_labels()
        transactions = read_transactions(
            broker,
            set(sample.customers),
            progress=lambda read: bar.update(bar.task_ids[0], description="reading transactions", completed=read),
        )
        labels = read_labels(
            broker,
            progress=lambda read: bar.update(bar.task_ids[0], description="reading labels", completed=read),
        )
        again = recompute(
            sample,
            transactions,
            labels,
            artifact,
            progress=lambda done, total: show("scoring again", done, total),
        )
    found = compare(sample, again)
    earlier = len(logged.sample) - len(sample)
    if not as_json:
        _show(found, logged, earlier)
    write_json(
        {
            "consistent": found.consistent,
            "logged": len(logged.sample),
            "earlier_labels_topic": earlier,
            **asdict(found),
            **{name: getattr(logged, name) for name in ("repeated", "other_models", "undecodable")},
        }
    )
    if not found.consistent:
        raise typer.Exit(1)


def _show(found: Consistency, logged: Logged, earlier: int) -> None:
    rows = {
        "logged": len(logged.sample),
        "compared": found.compared,
        "missing": found.missing,
        "mismatching": found.mismatching,
        "labels out of order": found.disordered,
        "logged again after a restart": logged.repeated,
        "upon labels of a topic that is gone": earlier,
        "of other models": logged.other_models,
        "undecodable": logged.undecodable,
    }
    write_table(("transactions", "count"), [(name, f"{count:,}") for name, count in rows.items()])
    if found.differences:
        differences = [(name, f"{item.rows:,}", f"{item.largest:.3g}") for name, item in found.differences.items()]
        write_table(("differs", "transactions", "at most by"), differences)
    same = "[green]The same to the last bit[/]"
    out.print(same if found.consistent else "[red]Not the same[/]")
    if logged.sample.knows_former_labels and not found.consistent:
        out.print("The labels topic was created again: where the former one's labels are not in it, features differ")
