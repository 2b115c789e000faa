"""Decoding of micro-batches of transactions."""

from collections.abc import Callable

from schemas.avro_schemas import TRANSACTION
from schemas.batch_decoder import BatchDecoder, BatchKind
from schemas.registry import SchemaRegistry
from schemas.transaction_fields import TRANSACTION_FIELDS
from schemas.validation import TRANSACTION_CHECKS, Limits
from schemas.wall_clock import now_ms

TRANSACTIONS = BatchKind(name=TRANSACTION, fields=TRANSACTION_FIELDS, checks=TRANSACTION_CHECKS)


class TransactionBatchDecoder(BatchDecoder):
    """Decoder of micro-batches of transactions into the columns of TRANSACTION_ARROW."""

    def __init__(
        self, subject: str, registry: SchemaRegistry, limits: Limits, clock: Callable[[], int] = now_ms
    ) -> None:
        super().__init__(TRANSACTIONS, subject, registry, limits, clock)
