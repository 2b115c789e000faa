"""Conversion of scored batches to partial observations."""

import numpy as np
import numpy.typing as npt

from models.drift.baseline import baselines
from models.drift.observation import OBSERVATION_SIZE, Accumulator
from models.drift.psi import BINS
from models.drift.signal_part import SignalPart
from models.drift.signals import SIGNALS, signal_matrix
from models.scoring.artifact import Manifest
from models.scoring.decision import Decision
from models.scoring.transaction_scorer import Decisions


class Observer:
    """Turns one model's scored batches into parts of observations of the drift signals.

    Parameters
    ----------
    manifest : Manifest
        Of the model that scores. With another model's observer the unfinished observation continues; its histogram is
        then of both models' parts.
    shards : int
        Shards of the job. Each sends a part as soon as it has its share of an observation, so that an observation is
        complete after as many transactions of the stream, however many shards there are.
    deployed_ms : int
        Time of the deployment, see `SignalPart`.
    """

    def __init__(self, manifest: Manifest, *, shards: int = 1, deployed_ms: int = 0) -> None:
        self._min_part = -(-OBSERVATION_SIZE // shards)
        self._deployed_ms = deployed_ms
        self._model_id = manifest.model_id
        self._baselines = baselines(manifest)
        self._edges = np.full((len(SIGNALS), BINS - 1), np.inf)
        for index, signal in enumerate(SIGNALS):
            if signal.name in self._baselines:
                self._edges[index] = self._baselines[signal.name].edges

    def observe(
        self, raw: bytes | None, scored: Decisions, event_time_ms: npt.NDArray[np.int64], now_ms: int
    ) -> tuple[bytes, list[tuple[str, SignalPart]]]:
        """Add a batch of n transactions.

        Parameters
        ----------
        raw : bytes or None
            Result of the last call, None to start empty.
        scored : Decisions
            Of that model, for all transactions: a challenger's share would seem a drift.
        event_time_ms : (n,) int64
        now_ms : int
            Wall clock, milliseconds since 1970.

        Returns
        -------
        bytes
            The unfinished observation, to be kept.
        list of (str, SignalPart)
            Those to be sent, with the names of their signals.
        """
        accumulator = Accumulator(self._edges, raw)
        signals = signal_matrix(scored.x, scored.scores, scored.decisions != Decision.APPROVE)
        observations = accumulator.update(signals, event_time_ms)
        part = accumulator.emit_part(self._min_part, now_ms)
        found = [
            (signal.name, self._baselines[signal.name].part(observation, index, self._model_id, self._deployed_ms))
            for observation in (*observations, *([part] if part else []))
            for index, signal in enumerate(SIGNALS)
            if signal.name in self._baselines
        ]
        return accumulator.encode(), found
