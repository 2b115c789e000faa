"""Join of scores with labels that arrive days later."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from models.monitoring.model_figures import ModelFigures
from models.monitoring.model_metrics import ModelMetrics
from schemas.durations import DAY_MS


@dataclass(frozen=True, kw_only=True)
class Matured:
    """Mature transaction with its label."""

    model_id: str
    event_time_ms: int
    score: float
    is_fraud: bool


class LabelMonitor:
    """Join of scores with labels that arrive days later; metrics of each model on mature transactions.

    A transaction is mature when the newest score's event time is `horizon_ms` after its own. It then counts once, with
    the latest label known by then; without a label it is `unlabelled` and in no metric. So neither frauds known early
    nor labels that are revised bias the metrics, if most labels arrive within the horizon. A label may be read
    long before or after its score without an effect on the metrics, if it is read before maturity.

    Parameters
    ----------
    horizon_ms : int
        Age at which a transaction is mature, milliseconds.
    capacity : int
        Maximum of waiting transactions, some 500 bytes each; beyond it the oldest are dropped and counted in `dropped`.
        The same number of labels without a score is kept.
    window : int
        Number of the last matured transactions for precision, recall and error of a model.
    k : int
        Cards of Card Precision@k.
    on_matured : callable
        Callback with each matured transaction, the oldest received first.
    """

    def __init__(
        self,
        *,
        horizon_ms: int = 14 * DAY_MS,
        capacity: int = 1_000_000,
        window: int = 100_000,
        k: int = 100,
        on_matured: Callable[[Matured], None] = lambda _matured: None,
    ) -> None:
        self._horizon_ms, self._capacity = horizon_ms, capacity
        self._window = window
        self._on_matured = on_matured
        self._waiting: dict[tuple[str, str], _Scored] = {}
        self._oldest: list[tuple[int, tuple[str, str]]] = []
        self._early: OrderedDict[tuple[str, str], tuple[int, bool]] = OrderedDict()
        self._models: dict[str, ModelMetrics] = {}
        self._now_ms = 0
        self.k = k
        """Cards of Card Precision@k."""
        self.dropped = 0
        """Transactions dropped because too many waited."""
        self.labels_dropped = 0
        """Labels dropped because too many had no score: of transactions already counted, or never scored."""

    def scored(
        self, transaction_id: str, *, customer_id: str, event_time_ms: int, score: float, alerted: bool, model_id: str
    ) -> None:
        """Add a score. A repeated one, after a restart of the job, changes nothing."""
        name = customer_id, transaction_id
        if name in self._waiting:
            return
        label_time_ms, is_fraud = self._early.pop(name, (-1, None))
        self._waiting[name] = _Scored(customer_id, event_time_ms, score, alerted, model_id, label_time_ms, is_fraud)
        heapq.heappush(self._oldest, (event_time_ms, name))
        self._now_ms = max(self._now_ms, event_time_ms)
        self._count_matured()
        while len(self._waiting) > self._capacity:
            del self._waiting[heapq.heappop(self._oldest)[1]]
            self.dropped += 1

    def labelled(
        self, transaction_id: str, *, customer_id: str, event_time_ms: int, label_time_ms: int, is_fraud: bool
    ) -> None:
        """Add a label; the later of two labels of a transaction counts. Labels after maturity are ignored."""
        if label_time_ms > event_time_ms + self._horizon_ms:
            return
        name = customer_id, transaction_id
        scored = self._waiting.get(name)
        if scored is None:
            if label_time_ms >= self._early.get(name, (-1, False))[0]:
                self._early[name] = (label_time_ms, is_fraud)
            while len(self._early) > self._capacity:
                self._early.popitem(last=False)
                self.labels_dropped += 1
        elif label_time_ms >= scored.label_time_ms:
            scored.label_time_ms, scored.is_fraud = label_time_ms, is_fraud

    def figures(self) -> list[ModelFigures]:
        """Return the metrics of each model, sorted by its first score."""
        # A copy: another thread may read while a new model is added.
        return [metrics.figures() for metrics in list(self._models.values())]

    @property
    def waiting(self) -> int:
        """Number of transactions that are not mature yet."""
        return len(self._waiting)

    @property
    def matured_until_ms(self) -> int:
        """Event time up to which transactions are mature, milliseconds since 1970; negative before the first score."""
        return self._now_ms - self._horizon_ms

    def _count_matured(self) -> None:
        while self._oldest and self._oldest[0][0] <= self.matured_until_ms:
            self._count(self._waiting.pop(heapq.heappop(self._oldest)[1]))

    def _count(self, scored: _Scored) -> None:
        model = self._models.get(scored.model_id)
        if model is None:
            model = self._models[scored.model_id] = ModelMetrics(scored.model_id, window=self._window, k=self.k)
        if scored.is_fraud is None:
            model.unlabelled += 1
            return
        day = scored.event_time_ms // DAY_MS
        model.update(scored.score, scored.alerted, scored.is_fraud)
        model.cards.update(day, scored.customer_id, scored.score, scored.is_fraud)
        # Late transactions of a day arrive within the next day.
        model.cards.close(day - 1)
        self._on_matured(
            Matured(
                model_id=scored.model_id,
                event_time_ms=scored.event_time_ms,
                score=scored.score,
                is_fraud=scored.is_fraud,
            )
        )


@dataclass(slots=True)
class _Scored:
    customer_id: str
    event_time_ms: int
    score: float
    alerted: bool
    model_id: str
    label_time_ms: int
    is_fraud: bool | None
