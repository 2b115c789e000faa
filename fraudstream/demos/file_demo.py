"""Demo with the transactions of a file."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from fraudstream.demos.demo import demo_settings, show_model, stream_to_alerts, train_shown
from fraudstream.demos.shown_stream import RATE, Summary
from fraudstream.imports.file_import import HISTORY, TRANSACTIONS
from fraudstream.imports.map_file import read_map
from fraudstream.imports.shown_import import import_by_map
from fraudstream.settings.settings import Settings
from fraudstream.terminal import out
from models.training.training_settings import TrainingSettings
from schemas.columns import LABELLED_ARROW, read_history
from schemas.declaration.with_declared import with_declared
from schemas.errors import UserError


def run_file_demo(settings: Settings, file: Path, map_path: Path, *, holdout_days: float) -> Summary:
    """Import a file, train on all but its last days, send it all to the job, and show the alerts on the last days.

    Parameters
    ----------
    settings : Settings
        Those of the user; the demo has a state folder of its own below theirs.
    file, map_path : Path
        Labelled transactions, and the map of their columns, which is the declaration too.
    holdout_days : float
        Days of event time.

    Raises
    ------
    UserError
        The file can't be imported by the map, has no labels, or too little to train on.
    """
    mapping = read_map(map_path, timezone=settings.files.timezone)
    if not mapping.is_labelled:
        raise UserError(
            f"{map_path}: expected is_fraud and label_time, which a model is trained on, got neither. Map both"
        )
    demo = demo_settings(settings, name="file")
    job = demo.job.model_copy(update={"declaration": map_path.expanduser().absolute()})
    demo = demo.model_copy(update={"job": job})
    declaration = demo.declaration
    folder = demo.model.artifact.with_name("imported")
    summary = import_by_map(demo, file, mapping, folder, holdout_days=holdout_days)
    out.print(f"[bold]1.[/] Train a model on {file.name}, {summary.imported:,} transactions, without its last days")
    training = TrainingSettings(seed=1, timezone=demo.files.timezone, limits=demo.file_limits, declaration=declaration)
    show_model(train_shown(folder / HISTORY, demo.model.artifact, training))
    table = read_history(
        folder / TRANSACTIONS,
        with_declared(LABELLED_ARROW, declaration),
        timezone=demo.files.timezone,
        limits=demo.file_limits,
    )
    past = pq.read_metadata(folder / HISTORY).num_rows  # those before the last days, in any sequence
    shown = table.slice(past)
    frauds = f"{len(shown):,} of the last {holdout_days:g} days, {pc.sum(shown['is_fraud']).as_py() or 0:,} frauds"
    title = f"Send all {len(table):,} transactions, {RATE:,.0f} per second; shown are alerts on the {frauds}"
    return stream_to_alerts(demo, table, title, shown_from=past)
