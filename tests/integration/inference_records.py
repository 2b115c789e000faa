"""Records of the inference topic, made without a job."""

from functools import cache

import numpy as np

from jobs.job_config import JobConfig
from jobs.operators.inference_log import InferenceLog
from models.scoring.history_scorer import HistoryScorer
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import FileRegistry
from tests.integration.expected import card_world
from tests.unit.training.histories import artifact


@cache
def inference_records(rows: int) -> list[tuple[bytes, bytes]]:
    """Return keys and values of the inference records of the first transactions of a card world."""
    records = card_world(rows).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    config = JobConfig(bootstrap_servers="b:1", model="m", checkpoint_dir="file:///c", feature_log_share=1)
    scored = HistoryScorer(artifact()).score(records)
    batches = InferenceLog(config, artifact().manifest, FileRegistry()).sample(
        records, scored, np.arange(rows), 4, (1, 2), 1_770_000_000_000
    )
    return [(key.encode(), payload) for _, keys, some in batches for key, payload in zip(keys, some, strict=True)]
