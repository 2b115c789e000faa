"""Scored transactions for rules."""

from typing import Any

import numpy as np
import pyarrow as pa

from models.features.table import FEATURE_NAMES, FEATURES
from models.rules.rule_batch import RuleBatch
from schemas.columns import TRANSACTION_ARROW
from tests.records import transaction


def rule_batch(*rows: dict[str, Any]) -> RuleBatch:
    """Return a transaction per row with the given features, score and texts; others have defaults."""
    texts = [{name: value for name, value in row.items() if name in TRANSACTION_ARROW.names} for row in rows]
    records = pa.RecordBatch.from_pylist(
        [transaction(number, **found) for number, found in enumerate(texts)], schema=TRANSACTION_ARROW
    )
    x = np.tile(np.array([feature.missing for feature in FEATURES], np.float32), (len(rows), 1))
    for number, row in enumerate(rows):
        for name in row.keys() & set(FEATURE_NAMES):
            x[number, FEATURE_NAMES.index(name)] = row[name]
    return RuleBatch(records, x, np.array([row.get("score", 0.0) for row in rows], np.float32))
