"""Assignment of customers to models by hash."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features.hashing import hash_column

_BITS = 53
"""Bits of a hash: as many as a float counts exactly."""


def unit_intervals(customers: pa.Array, salt: str) -> NDArray[np.float64]:
    """Map each customer to [0, 1): by the hash of ``SALT/customer_id``, evenly and for good.

    Another salt maps them independently: the customers of one experiment are not those of the next.

    Parameters
    ----------
    customers : pyarrow string array, (n,)

    Returns
    -------
    ndarray of float64, (n,)
    """
    salted = pc.binary_join_element_wise(pa.scalar(salt), customers, "/")
    hashes: NDArray[np.uint64] = hash_column(salted) >> np.uint64(64 - _BITS)
    return hashes / 2.0**_BITS


def deciding_model(customers: pa.Array, challengers: Sequence[tuple[str, float]]) -> NDArray[np.int8]:
    """Return which model decides for each customer.

    Each challenger has its share of all customers: of those that the ones before it leave, as much more. Its own share
    raised adds customers and removes none.

    Parameters
    ----------
    customers : pyarrow string array, (n,)
    challengers : sequence of (model id, share)

    Returns
    -------
    ndarray of int8, (n,)
        0: the champion; k: the k-th challenger.
    """
    decided, left = np.zeros(len(customers), np.int8), 1.0
    for number, (model_id, share) in enumerate(challengers, 1):
        if share > 0:
            decided[(decided == 0) & (unit_intervals(customers, model_id) < share / left)] = number
            left -= share
    return decided
