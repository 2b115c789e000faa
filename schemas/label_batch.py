"""Decoding of micro-batches of labels."""

from collections.abc import Callable

from schemas.avro_schemas import LABEL
from schemas.batch_decoder import BatchDecoder, BatchKind
from schemas.registry import SchemaRegistry
from schemas.transaction_fields import LABEL_FIELDS
from schemas.validation import LABEL_CHECKS, Limits
from schemas.wall_clock import now_ms

LABELS = BatchKind(name=LABEL, fields=LABEL_FIELDS, checks=LABEL_CHECKS)


class LabelBatchDecoder(BatchDecoder):
    """Decoder of micro-batches of labels into the columns of LABEL_ARROW."""

    def __init__(
        self, subject: str, registry: SchemaRegistry, limits: Limits, clock: Callable[[], int] = now_ms
    ) -> None:
        super().__init__(LABELS, subject, registry, limits, clock)
