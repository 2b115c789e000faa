"""Columns of a small file of labelled transactions."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

ROWS = 6
START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def columns(**other):
    """Return the canonical columns of some rows, some replaced; None leaves a column out."""
    times = [START + timedelta(hours=row) for row in range(ROWS)]
    whole = {
        "transaction_id": [f"t-{row}" for row in range(ROWS)],
        "customer_id": ["c-1"] * ROWS,
        "merchant_id": ["m-1"] * ROWS,
        "merchant_category": ["grocery"] * ROWS,
        "transaction_type": ["purchase"] * ROWS,
        "amount_minor": [1_458] * ROWS,
        "currency": ["EUR"] * ROWS,
        "event_time": pa.array(times, pa.timestamp("ms", "UTC")),
        "is_fraud": [False, True] * (ROWS // 2),
        "label_time": pa.array([time + timedelta(days=7) for time in times], pa.timestamp("ms", "UTC")),
    }
    return {name: values for name, values in (whole | other).items() if values is not None}


def at(value, unit):
    return (np.array([value] * ROWS, np.float64) * unit).astype(np.int64)
