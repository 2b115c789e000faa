"""Drift detection on the error of a model."""

from typing import Any

import numpy as np

from models.drift.baseline import baselines
from models.drift.observation import Accumulator
from models.drift.signals import ERROR, squared_error
from models.drift.watch import SignalWatch
from models.monitoring.label_monitor import Matured
from models.scoring.artifact import Manifest


class ErrorWatch:
    """Drift detection on the error of a model, by mature labels.

    The job does not do this: it would have to keep the score of every transaction until its label arrives, in state
    and in each checkpoint, and the monitor joins the two anyway.

    Parameters
    ----------
    manifest : Manifest
        Manifest of the model; transactions scored by other models are skipped.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._model_id = manifest.model_id
        self._baseline = baselines(manifest).get(ERROR)
        edges = self._baseline.edges if self._baseline else np.empty(0)
        self._accumulator = Accumulator(edges[None, :])
        self._watch = SignalWatch(ERROR, {})

    def update(self, matured: Matured, now_ms: int) -> list[dict[str, Any]]:
        """Add a matured transaction and return a record of `drift.avsc` for each detector that fired."""
        if self._baseline is None or matured.model_id != self._model_id:
            return []
        error = squared_error(np.array([matured.score], np.float32), np.array([matured.is_fraud]))
        times = np.array([matured.event_time_ms], np.int64)
        return [
            record
            for observation in self._accumulator.update(error[:, None], times)
            for record in self._watch.update(self._baseline.compare(observation, 0, self._model_id), now_ms)
        ]
