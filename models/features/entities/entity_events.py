"""Transactions as their entities see them."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import required
from models.features.entities.entity_keys import salts
from models.features.entities.entity_record import EVENT
from models.features.entities.event_kernel import write_events
from models.features.entity import ENTITIES
from models.features.hashing import hash_column
from models.features.warm_up import warm_up
from schemas.arrow_buffers import numbers
from schemas.currency import minor_units


def entity_events(records: pa.RecordBatch) -> NDArray[Any]:
    """Return one EVENT for each transaction and each entity that it has, in the order of the transactions.

    ``row`` is the transaction's row times the number of entities, plus the entity's index.

    Parameters
    ----------
    records : pyarrow.RecordBatch of TRANSACTION_ARROW, n rows
    """
    return entity_events_and_units(records)[0]


def entity_events_and_units(records: pa.RecordBatch) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return `entity_events`, m of them, and the minor units of the currency of each, (m,), see `minor_units`."""
    warm_up()
    units = minor_units(records.column("currency"))
    events = np.empty(records.num_rows * len(ENTITIES), EVENT)
    count = write_events(
        hash_column(required(records, "customer_id")),
        hash_column(required(records, "transaction_id")),
        numbers(required(records, "event_time"), np.int64),
        numbers(required(records, "amount_minor"), np.int64),
        units,
        salts(ENTITIES),
        tuple(hash_column(records.column(entity.column)) for entity in ENTITIES),
        events,
    )
    found = events[:count]
    return found, units[found["row"] // len(ENTITIES)]
