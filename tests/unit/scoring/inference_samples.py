"""Samples of the inference log."""

import numpy as np

from models.scoring.inference_sample import InferenceSample


def sample(label_offsets) -> InferenceSample:
    """Return a sample of one customer with these label offsets."""
    vectors = np.array(label_offsets, np.int64)
    rows = len(vectors)
    zeros = np.zeros(rows, np.int64)
    return InferenceSample(
        transactions=[f"t{row}" for row in range(rows)],
        customers=["c"] * rows,
        shards=zeros,
        partitions=zeros,
        offsets=np.arange(rows),
        label_offsets=vectors,
        x=np.zeros((rows, 1), np.float32),
        scores=np.zeros(rows, np.float32),
    )
