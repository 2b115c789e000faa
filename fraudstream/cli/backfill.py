from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, out, settings_of, write_json

BATCHES_OF_A_GROUP = 16


def backfill(
    context: typer.Context,
    *,
    history: Annotated[Path, typer.Argument(metavar="FILE", help="Parquet file in the canonical columns.")],
    model: Annotated[Path, typer.Option(help="Folder that `train` wrote.")],
    target: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    without_labels: Annotated[
        bool, typer.Option("--without-labels", help="No label is ever known; the file needs none.")
    ] = False,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Compute the features and scores that a file's transactions would have had, in event order.

    Labels become known at their label_time. It is the job's own code, so each value is what the job would have
    given.

    [bold]Examples[/]

      fraudstream backfill history.parquet --model artifacts/model --out features.parquet
    """
    from itertools import islice

    import pyarrow.parquet as pq
    from pyarrow import Table

    from fraudstream.system.whole_file import whole_file
    from models.scoring.backfill import backfill as backfill_table
    from models.scoring.backfill import backfill_schema
    from models.scoring.loaded_model import load_tested
    from schemas.columns import LABELLED_ARROW, TRANSACTION_ARROW, read_history

    with_labels = not without_labels
    artifact = load_tested(model)
    with err.status(f"reading {history}"):
        schema = LABELLED_ARROW if with_labels else TRANSACTION_ARROW
        own = with_timezone(settings_of(context), timezone)
        table = read_history(history, schema, timezone=own.files.timezone, limits=own.file_limits)
    with (
        whole_file(target) as partial,
        count_bar("scoring", len(table)) as bar,
        pq.ParquetWriter(partial, backfill_schema(with_labels=with_labels)) as writer,
    ):
        batches = backfill_table(table, artifact, with_labels=with_labels)
        # A row group of a few ten thousand rows is what readers like, and bounds the memory.
        while group := list(islice(batches, BATCHES_OF_A_GROUP)):
            writer.write_table(Table.from_batches(group))
            bar.advance(bar.task_ids[0], sum(map(len, group)))
    if as_json:
        write_json({"file": str(target), "transactions": len(table), "model_id": artifact.manifest.model_id})
    else:
        out.print(f"{target}: features and scores of {len(table):,} transactions by {artifact.manifest.model_id}")
