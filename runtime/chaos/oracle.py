from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from models.scoring.artifact import Artifact
from models.scoring.decision import Decision, decide
from models.scoring.naive_replay import naive_scores
from runtime.chaos.verdict import Expected
from schemas.alert_id import alert_id


def consult(sent: pa.Table, artifact: Artifact, *, progress: Callable[[int], None]) -> Expected:
    """Say what must come of a stream, by the naive engine and the artifact's ONNX: nothing that the job computes with.

    Parameters
    ----------
    sent
        All transactions, in the order in which they were sent.
    artifact
        What the job scored with.
    progress
        Told the number of transactions done.
    """
    rows = sent.to_pylist()
    scores = naive_scores(rows, artifact, progress=progress)
    decisions = decide(scores, artifact.manifest.review_threshold, artifact.manifest.block_threshold)
    names = [row["transaction_id"] for row in rows]
    alerted = (names[row] for row in np.flatnonzero(decisions != Decision.APPROVE).tolist())
    published = {row["transaction_id"]: row["customer_id"] for row in rows}
    return Expected(
        published=published,
        scores=dict(zip(names, scores.tolist(), strict=True)),
        alerts={name: alert_id(published[name], name) for name in alerted},
    )
