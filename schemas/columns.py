"""The canonical columns: one Arrow schema for Parquet files, batches and replays."""

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import ColumnError, UserError
from schemas.file_limits import USUAL_LIMITS, FileLimits
from schemas.flag_column import flag_column
from schemas.history_rules import broken_rules
from schemas.s3_path import arrow_source, reading
from schemas.time_column import UTC_MS, require_timezone, time_column
from schemas.transaction_fields import LABEL_FIELDS, TRANSACTION_FIELDS, Reader, arrow_schema
from schemas.transaction_key import transaction_keys
from schemas.value_columns import float_column, plain, text_column, whole_number_column

EVENT_TIME = UTC_MS

TRANSACTION_ARROW = arrow_schema(TRANSACTION_FIELDS)

LABEL_ARROW = arrow_schema(LABEL_FIELDS)

LABELLED_ARROW = pa.schema([*TRANSACTION_ARROW, LABEL_ARROW.field("is_fraud"), LABEL_ARROW.field("label_time")])

INFERENCE_ARROW = pa.schema(
    [
        *(field.arrow for field in TRANSACTION_FIELDS if field.readers & Reader.INFERENCE),
        pa.field("scored_at", EVENT_TIME, nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("model_id", pa.string(), nullable=False),
        pa.field("feature_spec_hash", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("label_offsets", pa.list_(pa.int64()), nullable=False),
        pa.field("features", pa.list_(pa.float32()), nullable=False),
        pa.field("entity_sequences", pa.list_(pa.int64())),  # null in archives of earlier versions, as the next
        pa.field("entity_label_offsets", pa.list_(pa.int64())),
    ]
)

SCORE_ARROW = pa.schema(
    INFERENCE_ARROW.field(name)
    for name in (
        "transaction_id",
        "customer_id",
        "partition",
        "offset",
        "label_offsets",
        "entity_sequences",
        "entity_label_offsets",
    )
)
"""Columns of scores that recomputation reads."""

LABEL_FILE_ARROW = pa.schema(
    [LABELLED_ARROW.field(name) for name in ("customer_id", "transaction_id", "is_fraud", "label_time")]
)
"""Columns of a file of labels alone; the customer is among them, since two customers may use one transaction_id."""

OPTIONAL_COLUMNS = frozenset(field.name for field in TRANSACTION_FIELDS if field.nullable)
"""Columns that a file may leave out."""

SHOWN_ROWS = 5
"""Rows that a message names of those that are empty."""

SHOWN_NAMES = 30
"""Columns that a message lists of a file that lacks some."""

_LABELS = ("is_fraud", "label_time")
_GZIP = b"\x1f\x8b"

_log = logging.getLogger(__name__)


def read_history(
    path: Path, schema: pa.Schema = LABELLED_ARROW, *, timezone: str | None = None, limits: FileLimits = USUAL_LIMITS
) -> pa.Table:
    """Read a Parquet file in the canonical columns, in the order of their event times.

    Every reader of users' files goes through here, so that all refuse and accept the same. OPTIONAL_COLUMNS may be
    absent; columns beyond the schema are kept behind it. Where is_fraud or label_time is empty the label is unknown,
    and both are null.

    Parameters
    ----------
    schema : pyarrow.Schema
        LABELLED_ARROW or TRANSACTION_ARROW, with declared columns after it.
    timezone : str, optional
        IANA time zone of times that have none; without it they are refused.
    limits : FileLimits
        On years and amounts.

    Raises
    ------
    UserError
        The file is missing or not Parquet, or has rows that the job would refuse; a line for each mistake.
    """
    table, columns = _read_columns(path, schema, timezone, limits)
    extra = {name: table[name] for name in table.column_names if name not in columns}
    fields = [
        *(field.with_nullable(field.nullable or columns[field.name].null_count > 0) for field in schema),
        *(table.schema.field(name) for name in extra),
    ]
    _warn_of_repeated(path, columns)
    # A stable sort: transactions of the same millisecond keep the file's order.
    ordered = pa.table({**columns, **extra}, schema=pa.schema(fields))
    return ordered.take(_stable_order(ordered["event_time"]))


def read_label_file(path: Path, *, timezone: str | None = None, limits: FileLimits = USUAL_LIMITS) -> pa.Table:
    """Read the labels of a Parquet file with the columns of LABEL_FILE_ARROW; unknown ones are left out.

    Raises
    ------
    UserError
        As of `read_history`.
    """
    _, columns = _read_columns(path, LABEL_FILE_ARROW, timezone, limits)
    labels = pa.table({field.name: columns[field.name] for field in LABEL_FILE_ARROW})
    return labels.filter(labels["label_time"].is_valid()).cast(LABEL_FILE_ARROW)


def known_labels(table: pa.Table) -> pa.Table:
    """Return the labels of a history in the columns of LABEL_ARROW, without the rows whose label is unknown."""
    labels = table.select(LABEL_ARROW.names)
    return labels.filter(labels["label_time"].is_valid()).cast(LABEL_ARROW)


def _read_columns(
    path: Path, schema: pa.Schema, timezone: str | None, limits: FileLimits
) -> tuple[pa.Table, dict[str, pa.ChunkedArray]]:
    """Return a file, and its columns of the schema in their canonical types; or refuse it with all that is wrong."""
    if timezone is not None:
        require_timezone(timezone)
    table = _read(path)
    problems = _missing_columns(table, schema)
    columns: dict[str, pa.ChunkedArray] = {}
    for field in schema:
        if field.name not in table.column_names and field.name not in OPTIONAL_COLUMNS:
            continue
        try:
            columns[field.name] = _column(table, field, timezone)
        except ColumnError as error:
            problems.append(str(error))
    problems += broken_rules(columns, limits)
    if problems:
        raise UserError(_refusal(path, problems))
    if not len(table):
        raise UserError(f"{path}: expected transactions, got an empty file. Give another one")
    if "is_fraud" in columns:
        columns |= _known_together(path, columns)
    return table, columns


def _read(path: Path) -> pa.Table:
    if path.is_dir():
        raise UserError(f"expected a Parquet file at {path}, got a folder. Name a file of it, or join them to one")
    try:
        with reading(path), pq.ParquetFile(arrow_source(path)) as file:
            _refuse_repeated(path, file.schema_arrow.names)
            return pq.read_table(arrow_source(path), partitioning=None)
    except FileNotFoundError:
        raise UserError(f"expected a Parquet file at {path}, got none. Make one with `simulate`") from None
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"expected a Parquet file at {path}, got: {_first_line(error)}. {_conversion(path)}") from None


def _refuse_repeated(path: Path, names: list[str]) -> None:
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise UserError(
            f"{path}: expected each column once, got {', '.join(repeated)} more than once. Rename or drop one"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0].rstrip(".")


def _conversion(path: Path) -> str:
    """Return what to do with a file that is no Parquet."""
    try:
        with path.open("rb") as file:
            begin = file.read(len(_GZIP))
    except OSError:
        begin = b""
    if begin == _GZIP:
        return "It is compressed: unpack it with gunzip first"
    return "Import a CSV with `import`"


def _missing_columns(table: pa.Table, schema: pa.Schema) -> list[str]:
    """Return a line on the columns that a file lacks, with names that may be meant; none where it has all."""
    missing = [field for field in schema if field.name not in table.column_names and field.name not in OPTIONAL_COLUMNS]
    if not missing:
        return []
    others = [name for name in table.column_names if name not in schema.names]
    by_case = {name.strip().lower(): name for name in others}
    listed = ", ".join(f"{field.name!r} ({field.type})" for field in missing)
    got = ", ".join(table.column_names[:SHOWN_NAMES]) or "none"
    more = f" and {table.num_columns - SHOWN_NAMES:,} more" if table.num_columns > SHOWN_NAMES else ""
    near = {field.name: by_case[field.name] for field in missing if field.name in by_case}
    meant = "".join(f"; {name!r} may be {other!r}" for name, other in near.items())
    them = "them" if len(missing) > 1 else "it"
    return [
        f"expected the column{'s' if len(missing) > 1 else ''} {listed}, got {got}{more}{meant}. "
        f"{'Rename' if near else 'Add'} {them}"
    ]


def _column(table: pa.Table, field: pa.Field, timezone: str | None) -> pa.ChunkedArray:
    name = field.name
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(len(table), field.type)])
    try:
        column = _converted(plain(table[name]), field, timezone)
    except ColumnError as error:
        raise ColumnError(f"{name}: {error}") from None
    except pa.ArrowException as error:
        # Arrow has a type for everything, and conversions for most.
        raise ColumnError(
            f"{name}: expected {field.type}, got {table[name].type} that can't be read as it ({_first_line(error)}). "
            "Convert it"
        ) from None
    if column.null_count and not field.nullable and name not in _LABELS:
        rows = pc.indices_nonzero(column.is_null())[:SHOWN_ROWS].to_pylist()
        raise ColumnError(
            f"{name}: expected no nulls, got {column.null_count:,} (rows {', '.join(map(str, rows))}"
            f"{', ...' if column.null_count > SHOWN_ROWS else ''}). {_fill(field)}"
        )
    return column


def _converted(column: pa.ChunkedArray, field: pa.Field, timezone: str | None) -> pa.ChunkedArray:
    if field.type == EVENT_TIME:
        return time_column(field.name, column, timezone)
    if field.type == pa.bool_():
        return flag_column(column)
    convert = {pa.string(): text_column, pa.int64(): whole_number_column, pa.float64(): float_column}[field.type]
    return convert(field.name, column)


def _fill(field: pa.Field) -> str:
    if field.name in {"transaction_id", "customer_id"}:  # one text for all would make one customer of many
        return "Leave these rows out, or give each its own"
    if field.type != pa.string():
        return "Fill them, or leave these rows out"
    return (
        f'Fill them: df["{field.name}"].fillna("none"); pandas also reads a text NA as empty, '
        "unless pd.read_csv(..., keep_default_na=False)"
    )


def _refusal(path: Path, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{path}: {problems[0]}"
    lines = (f"  {problem}" for problem in problems)
    return "\n".join([f"{path}: expected a history to read, got {len(problems)} problems:", *lines])


def _known_together(path: Path, columns: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
    """Return is_fraud and label_time, both null where one is."""
    flag, time = (columns[name] for name in _LABELS)
    known = pc.and_(flag.is_valid(), time.is_valid())
    unknown = len(known) - pc.sum(known).as_py()
    if not unknown:
        return {}
    _log.warning("%s: %s rows have no label (is_fraud or label_time is empty): they count in the histories alone",
                 path, f"{unknown:,}")  # fmt: skip
    return {name: pc.if_else(known, columns[name], pa.scalar(None, columns[name].type)) for name in _LABELS}


def _warn_of_repeated(path: Path, columns: Mapping[str, pa.ChunkedArray]) -> None:
    keys = transaction_keys(columns)
    repeated = len(keys) - pc.count_distinct(keys).as_py()
    if repeated:
        _log.warning("%s: %s rows repeat a transaction_id of the same customer: the job drops the repetitions",
                     path, f"{repeated:,}")  # fmt: skip


def _stable_order(event_time: pa.ChunkedArray) -> pa.Array:
    milliseconds = event_time.cast(pa.int64()).to_numpy()
    return pa.array(milliseconds.argsort(kind="stable"))
