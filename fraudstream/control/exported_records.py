"""Records of one customer, merchant or device in an exported state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fraudstream.control.export_manifest import ExportManifest
from jobs.operators.expiry_index import KEPT_MS
from jobs.shards import customer_bucket, entity_buckets
from jobs.state_files import CUSTOMERS, ENTITIES, StateEntry, read_entries, state_file, state_files
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_keys import entity_keys
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.entities.entity_record import EVENT, decode_entity
from models.features.entity import ENTITIES as ENTITY_KINDS
from models.features.history import decode_history
from models.features.label_record import decode_labels
from models.features.table import LIVE_FEATURES
from models.features.warm_up import warm_up
from schemas.wall_clock import utc_text


def customer_record(folder: Path, customer_id: str) -> dict[str, Any] | None:
    """Return what an export has of a customer, None where it has nothing.

    Raises
    ------
    StateFileError
        The folder has no export.
    """
    found = {entry.handle: entry.value for entry in _of_bucket(folder, CUSTOMERS, customer_bucket(customer_id))
             if entry.key == customer_id}  # fmt: skip
    if not found:
        return None
    record: dict[str, Any] = {"customer_id": customer_id, "snoozed": "snoozes" in found}
    newest_ms = 0
    if raw := found.get("histories"):
        entries, tiles, ids = decode_history(raw)
        newest_ms = int(entries["event_time_ms"][-1]) if len(entries) else 0
        record |= {
            "transactions": [_transaction(entry) for entry in entries],
            "older_transactions": 0 if tiles is None else len(ids.transactions),
        }
    if raw := found.get("customer_labels"):
        record["labels"] = _labels(raw)
    return {**record, "expires_at": utc_text(newest_ms + KEPT_MS) if newest_ms else None}


def entity_record(folder: Path, name: str, value: str) -> dict[str, Any] | None:
    """Return what an export has of a merchant or a device, None where it has nothing.

    Raises
    ------
    StateFileError
        The folder has no export.
    """
    entity = next(entity for entity in ENTITY_KINDS if entity.name == name)
    key = entity_keys(pa.RecordBatch.from_pydict({entity.column: [value]}), (entity,))[:, 0]
    signed = str(int(key.view(np.int64)[0]))
    entries = _of_bucket(folder, ENTITIES, int(entity_buckets(key)[0]))
    found = {entry.handle: entry.value for entry in entries if entry.key == signed}
    if not found:
        return None
    record: dict[str, Any] = {entity.column: value}
    if raw := found.get("entities"):
        record |= _entity(name, int(key[0]), raw)
    return {**record, "labels": _labels(found["labels"])} if "labels" in found else record


def _of_bucket(folder: Path, part: str, bucket: int) -> Iterator[StateEntry]:
    ExportManifest.read(folder)
    count = len(state_files(folder, part))
    yield from read_entries(state_file(folder, part, bucket % count), [bucket])


def _entity(name: str, key: int, raw: bytes) -> dict[str, Any]:
    """Return a record in words, with the features of a first transaction after its newest event."""
    warm_up()
    record = decode_entity(raw)
    newest_ms = int(record.entries["event_time_ms"][-1])
    event = np.zeros(1, EVENT)
    event["key"], event["customer"], event["transaction"], event["event_time_ms"] = key, 1, 1, newest_ms + 1
    x = EntityEngine(ENTITY_LAYOUT, load=lambda _key: raw, capacity=1).describe(event)[0]
    names = [feature.name for feature in LIVE_FEATURES if feature.entity == name]
    return {
        "sequence": record.sequence,
        "first_event_at": utc_text(record.first_ms),
        "newest_event_at": utc_text(newest_ms),
        "recent_events": len(record.entries),
        "expires_at": utc_text(newest_ms + KEPT_MS),
        "features": {feature: float(number) for feature, number in zip(names, x, strict=True)},
    }


def _transaction(entry: Any) -> dict[str, Any]:
    return {
        "event_time": utc_text(int(entry["event_time_ms"])),
        "amount": float(entry["amount"]),
        "score": float(entry["score"]),
    }


def _labels(raw: bytes) -> list[dict[str, Any]]:
    return [
        {
            "label_time": utc_text(time_ms),
            "amount_minor": doubled_amount >> 1,
            "is_fraud": bool(doubled_amount & 1),
        }
        for _, time_ms, doubled_amount in decode_labels(raw).labels.tolist()
    ]
