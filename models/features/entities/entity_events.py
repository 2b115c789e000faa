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
    warm_up()
    events = np.empty(records.num_rows * len(ENTITIES), EVENT)
    count = write_events(
        hash_column(required(records, "customer_id")),
        hash_column(required(records, "transaction_id")),
        numbers(required(records, "event_time"), np.int64),
        numbers(required(records, "amount_minor"), np.int64),
        minor_units(records.column("currency")),
        salts(ENTITIES),
        tuple(hash_column(records.column(entity.column)) for entity in ENTITIES),
        events,
    )
    return events[:count]


def units_of(records: pa.RecordBatch, events: NDArray[Any]) -> NDArray[np.float64]:
    """Return the minor units of the currency of each event's transaction, (m,), see `minor_units`."""
    units: NDArray[np.float64] = minor_units(records.column("currency"))[events["row"] // len(ENTITIES)]
    return units
