"""Logged decisions of one model."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fraudstream.archive.archive_folder import (
    LOG_OFFSET,
    LOG_PARTITION,
    OTHER_FEATURES,
    STATE_FILE,
    archive_table,
    read_archived_files,
)
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.position import position_of
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.system.failures import NotReady
from models.features.table import FEATURE_NAMES
from models.scoring.artifact import Manifest
from models.scoring.inference_sample import InferenceSample
from models.scoring.recorded_sequences import NamedSequences
from schemas.avro_schemas import INFERENCE
from schemas.columnar_decoder import ColumnarDecoder
from schemas.columns import INFERENCE_ARROW
from schemas.position import position
from schemas.registry import value_subject

ROWS_AT_ONCE = 10_000
_COLUMNS = [name for name in INFERENCE_ARROW.names if name != "features"]


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Logged decisions of one model, from the inference topic or its archive.

    Parameters
    ----------
    sample : InferenceSample
        Each position once; features that an earlier version did not log are NaN.
    sequences : NamedSequences
        Of the records of all models.
    repeated : int
        Rows left out since the same position was logged again later.
    undecodable : int
        Records that are none.
    """

    sample: InferenceSample
    sequences: NamedSequences
    repeated: int
    other_models: int
    undecodable: int


def read_logged(broker: Broker, manifest: Manifest) -> Logged:
    """Read what the inference topic holds now of a model."""
    topic = broker.topics.inference
    decoder = ColumnarDecoder(INFERENCE, INFERENCE_ARROW, value_subject(topic), registry_of(broker.settings))
    tables, undecodable = [], 0
    messages = read_topic(broker, topic)
    while some := list(islice(messages, ROWS_AT_ONCE)):
        records, bad = decoder.decode([message.value() or b"" for message in some])
        wrong = set(bad)
        undecodable += len(bad)
        positions = [position_of(message) for row, message in enumerate(some) if row not in wrong]
        tables.append(archive_table(records, positions))
    return _logged(iter(tables), manifest, undecodable)


def read_archived(folder: Path, manifest: Manifest) -> Logged:
    """Read what an archive holds of a model.

    Raises
    ------
    NotReady
        There is no archive.
    """
    if not (folder / STATE_FILE).is_file():
        raise NotReady(f"expected an archive at {folder}, got none: make one with `fraudstream archive --out {folder}`")
    found = read_archived_files(folder, [*_COLUMNS, LOG_PARTITION, LOG_OFFSET, *FEATURE_NAMES, OTHER_FEATURES])
    return _logged(iter([] if found is None else [found]), manifest, 0)


def _logged(tables: Iterator[pa.Table], manifest: Manifest, undecodable: int) -> Logged:
    found = list(tables)
    table = pa.concat_tables(found) if found else archive_table(pa.RecordBatch.from_pylist([], INFERENCE_ARROW), [])
    table = table.sort_by([(LOG_PARTITION, "ascending"), (LOG_OFFSET, "ascending")])
    named = pc.and_(
        pc.equal(table["model_id"], manifest.model_id),
        pc.equal(table["feature_spec_hash"], manifest.feature_spec_hash),
    )
    # A record that only names our table has other features.
    ours = pc.fill_null(pc.and_(named, _has_features(table, manifest)), False)
    last, of_model = _last(table), ours.to_numpy()
    every = _batch(table.take(pa.array(last)))
    rows = np.flatnonzero(of_model[last])
    sampled = every.take(pa.array(rows))
    return Logged(
        sample=InferenceSample.of(sampled, _features(sampled, manifest)),
        sequences=NamedSequences.of([every]),
        repeated=int(of_model.sum()) - len(rows),
        other_models=len(table) - int(of_model.sum()),
        undecodable=undecodable,
    )


def _has_features(table: pa.Table, manifest: Manifest) -> pa.ChunkedArray:
    if manifest.declared is None:
        return pc.is_valid(table[FEATURE_NAMES[0]])
    return pc.equal(pc.list_value_length(table[OTHER_FEATURES]), manifest.width)


def _features(records: pa.RecordBatch, manifest: Manifest) -> NDArray[np.float32]:
    """Return the features of n records, (n, F): with declared columns they are in a list."""
    if manifest.declared is not None:
        lists = records.column(OTHER_FEATURES)
        return np.asarray(lists.flatten().to_numpy(), np.float32).reshape(len(records), manifest.width)
    x = np.empty((len(records), len(FEATURE_NAMES)), np.float32)
    for column, name in enumerate(FEATURE_NAMES):
        x[:, column] = records.column(name).to_numpy(zero_copy_only=False)
    return x


def _last(table: pa.Table) -> NDArray[np.int64]:
    """Return the last row of each position, of any model, in the sequence of the table.

    After a restart the job scores again what came after its last checkpoint, maybe knowing other labels; what it
    had made of it before is gone from its state.
    """
    positions = position(*(table[name].to_numpy().astype(np.int64) for name in ("partition", "offset")))
    _, backwards = np.unique(positions[::-1], return_index=True)
    return np.sort(len(positions) - 1 - backwards)


def _batch(table: pa.Table) -> pa.RecordBatch:
    return (table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)])[0]
