"""Records of released versions in the state of running jobs; the files must never change.

A new version of a record gets a new file next to the old one. Short ones are in the unit tests of their modules
(history version 1 and 2, label record version 1).
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.declared.aggregate_engine import AggregateEngine
from models.declared.aggregate_record import RECENT, AggregateLayout, newest_event_ms
from models.declared.declared_features import DeclaredFeatures
from models.drift.detector import DETECTORS, RIVER_VERSION, DriftDetector
from models.drift.observation import OBSERVATION_SIZE, PART_MS, Accumulator
from models.drift.part_merger import PartMerger
from models.drift.psi import BINS
from models.drift.psi_window import PsiWindow
from models.drift.signal_part import SignalPart
from models.drift.signals import SIGNALS
from models.features.history import K, decode_history, encode_history
from models.features.label_batch import LabelBatch
from models.features.label_record import KEPT_LABELS, decode_labels, encode_labels
from models.features.logged_transactions import LoggedTransactions
from schemas.columns import TRANSACTION_ARROW
from tests.records import NOON_MS, transaction

STATE = Path(__file__).parents[1] / "fixtures" / "state"
RIVER_OF_V2 = b"0.23.0"
EDGES = np.zeros((len(SIGNALS), BINS - 1))


def test_full_history_of_version_2_is_read_and_written():
    raw = (STATE / "history_v2_tiled.bin").read_bytes()
    entries, tiles, _ = decode_history(raw)
    assert entries["event_time_ms"].tolist() == [60_000 * number for number in range(K)]
    assert entries["amount"].tolist() == [number / 4 for number in range(K)]
    assert tiles is not None
    assert tiles["number"].tolist() == list(range(len(tiles)))
    assert {*tiles["count"].tolist()} == {1}
    assert {*tiles["devices"].tolist()} == {0}
    assert decode_history(encode_history(entries, tiles))[1].tobytes() == tiles.tobytes()


def test_history_with_ids_of_version_3_is_read_and_written():
    raw = (STATE / "history_v3_ids.bin").read_bytes()
    entries, tiles, ids = decode_history(raw)
    assert tiles is not None
    assert len(entries) == K
    assert ids.transactions.tolist() == [2**64 - 1, 0, 7]
    assert ids.minutes.tolist() == [0, -1, 2**31 - 1]
    assert ids.scores.tolist() == [0.0, 0.5, 1.0]
    assert tiles["number"].tolist() == list(range(len(tiles)))
    found = decode_history(encode_history(entries, tiles, ids))
    assert [field.tobytes() for field in found[2]] == [field.tobytes() for field in ids]


def test_history_with_devices_of_version_4_is_read_and_written():
    raw = (STATE / "history_v4_devices.bin").read_bytes()
    entries, tiles, ids = decode_history(raw)
    assert tiles is not None
    assert tiles["devices"].tolist() == [1 << number % 64 | 1 for number in range(len(tiles))]
    assert tiles["maximum"].tolist() == [number / 2 for number in range(len(tiles))]
    assert ids.minutes.tolist() == [0, -1, 2**31 - 1]
    assert encode_history(entries, tiles, ids) == raw


def declared_features() -> DeclaredFeatures:
    """Return the features whose state `declared_v1_tiled.bin` has; a text of their layout must not change either."""
    tables = [
        {"name": "mean", "mean": "amount", "entity": "merchant", "window": "1h", "where": "amount > 1"},
        {"name": "cards", "count_distinct": "customer_id", "entity": "merchant", "window": "90d"},
        {"name": "seen", "seen_before": "ip", "entity": "merchant"},
        {"name": "last", "last": "risk", "entity": "merchant", "window": "7d"},
    ]
    return DeclaredFeatures.of(tables, {"ip": "text", "risk": "number"}, {})


def declared_transactions(first: int, end: int) -> pa.RecordBatch:
    """Return transactions of a merchant, one a minute."""
    schema = pa.schema([*TRANSACTION_ARROW, pa.field("ip", pa.string()), pa.field("risk", pa.float64())])
    found = [
        transaction(
            number, merchant_id="m", customer_id=f"c{number % 50}", amount_minor=100 * number, ip=f"v{number}",
            risk=number / 4 if number < 5 else None, event_time=NOON_MS + 60_000 * number,
        )
        for number in range(first, end)
    ]  # fmt: skip
    return pa.RecordBatch.from_pylist(found, schema)


def test_record_of_declared_features_of_version_1_is_read():
    raw = (STATE / "declared_v1_tiled.bin").read_bytes()
    declared = declared_features()
    record = AggregateLayout(declared.entities[0].plan).decode(raw)
    assert (record.sequence, record.first_ms, len(record.events), len(record.ids[0])) == (99, NOON_MS, RECENT, 68)
    assert newest_event_ms(raw) == NOON_MS + 99 * 60_000
    ((events,), x) = declared.events(declared_transactions(99, 101)), declared.empty(2)
    engine = AggregateEngine(declared.entities[0].plan, load=lambda _key: raw, next_sequence=100)
    assert engine.advance(events, x).tolist() == [False, True], "the first is a duplicate"
    assert x[1].tolist() == [69.5, 50, 0, 1]


def test_label_record_of_version_1_is_read_with_an_empty_ledger():
    known = decode_labels((STATE / "label_record_v1_left.bin").read_bytes())
    assert known.labels["transaction"].tolist() == list(range(100, 100 + KEPT_LABELS))
    assert known.totals is not None
    assert known.tiles is not None
    assert known.totals.tolist() == [(3, 1, 700, 500, 1_767_225_500_000, 1_767_225_400_000, 1_767_225_500_000,
                                      500, 1_767_225_500_000, 1_767_225_400_000, 1_767_225_500_000)]  # fmt: skip
    assert known.tiles["known"].sum() == 3
    assert [len(field) for field in known.ledger] == [0, 0, 0]


def test_label_record_of_version_2_is_read_and_written():
    raw = (STATE / "label_record_v2_left.bin").read_bytes()
    known = decode_labels(raw)
    assert known.totals is not None
    assert known.tiles is not None
    assert [field.tolist() for field in known.ledger] == [[2**64 - 1, 0], [1, 2], [3, 2**62]]
    assert encode_labels(known.labels, known.totals, known.tiles, known.ledger) == raw


def test_label_log_of_version_1_is_read():
    labels = LabelBatch.decode((STATE / "label_log_v1.bin").read_bytes())
    # It had labels of other shards' customers too, for the merchants, which entity shards know now.
    assert (labels.transactions.tolist(), labels.customers) == ([1], ["c1"])
    assert (labels.verdicts.tolist(), labels.label_times_ms.tolist()) == ([2_001], [1_767_225_600_123])


def test_label_log_of_version_2_is_read_and_written():
    raw = (STATE / "label_log_v2.bin").read_bytes()
    labels = LabelBatch.decode(raw)
    assert (labels.transactions.tolist(), labels.customers) == ([1, 2**63], ["c1", "c2"])
    assert (labels.verdicts.tolist(), labels.label_times_ms.tolist()) == ([2_001, 400], [1_767_225_600_123, 5])
    assert labels.encode() == raw


def test_history_log_of_version_1_is_read_and_written():
    raw = (STATE / "history_log_v1.bin").read_bytes()
    logged = LoggedTransactions.decode(raw)
    assert logged.customers == ["c1", "é2"]
    assert logged.added["transaction"].tolist() == [1, 2**64 - 1]
    assert logged.added["event_time_ms"].tolist() == [1_767_225_600_123, 5]
    assert (logged.added["amount"].tolist(), logged.added["score"].tolist()) == ([12.5, 0], [0.25, 1])
    assert (logged.added["merchant"].tolist(), logged.added["device"].tolist()) == ([7, 2**32 - 1], [0, 1])
    assert np.isnan(logged.added["latitude"][0])
    assert logged.encode() == raw


def test_unfinished_observation_of_version_1_starts_over():
    # It had four sums, without the histograms that are compared now: at most one observation is lost.
    raw = (STATE / "observation_v1.bin").read_bytes()
    assert Accumulator(EDGES, raw).encode() == Accumulator(EDGES).encode()


@pytest.mark.parametrize("version", [2, 3])
def test_unfinished_observation_continues(version):
    raw = (STATE / f"observation_v{version}.bin").read_bytes()
    resumed = Accumulator(EDGES, raw)
    assert Accumulator(EDGES, resumed.encode()).encode() == resumed.encode()
    rest = np.zeros((OBSERVATION_SIZE - 2, len(SIGNALS)))
    (observation,) = resumed.update(rest, np.full(len(rest), 7))
    assert observation.means.tolist() == [(2 * signal + len(SIGNALS)) / OBSERVATION_SIZE for signal in range(6)]
    assert observation.bins[:, 0].tolist() == [OBSERVATION_SIZE - 1, *[OBSERVATION_SIZE - 2] * 5]
    assert observation.slots[:2].tolist() == [OBSERVATION_SIZE - 1, 1]


def test_squares_and_the_time_of_the_last_part_are_in_state_since_version_3():
    raw = (STATE / "observation_v3.bin").read_bytes()
    resumed = Accumulator(EDGES, raw)
    assert resumed.encode() == raw
    assert resumed.emit_part(2, 1_767_225_600_000 + PART_MS - 1) is None
    part = resumed.emit_part(2, 1_767_225_600_000 + PART_MS)
    assert part.mean_squares.tolist() == [(signal**2 + (signal + 6) ** 2) / 2 for signal in range(6)]


def test_merged_partial_observation_continues():
    raw = (STATE / "drift_part_v1.bin").read_bytes()
    merger = PartMerger(raw)
    assert merger.to_bytes() == raw
    pending = SignalPart.from_json(raw[2:].decode().split("\n")[1])
    older = replace(pending, transactions=OBSERVATION_SIZE, deployed_ms=pending.deployed_ms - 1)
    assert (pending.transactions, merger.update(older), merger.update(pending)) == (450, None, None)
    assert SignalPart.from_json(merger.to_bytes()[2:].decode().split("\n")[1]).transactions == 900


@pytest.mark.parametrize("kind", ["ADWIN", "PageHinkley"])
def test_detector_of_version_1_starts_over_and_keeps_the_count(kind):
    # Its means were not compared with their time of the week.
    raw = (STATE / f"{kind.lower()}_v1.bin").read_bytes()
    resumed = DriftDetector.from_bytes(DETECTORS[kind], raw)
    assert resumed.to_bytes() == DriftDetector(DETECTORS[kind], observations=3).to_bytes()


@pytest.mark.parametrize("kind", ["ADWIN", "PageHinkley"])
def test_detector_of_version_2_continues_with_the_same_river_version_and_starts_over_with_another(kind):
    raw = (STATE / f"{kind.lower()}_v2.bin").read_bytes()
    assert RIVER_OF_V2 in raw[:32]
    resumed = DriftDetector.from_bytes(DETECTORS[kind], raw)
    if RIVER_VERSION.encode() == RIVER_OF_V2:
        straight = DriftDetector(DETECTORS[kind])
        for value in (0.25, 0.5, 0.75):
            straight.update(value)
        assert resumed.to_bytes() == straight.to_bytes() == raw
    else:
        assert resumed.to_bytes() == DriftDetector(DETECTORS[kind], observations=3).to_bytes()


def test_stability_index_of_version_1_continues():
    raw = (STATE / "psi_window_v1.bin").read_bytes()
    window = PsiWindow(raw)
    assert (window.observations, window.to_bytes()) == (12, raw)
    assert window.last == 0
