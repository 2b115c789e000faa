"""Maps and rows of the tests."""

import numpy as np
import pyarrow as pa

from schemas.file_limits import USUAL_LIMITS
from schemas.mapping.map_parser import parse_map
from schemas.mapping.row_converter import ConvertedRows, RowConverter

FIELDS = {
    "transaction_id": "id",
    "customer_id": "card",
    "merchant_id": "shop",
    "merchant_category": "kind",
    "transaction_type": {"constant": "purchase"},
    "amount_minor": "amount",
    "currency": "currency",
    "event_time": "paid_at",
}
LABELS = {"is_fraud": "fraud", "label_time": "reported_at"}
ROW = {
    "id": "p-1",
    "card": "c-7",
    "shop": "m-12",
    "kind": "grocery",
    "amount": "14.58",
    "currency": "EUR",
    "paid_at": "2026-01-01T09:30:00.250Z",
    "fraud": "0",
    "reported_at": "2026-01-08T09:30:00Z",
}


def tables(columns=None, file=None, hashing=None, **fields):
    """Return the tables of a map with some fields replaced; None leaves a field out."""
    found = {name: field for name, field in {**FIELDS, **fields}.items() if field is not None}
    return {"transaction": found, "columns": columns or {}, "file": file or {}, "hash": hashing or {}}


def convert(mapping, *rows, key=None, limits=USUAL_LIMITS) -> ConvertedRows:
    """Convert rows, each given as its differences from `ROW`."""
    parsed = parse_map(mapping)
    texts = [{**ROW, **row} for row in rows]
    columns = [pa.array([row[name] for row in texts], pa.string()) for name in parsed.columns]
    batch = pa.RecordBatch.from_arrays(columns, parsed.columns)
    return RowConverter(parsed, limits, key).convert(batch, np.arange(1, len(rows) + 1))
