"""Check for a few transactions far from all others in time, which would leave a period empty."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.durations import DAY_MS
from schemas.errors import UserError
from schemas.history_rules import written

MAX_GAP = 0.2
"""Maximum gap without transactions, as a share of the history's time."""

MAX_OUTLIERS = 0.01
"""Maximum share of the rows that count as outliers."""


def require_no_outlier(what: str, table: pa.Table) -> None:
    """Refuse a history with a few rows long before or after all others: they would leave a period empty.

    Parameters
    ----------
    what : str
        Beginning of the message.
    table : pyarrow.Table
        In order of event time, with customer_id and transaction_id.

    Raises
    ------
    UserError
    """
    times_ms: NDArray[np.int64] = table["event_time"].cast(pa.int64()).to_numpy()
    gaps = np.diff(times_ms)
    if not len(gaps) or gaps.max() <= MAX_GAP * (times_ms[-1] - times_ms[0]):
        return
    before = int(np.argmax(gaps)) + 1
    few = min(before, len(times_ms) - before)
    if few > max(1, MAX_OUTLIERS * len(times_ms)):
        return
    late = few == len(times_ms) - before
    row = before if late else 0
    days = int(gaps.max()) // DAY_MS
    raise UserError(
        f"{what}: expected transactions spread over the time, got {few:,} that lie {days:,} days "
        f"{'after' if late else 'before'} all others: transaction_id {written(table['transaction_id'][row])!r} of "
        f"{written(table['customer_id'][row])!r} at {written(table['event_time'][row])}. "
        f"The {'validation' if late else 'training'} period would hold nothing "
        "else. Correct these rows or leave them out"
    )
