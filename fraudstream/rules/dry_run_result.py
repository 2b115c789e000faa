"""Dry runs of rule books on past transactions."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from fraudstream.archive.archived_rows import archived_features, is_archive, read_archived_rows, require_past
from fraudstream.archive.comparison_rows import labels_of
from models.declared.declared_engine import DeclaredNumbers
from models.features.batch import DUPLICATE
from models.rules.dry_run import DryRun, DryRunAccumulator
from models.rules.fields import TEXTS, rule_names
from models.rules.rule_batch import NO_LISTS, RuleBatch
from models.rules.rule_engine import RuleEngine
from models.rules.text_table import TextTable
from models.scoring.artifact import Artifact
from models.scoring.backfill import score_history
from models.scoring.served_models import decided
from models.training.history import NO_COLUMNS, Progress, read_labelled
from schemas.declaration.declaration import Declaration
from schemas.file_limits import USUAL_LIMITS, FileLimits
from schemas.rule_book import RuleBook


@dataclass(frozen=True, kw_only=True)
class DryRunResult:
    """Result of a dry run.

    Attributes
    ----------
    left_out : dict of str to list of str
        Rules that were left out, each with the missing columns.
    """

    figures: DryRun
    left_out: dict[str, list[str]]


def dry_run_rules(
    book: RuleBook,
    path: Path,
    artifact: Artifact,
    read_labels: Callable[[], pa.Table | None],
    progress: Progress,
    *,
    timezone: str | None = None,
    limits: FileLimits = USUAL_LIMITS,
    local_zone: str = "UTC",
    lists: Mapping[str, TextTable] = NO_LISTS,
    declaration: Declaration | None = None,
) -> DryRunResult:
    """Run a rule book on past transactions. Nothing is sent.

    Parameters
    ----------
    book
        Rule book, with its snoozes.
    path
        Labelled Parquet file, replayed through the feature engine; or folder from `fraudstream archive`.
    artifact
        Model to run with the rules.
    read_labels
        Returns labels in the columns of LABEL_ARROW for rows without labels; None if there are none.
    progress
        Called with stage, done and total.
    timezone
        IANA time zone of local times in a history.
    limits
        Limits on years and amounts in a history.
    local_zone
        IANA time zone of local times in rules, as in the job.
    lists
        Entries added to lists, by list.
    declaration
        Declaration whose columns and features rules may name; the features are computed over a history.

    Raises
    ------
    RuleError
        The job would refuse the rule book.
    UserError
        The path is neither a labelled Parquet file nor an archive.
    """
    declared = DeclaredNumbers(declaration)
    engine = RuleEngine(book, rule_names(declaration, declared.names))
    require_past(path)
    if is_archive(path):
        columns = () if declaration is None else declaration.arrow.names
        return _on_archive(
            engine, path, artifact, read_labels, progress, local_zone, lists, {*declared.names, *columns}
        )
    read = [] if artifact.row_columns is None else [artifact.row_columns.arrow]
    read += [declaration.arrow] if declaration is not None else []
    further = pa.unify_schemas([NO_COLUMNS, *read])
    table = read_labelled(path, progress, timezone=timezone, limits=limits, further=further)
    return _on_history(engine, table, artifact, progress, local_zone, lists, declared)


def _on_history(
    engine: RuleEngine,
    table: pa.Table,
    artifact: Artifact,
    progress: Progress,
    local_zone: str,
    lists: Mapping[str, TextTable],
    declared: DeclaredNumbers,
) -> DryRunResult:
    tally, done = DryRunAccumulator(engine), 0
    for records, scored in score_history(table, artifact, with_labels=True):
        done += len(records)
        progress("replaying", done, len(table))
        numbers = declared.advance(records)
        first = np.flatnonzero(scored.ingest_status != DUPLICATE)
        if not len(first):
            continue
        kept = records.take(pa.array(first))
        labelled = kept.column("is_fraud").is_valid().to_numpy(zero_copy_only=False)
        is_fraud = kept.column("is_fraud").fill_null(False).to_numpy(zero_copy_only=False)
        further = {name: values[first] for name, values in numbers.items()}
        batch = RuleBatch(kept, scored.x[first], scored.scores[first], local_zone, lists, further)
        tally.add(batch, scored.decisions[first], labelled, is_fraud, kept.column("currency"))
    return DryRunResult(figures=tally.result(), left_out={})


def _on_archive(
    engine: RuleEngine,
    path: Path,
    artifact: Artifact,
    read_labels: Callable[[], pa.Table | None],
    progress: Progress,
    local_zone: str,
    lists: Mapping[str, TextTable],
    declared: Collection[str],
) -> DryRunResult:
    progress("reading the archive", 0, 1)
    rows, _ = read_archived_rows(path, artifact.manifest)
    left_out = _left_out(engine, rows.column_names, declared)
    kept = tuple(rule for rule in engine.book.rules if rule.name not in left_out)
    labels = read_labels()
    nothing = np.zeros(len(rows), np.bool_)
    labelled, is_fraud = (nothing, nothing) if labels is None else labels_of(rows, labels)
    (records,) = rows.combine_chunks().to_batches()
    scores = records.column("score").to_numpy()
    tally = DryRunAccumulator(RuleEngine(replace(engine.book, rules=kept)))
    batch = RuleBatch(records, archived_features(rows), scores, local_zone, lists)
    tally.add(batch, decided(artifact.manifest, scores), labelled, is_fraud)
    return DryRunResult(figures=tally.result(), left_out=left_out)


def _left_out(engine: RuleEngine, columns: Collection[str], declared: Collection[str]) -> dict[str, list[str]]:
    needed = {name for name in TEXTS if name not in columns} | set(declared)
    lacking = {rule.rule.name: [name for name in rule.names if name in needed] for rule in engine.rules}
    return {name: missing for name, missing in lacking.items() if missing}
