from collections.abc import Callable

from schemas.avro_schemas import LABEL
from schemas.batch_checks import labels_break_limits
from schemas.batch_decoder import BatchDecoder, BatchKind
from schemas.columns import LABEL_ARROW
from schemas.label_columns import LabelColumns
from schemas.registry import SchemaRegistry
from schemas.validation import LABEL_CHECKS, Limits
from schemas.wall_clock import now_ms

_LABELS = BatchKind(
    name=LABEL,
    arrow=LABEL_ARROW,
    view=LabelColumns.of,
    breaks_limits=labels_break_limits,
    checks=LABEL_CHECKS,
)


class LabelBatchDecoder(BatchDecoder[LabelColumns]):
    """Decodes a micro-batch of labels into the columns of LABEL_ARROW."""

    def __init__(
        self, subject: str, registry: SchemaRegistry, limits: Limits, clock: Callable[[], int] = now_ms
    ) -> None:
        super().__init__(_LABELS, subject, registry, limits, clock)
