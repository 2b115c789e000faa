"""The scoring job with the minimum of a stage keyed by merchant in front of the customers'.

Records go from their customers' shards to their merchants' and back, a batch at a time. Merchants' state, its features
and the order that is to be restored afterwards would come on top.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pyflink.common import Row
from pyflink.datastream import DataStream, KeyedProcessFunction, RuntimeContext
from pyflink.table import StreamTableEnvironment

from jobs import record_types as types
from jobs import score_transactions, sources, topology
from jobs.job_config import JobConfig
from jobs.operator_uids import TRANSACTIONS
from jobs.shards import SHARD_KEYS
from models.features.hashing import hash_column
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from schemas.transaction_batch import TransactionBatchDecoder

from_customers = sources.micro_batches


class ToMerchants(KeyedProcessFunction):
    """Router of a customers' shard to the shards of the merchants, which are named in the payload."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:  # noqa: ARG002
        """Create the decoder."""
        config = self._config
        subject = value_subject(config.topics.transactions)
        self._decoder = TransactionBatchDecoder(subject, open_registry(config.registry), config.limits)
        self._keys = np.array(SHARD_KEYS[config.shards], np.int64)

    def process_element(self, value: Any, _ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Process a MICRO_BATCH; emit SHARDED_BATCHes."""
        _, keys, payloads, _, stamps = value
        batch = self._decoder.decode(keys, payloads, types.kafka_times_ms(stamps))
        if batch.rejections:
            raise ValueError(f"expected good records, got {batch.rejections[0]}: fill the topic with `simulate`")
        merchants = hash_column(batch.records.column("merchant_id")) % np.uint64(len(self._keys))
        yield from split(value, self._keys[merchants])


class ToCustomers(KeyedProcessFunction):
    """Router of a merchants' shard back to the shards of the customers."""

    def process_element(self, value: Any, _ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Process a MICRO_BATCH; emit SHARDED_BATCHes."""
        yield from split(value, np.array(value[4], np.int64) & types.STAMP_MASK)


def split(batch: Any, shards: npt.NDArray[np.int64]) -> Iterator[Row]:
    """Split a MICRO_BATCH of n records by their shards, (n,)."""
    kind, *columns = batch
    for shard in np.unique(shards).tolist():
        rows = np.flatnonzero(shards == shard).tolist()
        yield Row(shard, Row(kind, *([column[row] for row in rows] for column in columns)))


def through_merchants(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Return the job's micro-batches, routed through the merchants' shards: rows of SHARDED_BATCH."""
    batches = from_customers(tables, config)
    for name, operator in (("to-merchants", ToMerchants(config)), ("to-customers", ToCustomers())):
        keyed = topology.key_by_first(batches, types.SHARD, types.MICRO_BATCH)
        batches = keyed.process(operator, types.SHARDED_BATCH).uid(name).name(name)
    return batches


if __name__ == "__main__":
    vars(sources)["BATCHES"] = {**sources.BATCHES, TRANSACTIONS: through_merchants}
    score_transactions.main(sys.argv[1:])
