"""Compiled making of entity events."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
import numpy as np

from models.features import hashing
from models.features.compiled import compiled_with
from models.features.hashing import hash_pair


@compiled_with(hashing)
def write_events(customers, transactions, times_ms, amounts_minor, minor_units, salts, values, events):
    """Write one EVENT for each transaction and each entity that it has, and return how many.

    Parameters
    ----------
    customers, transactions : array of uint64, (n,)
        Hashes of the ids.
    salts : array of uint64
        Hash of each entity's name.
    values : tuple of arrays of uint64, (n,)
        Hashes of each entity's column, 0 for null.
    """
    count = 0
    for i in range(customers.size):
        transaction = hash_pair(customers[i], transactions[i])
        amount = np.float32(amounts_minor[i] / minor_units[i])
        for index in range(salts.size):
            value = values[index][i]
            if not value:
                continue
            event = events[count]
            event.key = hash_pair(salts[index], value)
            event.customer = customers[i]
            event.transaction = transaction
            event.event_time_ms = times_ms[i]
            event.amount = amount
            event.row = i * salts.size + index
            count += 1
    return count
