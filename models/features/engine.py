from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.batch import FeatureBatch
from models.features.risk import RiskTable


class FeatureEngine:
    """Advances customers' histories by batches of transactions and writes the model's input.

    Each batch is three calls: `advance`, then `remember` with the model's scores, then `changed`.

    Parameters
    ----------
    load : callable of str to bytes or None, or None
        Asked for the encoded history of a customer that is not in memory. It must answer with what `changed` last
        gave for that customer. None: there is no store behind, memory is all, so it grows and is never emptied.
    capacity : int
        Customers held in memory; when full it is emptied. A batch with more customers makes it grow.
    category_risk, type_risk : RiskTable
        Fraud rates of merchant_category and transaction_type, from the model's artifact.
    """

    def __init__(
        self,
        *,
        load: Callable[[str], bytes | None] | None,
        capacity: int = 16_384,
        category_risk: RiskTable | None = None,
        type_risk: RiskTable | None = None,
    ) -> None:
        raise NotImplementedError

    def advance(self, records: pa.RecordBatch) -> FeatureBatch:
        """Compute the features of a batch, each event upon all before it, and take the events into the histories."""
        raise NotImplementedError

    def remember(self, batch: FeatureBatch, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Keep the scores with their transactions; return the final ones, duplicates having their first score."""
        raise NotImplementedError

    def changed(self, batch: FeatureBatch) -> dict[str, bytes]:
        """Return the encoded history of each customer that the batch changed, to be stored before the next batch."""
        raise NotImplementedError
