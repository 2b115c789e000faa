import numpy as np
import numpy.typing as npt

from models.drift.baseline import baselines
from models.drift.observation import Accumulator
from models.drift.psi import BINS
from models.drift.signal_observation import SignalObservation
from models.drift.signals import SIGNALS, signal_matrix
from models.scoring.artifact import Manifest
from models.scoring.decision import Decision
from models.scoring.transaction_scorer import Decided


class Observer:
    """Turns one model's scored batches into observations of the drift signals.

    Parameters
    ----------
    manifest : Manifest
        Of the model that scores. With another model's observer the unfinished observation goes on; its histogram is
        then of both models' parts.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._model_id = manifest.model_id
        self._baselines = baselines(manifest)
        self._edges = np.full((len(SIGNALS), BINS - 1), np.inf)
        for place, signal in enumerate(SIGNALS):
            if signal.name in self._baselines:
                self._edges[place] = self._baselines[signal.name].edges

    def observe(
        self, raw: bytes | None, scored: Decided, event_time_ms: npt.NDArray[np.int64]
    ) -> tuple[bytes, list[tuple[str, SignalObservation]]]:
        """Take in a batch of n transactions.

        Parameters
        ----------
        raw : bytes or None
            What the last call returned, None to begin.
        scored : Decided
            By that model, whichever decided: a challenger's share would look like a drift.
        event_time_ms : (n,) int64

        Returns
        -------
        bytes
            The unfinished observation, to be kept.
        list of (str, SignalObservation)
            Those that the batch completed, with the names of their signals.
        """
        accumulator = Accumulator(self._edges, raw)
        signals = signal_matrix(scored.x, scored.scores, scored.decisions != Decision.APPROVE)
        found = [
            (signal.name, self._baselines[signal.name].compare(observation, place, self._model_id))
            for observation in accumulator.update(signals, event_time_ms)
            for place, signal in enumerate(SIGNALS)
            if signal.name in self._baselines
        ]
        return accumulator.encode(), found
