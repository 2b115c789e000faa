"""The identity of a transaction: its customer and its id, since two customers may use one id."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc


def transaction_keys(table: pa.Table | Mapping[str, pa.ChunkedArray]) -> pa.ChunkedArray:
    """Return a text for each row with `customer_id` and `transaction_id` that no other transaction has.

    The customer's length comes first: without it ("ab", "c") and ("a", "bc") would be one.
    """
    size = pc.utf8_length(table["customer_id"]).cast(pa.string())
    return pc.binary_join_element_wise(size, ":", table["customer_id"], table["transaction_id"], "")
