"""Compiled making of entity events."""

# Compiled, so typed by its arguments and not by annotations.
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
import numpy as np

from models.features import hashing
from models.features.compiled import compiled_with
from models.features.hashing import hash_pair


@compiled_with(hashing)
def write_keys(salt, values, keys, index):
    """Write the keys of an entity, from the hashes of its column and of its name, into a column of ``keys``."""
    for i in range(values.size):
        keys[i, index] = hash_pair(salt, values[i]) if values[i] else np.uint64(0)


@compiled_with(hashing)
def write_events(customers, transactions, times_ms, amounts_minor, minor_units, keys, events):
    """Write one EVENT for each transaction and each entity that it has, and return how many.

    Parameters
    ----------
    customers, transactions : array of uint64, (n,)
        Hashes of the ids.
    keys : array of uint64, (n, entities)
        `entity_keys`.
    """
    count = 0
    for i in range(customers.size):
        transaction = hash_pair(customers[i], transactions[i])
        amount = np.float32(amounts_minor[i] / minor_units[i])
        for index in range(keys.shape[1]):
            if not keys[i, index]:
                continue
            event = events[count]
            event.key = keys[i, index]
            event.customer = customers[i]
            event.transaction = transaction
            event.event_time_ms = times_ms[i]
            event.amount = amount
            event.row = i * keys.shape[1] + index
            count += 1
    return count
