from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from models.features.engine import FeatureEngine
from models.features.naive import Event
from models.features.risk import RiskTable
from schemas.columns import TRANSACTION_ARROW

START_MS = 1_767_225_600_000
HOUR_MS = 3_600_000
CATEGORY_RISK = RiskTable(rates={"fuel": 0.25, "travel": 0.5}, prior=0.125)
TYPE_RISK = RiskTable(rates={"online": 0.75}, prior=0.0625)

# Few customers and merchants, and times that crowd at the edges of windows: what goes wrong, goes wrong
# there.
_EDGES_MS = [
    0,
    1,
    HOUR_MS - 1,
    HOUR_MS,
    HOUR_MS + 1,
    24 * HOUR_MS,
    24 * HOUR_MS + 1,
    168 * HOUR_MS,
    168 * HOUR_MS + 1,
]
_TIMES_MS = st.one_of(
    st.sampled_from(_EDGES_MS),
    st.integers(0, 200 * HOUR_MS),
    st.integers(0, 5),
).map(lambda offset: START_MS + offset)
_PLACES = st.one_of(
    st.none(),
    st.sampled_from([(0.0, 0.0), (0.0, 180.0), (90.0, 0.0), (-90.0, 12.0), (48.5, 2.25)]),
    st.tuples(st.floats(-90, 90, width=32), st.floats(-180, 180, width=32)),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A transaction as hypothesis draws it."""

    transaction: int
    customer: int
    merchant: int
    time_ms: int
    amount_minor: int
    device: int | None
    place: tuple[float, float] | None
    category: str
    type: str


rows = st.builds(
    Row,
    transaction=st.integers(0, 400),  # sometimes drawn twice: a duplicate, if the customer is the same
    customer=st.sampled_from([0, 0, 0, 1, 2, 3]),
    merchant=st.integers(0, 6),
    time_ms=_TIMES_MS,
    amount_minor=st.one_of(st.integers(0, 50_000), st.integers(0, 10**11), st.just(1_000)),
    device=st.one_of(st.none(), st.integers(0, 3)),
    place=_PLACES,
    category=st.sampled_from(["fuel", "travel", "never-seen"]),
    type=st.sampled_from(["online", "chip"]),
)


@st.composite
def streams(draw, max_size: int = 160):
    """Draw a stream of rows, often more than K of one customer, with whole rows sent again."""
    fresh = draw(st.lists(rows, min_size=1, max_size=max_size))
    again = draw(st.lists(st.integers(0, len(fresh) - 1), max_size=12))
    return fresh + [fresh[i] for i in again]


@st.composite
def crowded_streams(draw):
    """Over K transactions of one customer, from a seed: hypothesis' own draws are seldom that long."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = draw(st.integers(60, 260))
    span_ms = draw(st.sampled_from([3, 1_000, 2 * HOUR_MS, 400 * HOUR_MS]))
    return [
        Row(
            transaction=int(rng.integers(0, 2 * length)),
            customer=int(rng.integers(0, 2)),
            merchant=int(rng.integers(0, 30)),
            time_ms=START_MS + int(rng.integers(0, span_ms)),
            amount_minor=int(rng.integers(0, 100_000)),
            device=None if rng.random() < 0.3 else int(rng.integers(0, 3)),
            place=None if rng.random() < 0.3 else (float(rng.integers(-90, 91)), float(rng.integers(-180, 181))),
            category="fuel",
            type="chip",
        )
        for _ in range(length)
    ]


any_streams = st.one_of(streams(), crowded_streams())


def records(stream: list[Row]) -> pa.RecordBatch:
    columns = {
        "transaction_id": [f"t-{row.transaction}" for row in stream],
        "customer_id": [f"c{row.customer}" for row in stream],
        "merchant_id": [f"merchant {row.merchant}" for row in stream],
        "merchant_category": [row.category for row in stream],
        "transaction_type": [row.type for row in stream],
        "amount_minor": [row.amount_minor for row in stream],
        "currency": ["EUR"] * len(stream),
        "device_id": [None if row.device is None else f"device-{row.device}" for row in stream],
        "latitude": [row.place and row.place[0] for row in stream],
        "longitude": [row.place and row.place[1] for row in stream],
        "event_time": [row.time_ms for row in stream],
    }
    arrays = [pa.array(columns[field.name], field.type) for field in TRANSACTION_ARROW]
    return pa.RecordBatch.from_arrays(arrays, schema=TRANSACTION_ARROW)


def naive_event(row: Row) -> Event:
    return Event(
        transaction_id=f"t-{row.transaction}",
        customer_id=f"c{row.customer}",
        merchant_id=f"merchant {row.merchant}",
        event_time_ms=row.time_ms,
        amount=float(np.float32(row.amount_minor / 100)),
        device_id=None if row.device is None else f"device-{row.device}",
        place=row.place,
        category_risk=CATEGORY_RISK.rates.get(row.category, CATEGORY_RISK.prior),
        type_risk=TYPE_RISK.rates.get(row.type, TYPE_RISK.prior),
    )


def pretend_score(x: np.ndarray) -> np.ndarray:
    """Stand in for a model by any function of a row alone, in [0, 1)."""
    mixed = np.nan_to_num(np.log1p(np.abs(x)) @ np.linspace(0.1, 2.3, x.shape[1], dtype=np.float32))
    return np.array([float(value) % 1.0 for value in mixed], np.float32)


class Store:
    """An engine with the state behind it, as the operator has."""

    def __init__(self, states: dict[str, bytes] | None = None, *, capacity: int = 64) -> None:
        self.states = dict(states or {})
        self.engine = FeatureEngine(
            load=self.states.get, capacity=capacity, category_risk=CATEGORY_RISK, type_risk=TYPE_RISK
        )

    def run(self, stream: list[Row], cuts: list[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Run the stream, cut before the rows numbered in ``cuts``; return x and the final scores."""
        whole = records(stream)
        bounds = sorted({0, len(stream), *(cuts or [])})
        xs, scores = [], []
        for start, end in pairwise(bounds):
            batch = self.engine.advance(whole.slice(start, end - start))
            # Row by row, so that the numbers do not hang on how BLAS cuts a matrix.
            raw = np.concatenate([pretend_score(batch.x[i : i + 1]) for i in range(len(batch))])
            scores.append(self.engine.remember(batch, raw))
            self.states.update(self.engine.changed(batch))
            xs.append(batch.x)
        return np.concatenate(xs), np.concatenate(scores)
