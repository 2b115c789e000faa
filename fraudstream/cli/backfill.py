"""Command `backfill`."""

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, settings_of, show

BATCHES_OF_A_GROUP = 16


def backfill(
    context: typer.Context,
    *,
    history: Annotated[Path, path_argument(metavar="FILE", help="Parquet file in the canonical columns.")],
    model: Annotated[Path, path_option(help="Folder of the model artifact.")],
    target: Annotated[Path, path_option("--out", help="Parquet file to write.")],
    without_labels: Annotated[
        bool, typer.Option("--without-labels", help="Compute without labels; the file needs none.")
    ] = False,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Compute point-in-time features and scores of the transactions in a file.

    Labels become known at their label_time. The job's own code computes each value, so it is the value that the job
    would have computed.

    [bold]Examples[/]

      fraudstream backfill history.parquet --model artifacts/model --out features.parquet
    """
    from itertools import islice

    import pyarrow.parquet as pq
    from pyarrow import Table

    from models.scoring.backfill import backfill as backfill_table
    from models.scoring.backfill import backfill_schema, history_schema
    from models.scoring.loaded_model import load_tested
    from models.whole_file import whole_file
    from schemas.columns import read_history

    with_labels = not without_labels
    artifact = load_tested(model)
    with err.status(f"reading {history}"):
        own = with_timezone(settings_of(context), timezone)
        table = read_history(
            history,
            history_schema(artifact, with_labels=with_labels),
            timezone=own.files.timezone,
            limits=own.file_limits,
        )
    with (
        whole_file(target) as partial,
        count_bar("scoring", len(table)) as bar,
        pq.ParquetWriter(partial, backfill_schema(artifact, with_labels=with_labels)) as writer,
    ):
        batches = backfill_table(table, artifact, with_labels=with_labels)
        # A row group of a few ten thousand rows is what readers like, and bounds the memory.
        while group := list(islice(batches, BATCHES_OF_A_GROUP)):
            writer.write_table(Table.from_batches(group))
            bar.advance(bar.task_ids[0], sum(map(len, group)))
    model_id = artifact.manifest.model_id
    show(
        {"file": str(target), "transactions": len(table), "model_id": model_id},
        f"{target}: features and scores of {len(table):,} transactions by {model_id}",
        as_json=as_json,
    )
