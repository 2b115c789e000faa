"""Newest rows that neither model was trained on."""

from dataclasses import replace

import numpy as np

from models.promotion.comparison import Comparison
from models.training.split import trained_until_ms
from schemas.durations import DAY_MS

TRAINED_ON, OLDER = "one of the models was trained on them", "older than the days compared"


def newest_rows(comparison: Comparison, days: int) -> Comparison:
    """Return the newest rows that neither model was trained on.

    A model scores better on its own training rows, and the newer model was trained on newer ones: of its history only
    the last quarter, which set its thresholds, counts.

    Parameters
    ----------
    days : int
        Days up to the newest labelled transaction; later transactions, still without labels, are kept.
    """
    trained_until = max(trained_until_ms(model.manifest.data) for model in (comparison.champion, comparison.challenger))
    unseen = comparison.event_time_ms >= trained_until
    known = comparison.event_time_ms[unseen & comparison.labelled]
    since = int(known.max()) - days * DAY_MS if known.size else trained_until
    new = comparison.event_time_ms > since if known.size else np.ones(len(comparison), np.bool_)
    left_out = {
        **comparison.left_out,
        TRAINED_ON: int(np.count_nonzero(~unseen)),
        OLDER: int(np.count_nonzero(unseen & ~new)),
    }
    return replace(comparison.select(unseen & new), left_out=left_out)
