"""River's metrics of a model."""

from collections import deque

from river import metrics, stats, utils

from models.monitoring.card_precision import CardPrecision
from models.monitoring.model_figures import ModelFigures


class ModelMetrics:
    """River's metrics of one model over its matured transactions.

    Parameters
    ----------
    window : int
        Number of the last transactions for precision, recall and error.
    k : int
        Cards of Card Precision@k.
    """

    def __init__(self, model_id: str, *, window: int, k: int) -> None:
        self._model_id = model_id
        self._window = window
        self._matrix = metrics.ConfusionMatrix()
        self._precision, self._recall = metrics.Precision(cm=self._matrix), metrics.Recall(cm=self._matrix)
        self._last: deque[tuple[bool, bool]] = deque()
        self._error = utils.Rolling(stats.Mean(), window_size=window)
        self.cards = CardPrecision(k)
        self.unlabelled = 0
        self._matured = self._alerts = self._frauds = 0

    def update(self, score: float, alerted: bool, is_fraud: bool) -> None:
        """Add a matured transaction."""
        if len(self._last) == self._window:
            self._matrix.revert(*self._last.popleft())
        self._last.append((is_fraud, alerted))
        self._matrix.update(is_fraud, alerted)
        self._error.update((score - is_fraud) ** 2)
        self._matured += 1
        self._alerts += alerted
        self._frauds += is_fraud

    def figures(self) -> ModelFigures:
        """Return the current metrics."""
        return ModelFigures(
            model_id=self._model_id,
            matured=self._matured,
            unlabelled=self.unlabelled,
            alerts=self._alerts,
            frauds=self._frauds,
            precision=float(self._precision.get()),
            recall=float(self._recall.get()),
            squared_error=float(self._error.get()),
            card_precision=self.cards.mean,
            card_precision_days=self.cards.days,
        )
