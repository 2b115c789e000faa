"""Features of labels."""

import numpy as np
import pytest

from models.features.engine import FeatureEngine
from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_labels import EntityLabels, labels_by_entity
from models.features.entities.entity_tracker import EntityTracker
from models.features.entities.label_layout import LABEL_COLUMNS
from models.features.history import HistoryVersionError
from models.features.label_record import (
    DAY_TILE,
    DAYS_KEPT,
    KEPT_LABELS,
    LABEL,
    LEDGER_FIELDS,
    MAX_LEFT,
    TOTALS,
    Ledger,
    encode_labels,
)
from models.features.table import FEATURE_NAMES
from models.features.window import HORIZON_MS
from schemas.durations import DAY_MS
from tests.unit.features.engine_records import HOUR_MS, START_MS, records
from tests.unit.features.label_batches import FRAUD, GENUINE, label_batch


def features(now_ms, *labels, **transaction):
    """Return the features of one transaction of c at m, given these labels."""
    rows, known = records({"event_time": now_ms, **transaction}), label_batch(*labels)
    batch = FeatureEngine(load=None, capacity=8).advance(rows, known, entities=EntityTracker().advance(rows, known))
    return dict(zip(FEATURE_NAMES, batch.x[-1].tolist(), strict=True))


def test_without_labels_the_features_have_their_missing_values():
    x = features(START_MS)
    names = ("merchant_labels_7d", "merchant_fraud_rate_7d", "merchant_labelled_amount_mean_7d", "fraud_streak")
    assert [x[name] for name in names] == [0, 0, -1, 0]
    assert [x[n] for n in ("since_merchant_fraud_s", "known_frauds", "genuine_amount_mean", "genuine_amount_z")] == [
        -1,
        0,
        -1,
        0,
    ]


def test_worked_example():
    x = features(
        START_MS + 5 * HOUR_MS,
        {"amount_minor": 1000}, {"amount_minor": 3000}, {**FRAUD, "amount_minor": 50_000},
        {**FRAUD, "customer_id": "another", "amount_minor": 70_000},
        amount_minor=6200,
    )  # fmt: skip
    assert (x["merchant_labels_2d"], x["merchant_frauds_2d"], x["merchant_fraud_rate_2d"]) == (4, 2, 0.5)
    assert x["merchant_labelled_amount_mean_7d"] == 310
    assert (x["fraud_streak"], x["fraud_streak_age_s"]) == (2, 3 * 3600)
    assert (x["since_merchant_fraud_s"], x["since_merchant_genuine_s"]) == (2 * 3600, 4 * 3600)
    assert (x["known_frauds"], x["since_known_fraud_s"], x["known_genuine"]) == (1, 3 * 3600, 2)
    assert (x["genuine_amount_mean"], x["genuine_amount_max"]) == (20, 30)
    assert (x["genuine_amount_to_mean"], x["genuine_amount_to_max"]) == (3, pytest.approx(63 / 31))
    assert x["genuine_amount_z"] == pytest.approx((62 - 20) / 11)


@pytest.mark.parametrize(("until_ms", "known"), [(-1, 0), (0, 1), (DAY_MS - 1, 1), (DAY_MS, 0)])
def test_label_counts_from_its_label_time_until_it_leaves_the_window(until_ms, known):
    assert features(START_MS + until_ms, GENUINE)["merchant_labels_1d"] == known


def test_late_transaction_does_not_use_labels_of_its_future():
    x = features(START_MS + HOUR_MS // 2, FRAUD, FRAUD, FRAUD)
    assert (x["merchant_labels_1d"], x["known_frauds"], x["fraud_streak"]) == (1, 1, 1)


@pytest.mark.parametrize("sequence", [[0, 1], [1, 0]])
def test_later_genuine_label_revokes_the_fraud_in_any_sequence_of_arrival(sequence):
    both = [{**FRAUD, "transaction_id": "t"}, {**GENUINE, "transaction_id": "t", "label_time": START_MS + HOUR_MS}]
    both[0]["label_time"] = START_MS
    x = features(START_MS + DAY_MS // 2, *(both[i] for i in sequence))
    assert (x["merchant_labels_1d"], x["merchant_frauds_2d"], x["known_frauds"], x["known_genuine"]) == (1, 0, 0, 1)


def test_label_sent_twice_counts_once():
    x = features(START_MS + DAY_MS, *[{**FRAUD, "transaction_id": "t", "label_time": START_MS}] * 3)
    assert x["merchant_frauds_2d"] == 1


def test_labels_older_than_the_horizon_are_forgotten():
    assert features(START_MS + HORIZON_MS, FRAUD)["known_frauds"] == 1
    assert features(START_MS + HORIZON_MS + 1, FRAUD)["known_frauds"] == 0


def test_totals_count_labels_that_are_no_longer_stored():
    many = [{"amount_minor": 100 * (i + 1), "is_fraud": i < 10, "label_time": START_MS + i} for i in range(200)]
    x = features(START_MS + HOUR_MS, *many)
    assert (x["merchant_labels_1d"], x["merchant_frauds_28d"]) == (200, 10)
    assert (x["known_frauds"], x["known_genuine"]) == (10, 190)
    assert (x["genuine_amount_mean"], x["genuine_amount_max"]) == (np.mean(np.arange(11, 201)), 200)
    assert x["since_merchant_fraud_s"] == np.float32((HOUR_MS - 9) / 1000)


def test_whole_days_are_counted_beyond_the_stored_labels():
    many = [{"label_time": START_MS + i * HOUR_MS} for i in range(200)]  # eight days and eight hours
    now_ms = START_MS + 200 * HOUR_MS
    x = features(now_ms, *many)
    assert x["merchant_labels_2d"] == 47  # within the stored ones: exact
    first_day = (now_ms - 7 * DAY_MS) // DAY_MS * DAY_MS
    assert x["merchant_labels_7d"] == (now_ms - first_day) // HOUR_MS
    late = features(START_MS + 100 * HOUR_MS, *many)
    assert late["merchant_labels_7d"] == 96  # the four complete days
    assert late["known_genuine"] == 0


def test_changed_labels_are_in_memory_until_they_are_written():
    stored = {}
    engine = FeatureEngine(load={}.get, load_labels=stored.get, capacity=1)
    engine.learn(label_batch(FRAUD))
    engine.learn(label_batch({**FRAUD, "customer_id": "c2"}))
    customers = engine.pop_changed_labels()
    assert set(customers) == {"c", "c2"}
    assert engine.pop_changed_labels() == {}
    stored.update(customers)
    batch = engine.advance(records({"event_time": START_MS + HOUR_MS}))
    assert batch.x[0, FEATURE_NAMES.index("known_frauds")] == 1


def test_changed_labels_of_entities_are_in_memory_until_they_are_written():
    stored = {}
    labels, batch = EntityLabels(load=stored.get, capacity=1), label_batch(FRAUD, {**FRAUD, "merchant_id": "m2"})
    learned, rows = labels_by_entity(batch)
    for row in range(4):
        labels.learn(learned[row : row + 1])
    assert rows.tolist() == [0, 0, 1, 1], "of the merchants and of the device"
    changed = labels.pop_changed()
    assert set(changed) == set(learned["key"].tolist())
    assert labels.pop_changed() == {}
    stored.update(changed)
    transactions = records({"event_time": START_MS + HOUR_MS, "device_id": "d"})
    events, units = entity_events_and_units(transactions)
    found = EntityLabels(load=stored.get).describe(events, units)
    frauds = FEATURE_NAMES.index("merchant_frauds_2d") - LABEL_COLUMNS[0].start
    assert found[:, frauds].tolist() == [1, 2]


def test_a_fraud_known_on_a_device_counts_at_once_for_every_customer_of_it():
    stolen = {**FRAUD, "customer_id": "another", "merchant_id": "elsewhere", "device_id": "shared"}
    x = features(START_MS + HOUR_MS, stolen, device_id="shared")
    assert (x["device_labels_1d"], x["device_frauds_2d"], x["device_fraud_rate_28d"]) == (1, 1, 1)
    assert (x["device_fraud_streak"], x["device_fraud_streak_age_s"], x["since_device_fraud_s"]) == (1, 3600, 3600)
    assert (x["known_frauds"], x["merchant_frauds_2d"]) == (0, 0)


@pytest.mark.parametrize(("labelled", "used"), [("d", None), (None, "d"), ("d", "e"), (None, None)])
def test_a_label_counts_for_no_device_but_its_own(labelled, used):
    x = features(START_MS + HOUR_MS, {**FRAUD, "device_id": labelled}, device_id=used)
    assert (x["device_labels_1d"], x["since_device_fraud_s"], x["merchant_frauds_2d"]) == (0, -1, 1)


# Written by version 1, never to be changed: running jobs have such state.
ENCODED_V1 = bytes.fromhex("0100010018000000efcdab89674523017ba8da769b010000c509000000000000")


ENCODED_V2 = b"\x02" + ENCODED_V1[1:]


def test_version_1_is_still_read_and_version_2_written():
    label = np.array([(0x0123456789ABCDEF, 1_767_225_600_123, 2 * 1250 + 1)], LABEL)
    assert encode_labels(label, np.zeros(1, TOTALS), np.zeros(DAYS_KEPT, DAY_TILE)) == ENCODED_V2
    engine = FeatureEngine(load=None, load_labels=lambda _: ENCODED_V1)
    batch = engine.advance(records({"event_time": 1_767_225_600_123}))
    assert batch.x[0, FEATURE_NAMES.index("known_frauds")] == 1


def test_record_is_bounded():
    labels, totals = np.zeros(KEPT_LABELS, LABEL), np.zeros(1, TOTALS)
    tiles = np.zeros(DAYS_KEPT, DAY_TILE)
    assert len(encode_labels(labels, totals, tiles)) == 1_544
    totals["known"] = 1
    assert len(encode_labels(labels, totals, tiles)) == 2_376
    ledger = Ledger(*(np.zeros(MAX_LEFT, field) for field in LEDGER_FIELDS))
    assert len(encode_labels(labels, totals, tiles, ledger)) == 26_952


@pytest.mark.parametrize(
    "raw", [b"", ENCODED_V1[:-1], b"\x03" + ENCODED_V1[1:], ENCODED_V1 + b"\x00", ENCODED_V2 + bytes(24)]
)
def test_other_bytes_are_refused(raw):
    engine = FeatureEngine(load=None, load_labels=lambda _: raw)
    with pytest.raises(HistoryVersionError, match=f"expected version 1 to 2 .* got .*{len(raw)} bytes"):
        engine.learn(label_batch(FRAUD))


MINUTE_MS = 60_000


def others(count):
    return [{"transaction_id": f"o{i}", "label_time": START_MS + i * MINUTE_MS} for i in range(1, count + 1)]


@pytest.mark.parametrize("count", [63, 64, 200, 1_000, KEPT_LABELS + MAX_LEFT - 1])
@pytest.mark.parametrize("again", [FRAUD, GENUINE], ids=["sent again", "revoked"])
def test_label_of_a_busy_merchant_counts_once_when_repeated_or_revoked(count, again):
    first = {**FRAUD, "transaction_id": "x", "label_time": START_MS}
    later = {**again, "transaction_id": "x", "label_time": START_MS + 2 * DAY_MS}
    x = features(START_MS + 3 * DAY_MS, first, *others(count), later)
    frauds = int(again["is_fraud"])
    assert (x["merchant_labels_7d"], x["merchant_frauds_7d"]) == (count + 1, frauds)
    assert (x["known_frauds"], x["known_genuine"]) == (frauds, count + 1 - frauds)
    assert x["since_merchant_fraud_s"] == (86_400 if frauds else -1)


def test_older_label_of_an_evicted_transaction_does_not_count():
    holds = {**FRAUD, "transaction_id": "x", "label_time": START_MS}
    older = {**GENUINE, "transaction_id": "x", "label_time": START_MS - 1}
    x = features(START_MS + 3 * DAY_MS, holds, *others(100), older)
    assert (x["merchant_labels_7d"], x["merchant_frauds_7d"]) == (101, 1)


def test_second_label_counts_again_once_the_ledger_overflowed():
    first = {**FRAUD, "transaction_id": "x", "label_time": START_MS}
    later = {**GENUINE, "transaction_id": "x", "label_time": START_MS + 2 * DAY_MS}
    count = KEPT_LABELS + MAX_LEFT
    x = features(START_MS + 3 * DAY_MS, first, *others(count), later)
    assert (x["merchant_labels_7d"], x["merchant_frauds_7d"]) == (count + 2, 1)


def test_previous_largest_and_newest_are_restored_when_a_label_is_revoked():
    largest = {"transaction_id": "x", "label_time": START_MS, "amount_minor": 90_000}
    now_fraud = {**largest, **FRAUD, "label_time": START_MS + 2 * DAY_MS}
    x = features(START_MS + 3 * DAY_MS, largest, *others(100), now_fraud)
    assert (x["genuine_amount_max"], x["genuine_amount_mean"]) == (10, 10)


def test_equal_transaction_ids_of_two_customers_of_a_merchant_are_separate():
    one, other = {"transaction_id": "1", "customer_id": "anna", **FRAUD}, {"transaction_id": "1", "customer_id": "ben"}
    known = features(START_MS + DAY_MS, one, other)
    assert (known["merchant_labels_28d"], known["merchant_frauds_28d"]) == (2, 1)
