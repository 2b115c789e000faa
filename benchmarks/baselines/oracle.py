"""Oracle of a baseline's scores, by an engine that shares no code with it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks.baselines.naive_features import Event, NaiveEngine, NaiveHistory, value_of
from benchmarks.baselines.naive_replay import naive_scores
from models.features.operation import Operation as Op
from models.features.table import CUSTOMER_FEATURES
from models.scoring.artifact import Artifact

TOLERANCE = 1e-5
"""Tolerance of a score. A baseline sums in another sequence, or in cents, so a feature may be another float32."""
MAX_APART = 0.002
"""Share of scores that may differ more: those where that float32 is on the other side of a tree's threshold."""


class KeptTransactions(NaiveEngine):
    """Features over a customer's last K transactions: no baseline keeps tiles of older ones."""

    def advance(self, event: Event) -> list[float]:
        """Return the event's features and add it."""
        x = super().advance(event)
        self.histories[event.customer_id].left.clear()
        return x


class WindowedHistory(NaiveHistory):
    """All transactions of a customer."""

    def ingest(self, event: Event) -> None:
        """Add an event; events are sorted and unique."""
        self.kept.append(event)


class WindowSumsAlone(NaiveEngine):
    """Features that SQL can compute: counts and sums over exact windows, and the transaction itself."""

    def __init__(self) -> None:
        super().__init__()
        self.histories = defaultdict(WindowedHistory)

    def advance(self, event: Event) -> list[float]:
        """Return the event's features and add it."""
        history = self.histories[event.customer_id]
        x = [value_of(f, event, history) if f.operation in SUMMED else f.missing for f in CUSTOMER_FEATURES]
        history.ingest(event)
        return x


SUMMED = {
    *(Op.COUNT, Op.SUM, Op.MEAN, Op.DEVIATION, Op.Z_SCORE, Op.TO_MEAN),
    *(Op.AMOUNT, Op.HOUR, Op.NIGHT, Op.WEEKEND, Op.CATEGORY_RISK, Op.TYPE_RISK),
}
"""Features of `WindowSumsAlone`."""

ENGINES: dict[str, type[NaiveEngine] | None] = {
    "tiles": NaiveEngine,
    "kept": KeptTransactions,
    "windows": WindowSumsAlone,
    "none": None,
}
"""Engine that the output is compared with, by the features of a baseline."""


@dataclass(frozen=True, kw_only=True)
class OracleResult:
    """Result of a comparison.

    Attributes
    ----------
    compared : int
        Scores of the sample.
    apart : int
        Scores further than TOLERANCE from the oracle's.
    fault : str or None
        Reason for a wrong output; None for a right one.
    """

    compared: int
    apart: int
    fault: str | None


class Oracle:
    """Expected scores of a sample of customers, from their first transaction on.

    Parameters
    ----------
    table : pyarrow.Table
        All transactions, sorted as in the topic.
    artifact : Artifact
        Model that scores, trained on the features of customers alone.
    customers : int
        Size of the sample.
    """

    def __init__(self, table: pa.Table, artifact: Artifact, *, customers: int) -> None:
        names = sorted(set(table["customer_id"].to_pylist()))
        self.customers = set(names[:: max(1, len(names) // customers)][:customers])
        mine = pc.is_in(table["customer_id"], pa.array(sorted(self.customers)))
        self._rows = table.filter(mine).to_pylist()
        self._artifact = artifact
        self._scores: dict[type[NaiveEngine], NDArray[np.float32]] = {}

    def check(self, given: Iterable[tuple[str, str, float]], engine: type[NaiveEngine] | None) -> OracleResult:
        """Compare the written scores of the sample with the engine's.

        Parameters
        ----------
        given
            (customer_id, transaction_id, score) as written. The baseline may have been stopped before the end of the
            topic, but must have left nothing out before.
        engine
            What it must agree with; None: it scores nothing, so all that counts is that the transaction is there.
        """
        scores: dict[tuple[str, str], float] = {}
        doubled = 0
        for customer, transaction, score in given:
            doubled += (customer, transaction) in scores
            scores[customer, transaction] = score
        was = np.array([scores.get((row["customer_id"], row["transaction_id"]), np.nan) for row in self._rows])
        done = ~np.isnan(was)
        apart = int((np.abs(was - self._expected(engine))[done] > TOLERANCE).sum()) if engine else 0
        fault = _left_out(self._rows, done.tolist())
        if doubled:
            fault = f"{doubled} scores were written twice"
        elif apart > MAX_APART * done.sum():
            fault = f"{apart} of {done.sum()} scores are further than {TOLERANCE} from the right ones"
        return OracleResult(compared=int(done.sum()), apart=apart, fault=fault)

    def _expected(self, engine: type[NaiveEngine]) -> NDArray[np.float32]:
        if engine not in self._scores:
            self._scores[engine] = naive_scores(self._rows, self._artifact, engine=engine())
        return self._scores[engine]


def _left_out(rows: Sequence[Mapping[str, Any]], done: Sequence[bool]) -> str | None:
    """Return the fault of a gap in a customer's scores: an earlier transaction without a score."""
    if not any(done):
        return "no score of the sample was written"
    ended: set[str] = set()
    for row, there in zip(rows, done, strict=True):
        if not there:
            ended.add(row["customer_id"])
        elif row["customer_id"] in ended:
            return f"{row['customer_id']} has scores after one that is missing"
    return None
