"""Command `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, Rows, settings_of, show
from schemas.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fraudstream.imports.import_summary import ImportSummary
    from fraudstream.imports.map_guess import GuessedMap


def import_file(
    context: typer.Context,
    *,
    file: Annotated[Path, path_argument(help="CSV file, also compressed, or Parquet file with your own columns.")],
    map_path: Annotated[
        Path | None, path_option("--map", help="Map of the columns; FILE.map.toml with --guess by default.")
    ] = None,
    folder: Annotated[Path, path_option("--out", help="Folder of the files to write.")] = Path("imported"),
    guess: Annotated[bool, typer.Option("--guess", help="Write a map to start from, and import nothing.")] = False,
    holdout_days: Annotated[
        float | None,
        typer.Option(min=0, help="Also write history.parquet without the last days, to train on."),
    ] = None,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Convert your own CSV or Parquet file to the canonical columns by a map of its columns.

    Writes transactions.parquet, which train, backfill and replay read, labels.parquet, and rejected.csv with the rows
    that do not convert and their reasons. Without --map, writes a map guessed from names and values.

    [bold]Examples[/]

      fraudstream import payments.csv
      fraudstream import payments.csv --map payments.map.toml --out data
      fraudstream import payments.csv.gz --map payments.map.toml --out data --holdout-days 7
    """
    if guess or map_path is None:
        _guess(file, map_path or Path(f"{file.name.split('.')[0]}.map.toml"), as_json=as_json)
        return
    from fraudstream.imports.map_file import read_map
    from fraudstream.imports.shown_import import import_by_map

    own = with_timezone(settings_of(context), timezone)
    mapping = read_map(map_path, timezone=own.files.timezone)
    summary = import_by_map(own, file, mapping, folder, holdout_days=holdout_days)
    result = {"folder": str(folder), **summary.to_dict()}
    show(result, *_summary(summary, folder, labelled=mapping.is_labelled), as_json=as_json)


def _guess(file: Path, target: Path, *, as_json: bool) -> None:
    """Write a map that is guessed from a file."""
    from fraudstream.imports.file_import import open_source
    from fraudstream.imports.map_sample import guess_map_of
    from fraudstream.imports.map_text import map_text
    from models.whole_file import replace_file
    from schemas.mapping.transaction_map import FileFormat

    if target.exists():
        raise UserError(
            f"expected no file at {target}, got one. Import with --map {target}, or write the guess to another with "
            "--guess --map"
        )
    guessed = guess_map_of(open_source(file, FileFormat()))
    replace_file(target, map_text(guessed, file).encode())
    result = {"map": str(target), "missing": guessed.missing}
    show(result, *_guessed(guessed, file, target), as_json=as_json)


def _guessed(guessed: GuessedMap, file: Path, target: Path) -> Iterator[str | Rows]:
    yield f"{target}: a map guessed from {file.name}. Check each line, then: fraudstream import {file} --map {target}"
    yield Rows(("field", "column", "certainty"), [(line.name, line.title, line.note) for line in guessed.fields])
    kept = [line.name for line in guessed.columns if line.active]
    yield f"Further columns: {', '.join(kept) or 'none'}"
    if guessed.missing:
        yield f"Not found: {', '.join(guessed.missing)}"


def _summary(summary: ImportSummary, folder: Path, *, labelled: bool) -> Iterator[str | Rows]:
    found = summary.to_dict()
    yield (
        f"{folder}: imported {summary.imported:,} of {summary.read:,} rows, of {len(summary.customers):,} customers, "
        f"from {found['first']} to {found['last']}"
    )
    if labelled:
        rate = f" ({summary.frauds / summary.labelled:.2%})" if summary.labelled else ""
        yield f"{summary.labelled:,} with a label, {summary.frauds:,} frauds{rate}"
    if summary.rejected:
        yield Rows(("rejected as", "rows", "such as"), summary.reasons())
