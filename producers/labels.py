"""Times at which labels become known."""

import numpy as np
from numpy.typing import NDArray

from producers.randomness import generator_for
from producers.simulation_config import SimulationConfig
from schemas.durations import DAY_MS


def label_times_ms(time_ms: NDArray[np.int64], config: SimulationConfig) -> NDArray[np.int64]:
    """Return when the labels of the transactions at `time_ms` (n,) become known, milliseconds since 1970."""
    spread = config.label_delay_spread
    factor = generator_for(config.seed, "labels").uniform(1 - spread, 1 + spread, len(time_ms))
    known: NDArray[np.int64] = time_ms + (config.label_delay_days * DAY_MS * factor).astype(np.int64)
    return known
