from dataclasses import replace

import numpy as np

from models.promotion.comparison import Comparison
from models.training.split import trained_until_ms
from schemas.durations import DAY_MS

TRAINED_ON, OLDER = "one of the models learned from them", "older than the days compared"


def newest_rows(comparison: Comparison, days: int) -> Comparison:
    """Return the rows that tell the two models apart fairly: those that neither learned from, the newest of them.

    A model looks better on what it learned from, and the one just trained learned the newest rows: only the last
    quarter of its history, which set its thresholds, may count.

    Parameters
    ----------
    comparison : Comparison
    days : int
        Up to the newest labelled transaction; later ones, whose labels are still to come, are kept.
    """
    learned = max(trained_until_ms(model.manifest.data) for model in (comparison.champion, comparison.challenger))
    unseen = comparison.event_time_ms >= learned
    known = comparison.event_time_ms[unseen & comparison.labelled]
    since = int(known.max()) - days * DAY_MS if known.size else learned
    new = comparison.event_time_ms > since if known.size else np.ones(len(comparison), np.bool_)
    left_out = {
        **comparison.left_out,
        TRAINED_ON: int(np.count_nonzero(~unseen)),
        OLDER: int(np.count_nonzero(unseen & ~new)),
    }
    return replace(comparison.take(unseen & new), left_out=left_out)
