"""Random streams of transactions and labels for the feature kernels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from benchmarks.baselines.naive_features import Event
from benchmarks.baselines.naive_labels import KnownLabel
from models.features.engine import FeatureEngine
from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_labels import EntityLabels, labels_by_entity
from models.features.entities.label_layout import LABEL_WIDTH
from models.features.entity import ENTITIES
from models.features.hashing import hash_column, hash_pairs
from models.features.label_batch import LabelBatch
from models.features.risk import RiskTable
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.durations import DAY_MS

START_MS = 1_767_225_600_000
HOUR_MS = 3_600_000
CATEGORY_RISK = RiskTable(rates={"fuel": 0.25, "travel": 0.5}, prior=0.125)
TYPE_RISK = RiskTable(rates={"online": 0.75}, prior=0.0625)

# Few customers and merchants, and times around the edges of windows, where errors are most
# likely.
_LENGTHS_MS = [HOUR_MS // 6, HOUR_MS, *(days * DAY_MS for days in (1, 2, 7, 28, 30, 90))]
_EDGES_MS = [0, *(length + apart for length in _LENGTHS_MS for apart in (-1, 0, 1))]
_TIMES_MS = st.one_of(
    st.sampled_from(_EDGES_MS),
    st.integers(0, 40 * DAY_MS),
    st.integers(0, 5),
).map(lambda offset: START_MS + offset)
_PLACES = st.one_of(
    st.none(),
    st.sampled_from([(0.0, 0.0), (0.0, 180.0), (90.0, 0.0), (-90.0, 12.0), (48.5, 2.25)]),
    st.tuples(st.floats(-90, 90, width=32), st.floats(-180, 180, width=32)),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A transaction drawn by hypothesis."""

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
    """Draw a stream of rows, often more than K of one customer, with repeated rows."""
    fresh = draw(st.lists(rows, min_size=1, max_size=max_size))
    again = draw(st.lists(st.integers(0, len(fresh) - 1), max_size=12))
    return fresh + [fresh[i] for i in again]


@st.composite
def crowded_streams(draw):
    """Draw over K transactions of one customer from a seed: hypothesis rarely draws as many."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = draw(st.integers(60, 260))
    span_ms = draw(st.sampled_from([3, 1_000, 2 * HOUR_MS, 17 * DAY_MS, 100 * DAY_MS, 400 * DAY_MS]))
    grid_ms = draw(st.sampled_from([1, HOUR_MS // 12, HOUR_MS, DAY_MS // 2]))  # so that tiles and windows coincide
    merchants = draw(st.sampled_from([1, 30]))
    times_ms = START_MS + rng.integers(0, span_ms, length)
    if draw(st.booleans()):  # mostly sorted, as in reality
        times_ms = np.sort(times_ms) - rng.choice([0, span_ms // 3], length, p=[0.9, 0.1])
    if span_ms > grid_ms:
        times_ms = times_ms // grid_ms * grid_ms
    return [
        Row(
            transaction=int(rng.integers(0, 2 * length)),
            customer=int(rng.integers(0, 2)),
            merchant=int(rng.integers(0, merchants)),
            time_ms=int(time_ms),
            amount_minor=int(rng.integers(0, 100_000)),
            device=None if rng.random() < 0.3 else int(rng.integers(0, 3)),
            place=None if rng.random() < 0.3 else (float(rng.integers(-90, 91)), float(rng.integers(-180, 181))),
            category="fuel",
            type="chip",
        )
        for time_ms in times_ms
    ]


any_streams = st.one_of(streams(), crowded_streams())


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """A label that arrives before the row numbered ``before``."""

    transaction: int
    customer: int
    merchant: int
    device: int | None
    amount_minor: int
    is_fraud: bool
    label_time_ms: int
    before: int


@st.composite
def labelled_streams(draw):
    """Draw a stream, and labels of its rows and of unknown ones: late, repeated, revoked, in any sequence."""
    stream = draw(any_streams)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    delays_ms = draw(st.sampled_from([[0], [0, 1, DAY_MS], [7 * DAY_MS], _EDGES_MS]))
    labels = []
    for _ in range(draw(st.sampled_from([1, len(stream), 2 * len(stream)]))):
        row = stream[int(rng.integers(len(stream)))]
        known = rng.random() < 0.9
        label_time_ms = row.time_ms + int(rng.choice(delays_ms))
        # Mostly as soon as the stream has reached that time, sometimes anywhere.
        due = next((i for i, later in enumerate(stream) if later.time_ms >= label_time_ms), len(stream))
        labels.append(
            LabelRow(
                transaction=row.transaction if known else 1_000 + int(rng.integers(10)),
                customer=row.customer,
                merchant=row.merchant,
                device=row.device if rng.random() < 0.8 else None,  # a writer that does not know it
                amount_minor=row.amount_minor,
                is_fraud=bool(rng.random() < 0.4),
                label_time_ms=label_time_ms,
                before=due if rng.random() < 0.7 else int(rng.integers(len(stream) + 1)),
            )
        )
    return stream, sorted(labels, key=lambda label: label.before)


def label_batch(labels: list[LabelRow]) -> LabelBatch:
    columns = {
        "transaction_id": [f"t-{label.transaction}" for label in labels],
        "customer_id": [f"c{label.customer}" for label in labels],
        "merchant_id": [f"merchant {label.merchant}" for label in labels],
        "device_id": [None if label.device is None else f"device-{label.device}" for label in labels],
        "amount_minor": [label.amount_minor for label in labels],
        "event_time": [label.label_time_ms for label in labels],
        "is_fraud": [label.is_fraud for label in labels],
        "label_time": [label.label_time_ms for label in labels],
    }
    arrays = [pa.array(columns[field.name], field.type) for field in LABEL_ARROW]
    return LabelBatch.of(pa.RecordBatch.from_arrays(arrays, schema=LABEL_ARROW))


def _hash_of(customer: str, transaction: str) -> int:
    return int(hash_pairs(hash_column(pa.array([customer])), hash_column(pa.array([transaction])))[0])


def naive_label(label: LabelRow) -> KnownLabel:
    customer, transaction = f"c{label.customer}", f"t-{label.transaction}"
    return KnownLabel(
        transaction_id=transaction,
        customer_id=customer,
        merchant_id=f"merchant {label.merchant}",
        device_id=None if label.device is None else f"device-{label.device}",
        amount_minor=label.amount_minor,
        is_fraud=label.is_fraud,
        label_time_ms=label.label_time_ms,
        order=_hash_of(customer, transaction),
    )


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
        location=row.place,
        category_risk=CATEGORY_RISK.rates.get(row.category, CATEGORY_RISK.prior),
        type_risk=TYPE_RISK.rates.get(row.type, TYPE_RISK.prior),
    )


def pretend_score(x: np.ndarray) -> np.ndarray:
    """Score rows as a model would: some function of a row, in [0, 1)."""
    mixed = np.nan_to_num(np.log1p(np.abs(x)) @ np.linspace(0.1, 2.3, x.shape[1], dtype=np.float32))
    return np.array([float(value) % 1.0 for value in mixed], np.float32)


class Store:
    """Engines of customers and of entities' labels with stored state, as in the operators."""

    def __init__(self, other: "Store | None" = None, *, capacity: int = 64, customer: int | None = None) -> None:
        self.customer = customer  # the only customer whose labels the engine learns; None for all
        self.states = {key: bytes(raw) for key, raw in other.states.items()} if other else {}
        self.entity_labels = {key: bytes(raw) for key, raw in other.entity_labels.items()} if other else {}
        self.customers = {key: bytes(raw) for key, raw in other.customers.items()} if other else {}
        self.engine = FeatureEngine(
            load=self.states.get,
            load_labels=self.customers.get,
            capacity=capacity,
            category_risk=CATEGORY_RISK,
            type_risk=TYPE_RISK,
        )
        self.entities = EntityLabels(load=self.entity_labels.get, capacity=capacity)

    def run(
        self, stream: list[Row], cuts: Sequence[int] = (), labels: Sequence[LabelRow] = (), *, save_every: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run the stream, cut before the rows numbered in ``cuts``; return x and the final scores.

        Changed labels are stored after every ``save_every`` batches, and at the end.
        """
        whole = records(stream)
        bounds = sorted({0, len(stream), *cuts})
        xs, scores = [], []
        for number, (start, end) in enumerate(pairwise(bounds)):
            due = [label for label in labels if start <= label.before < end]
            before = np.array([sum(label.before <= row for label in due) for row in range(start, end)], np.int64)
            part = whole.slice(start, end - start)
            labels_of_customers, before_of_customers = self._of_customers(due, start, end)
            batch = self.engine.advance(
                part, labels_of_customers, before_of_customers, self._entity_inputs(part, label_batch(due), before)
            )
            # Row by row, so that results do not depend on the blocking of BLAS.
            raw = np.concatenate([pretend_score(batch.x[i : i + 1]) for i in range(len(batch))])
            scores.append(self.engine.remember(batch, raw))
            self.engine.keep()
            self.states.update(self.engine.records(batch.customers))
            xs.append(batch.x)
            if number % save_every == 0:
                self.save()
        later = [label for label in labels if label.before >= len(stream)]
        self.engine.learn(self._of_customers(later, 0, 0)[0])
        self.entities.learn(labels_by_entity(label_batch(later))[0])
        self.save()
        return np.concatenate(xs), np.concatenate(scores)

    def _of_customers(self, labels: list[LabelRow], start: int, end: int) -> tuple[LabelBatch, np.ndarray]:
        mine = [label for label in labels if self.customer in (None, label.customer)]
        before = [sum(label.before <= row for label in mine) for row in range(start, end)]
        return label_batch(mine), np.array(before, np.int64)

    def _entity_inputs(self, rows: pa.RecordBatch, labels: LabelBatch, before: np.ndarray) -> EntityInputs:
        events, units = entity_events_and_units(rows)
        learned, of = labels_by_entity(labels)
        inputs = EntityInputs.missing(len(rows))
        before = np.searchsorted(of, before[events["row"] // len(ENTITIES)])
        inputs.label_x.reshape(-1, LABEL_WIDTH)[events["row"]] = self.entities.advance(learned, before, events, units)
        return inputs

    def save(self) -> None:
        self.entity_labels.update(self.entities.pop_changed())
        self.customers.update(self.engine.pop_changed_labels())
