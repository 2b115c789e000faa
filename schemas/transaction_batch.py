from collections.abc import Callable

from schemas.avro_schemas import TRANSACTION
from schemas.batch_checks import breaks_limits
from schemas.batch_decoder import BatchDecoder, BatchKind
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import SchemaRegistry
from schemas.transaction_columns import TransactionColumns
from schemas.validation import TRANSACTION_CHECKS, Limits
from schemas.wall_clock import now_ms

_TRANSACTIONS = BatchKind(
    name=TRANSACTION,
    arrow=TRANSACTION_ARROW,
    view=TransactionColumns.of,
    breaks_limits=breaks_limits,
    checks=TRANSACTION_CHECKS,
)


class TransactionBatchDecoder(BatchDecoder[TransactionColumns]):
    """Decodes a micro-batch of transactions into the columns of TRANSACTION_ARROW."""

    def __init__(
        self, subject: str, registry: SchemaRegistry, limits: Limits, clock: Callable[[], int] = now_ms
    ) -> None:
        super().__init__(_TRANSACTIONS, subject, registry, limits, clock)
