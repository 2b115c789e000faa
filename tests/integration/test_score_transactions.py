"""The scoring job on real Kafka and Flink equals the offline replay, and rejects invalid records."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fraudstream.control.status import read_status
from fraudstream.settings.settings import PathSettings
from fraudstream.system.deadline import wait_until
from models.features.table import CUSTOMER_FEATURES, FEATURE_NAMES
from producers.encoding import encode_transactions
from schemas.framing import header
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.records import transaction, transaction_codec

pytestmark = pytest.mark.integration

THREAD_ROWS = 20_000
PROCESS_ROWS = 3_000


def run(lane: Lane, table) -> None:
    lane.submit()
    lane.send(table)
    lane.await_scores(len(table))
    lane.cancel()


@pytest.fixture(scope="module")
def scored(running, artifact):
    """Return a lane after THREAD_ROWS transactions in thread mode, and the expected output."""
    lane, table = running.lane(), card_world(THREAD_ROWS)
    run(lane, table)
    return lane, Expected.of(table, artifact)


def test_every_transaction_has_one_score_equal_to_that_of_the_offline_replay(scored):
    lane, expected = scored
    scores = lane.scores()
    assert len(scores) == THREAD_ROWS
    assert {item["transaction_id"]: item["score"] for item in scores} == expected.scores
    assert {item["transaction_id"]: item["decision"] for item in scores} == expected.decisions


def test_scores_name_their_customer_model_and_feature_table(scored, artifact):
    lane, _ = scored
    for item in lane.scores():
        assert item["record_key"] == item["customer_id"]
        assert item["model_id"] == artifact.manifest.model_id
        assert item["feature_spec_hash"] == artifact.manifest.feature_spec_hash


def test_scores_of_a_customer_are_in_the_sequence_sent(scored):
    lane, expected = scored
    found: dict[str, list[str]] = {}
    for item in lane.scores():
        found.setdefault(item["customer_id"], []).append(item["transaction_id"])
    assert found == expected.by_customer


def test_alerts_are_the_transactions_that_are_not_approved(scored, artifact):
    lane, expected = scored
    alerts = lane.alerts()
    assert {item["alert_id"]: item["transaction_id"] for item in alerts} == expected.alerts
    assert len(alerts) == len(expected.alerts) > 0
    for item in alerts:
        assert item["record_key"] == item["customer_id"]
        assert item["score"] == expected.scores[item["transaction_id"]]
        assert item["decision"] == expected.decisions[item["transaction_id"]] != "APPROVE"
        assert item["review_threshold"] == artifact.manifest.review_threshold <= item["score"]


def test_alerts_have_the_scored_features_and_reasons_among_them(scored):
    lane, expected = scored
    for item in lane.alerts():
        assert list(item["features"]) == list(FEATURE_NAMES)
        of_customers = slice(len(CUSTOMER_FEATURES))  # those of entities depend on how customers' batches interleave
        features = np.array([item["features"][name] for name in FEATURE_NAMES[of_customers]], np.float32)
        assert features.tobytes() == expected.features[item["transaction_id"]][of_customers].tobytes()
        assert item["amount_minor"] == expected.transactions[item["transaction_id"]]["amount_minor"]
        assert 1 <= len(item["reasons"]) <= 3
        assert all(item["features"][reason["feature"]] == reason["value"] for reason in item["reasons"])


def test_valid_stream_makes_no_dead_letters(scored):
    assert scored[0].dead_letters() == []


def test_process_mode_gives_the_same_scores(open_lane, artifact):
    lane, table = open_lane(mode="process"), card_world(PROCESS_ROWS)
    run(lane, table)
    scores = lane.scores()
    assert len(scores) == PROCESS_ROWS
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores


def invalid_records():
    """Return (reason, key, value) of records that cannot be scored."""
    encode = transaction_codec().encode
    valid = encode(transaction())
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    return [
        (Reason.UNDECODABLE, b"c0", b"\x07poison"),
        (Reason.UNDECODABLE, b"c0", valid[:-3]),
        (Reason.UNDECODABLE, b"c0", None),
        (Reason.UNKNOWN_SCHEMA, b"c0", header(9_999) + valid[5:]),
        (Reason.TRAILING_BYTES, b"c0", valid + b"\x00"),
        (Reason.NULL_KEY, None, valid),
        (Reason.KEY_MISMATCH, b"somebody else", valid),
        (Reason.INVALID_AMOUNT, b"c0", encode(transaction(amount_minor=-1))),
        (Reason.INVALID_PLACE, b"c0", encode(transaction(latitude=91.0))),
        (Reason.EVENT_TIME_AHEAD, b"c0", encode(transaction(event_time=tomorrow))),
    ]


def counts(lane: Lane) -> dict[str, int]:
    """Return the counters of the job in `fraudstream status`."""
    settings = lane.settings.model_copy(
        update={"flink": lane.settings.flink.model_copy(update={"rest_url": lane.services.rest_url})}
    )
    return next(job["counts"] for job in read_status(settings)["jobs"] if job["id"] == lane.job_ids[-1])


def test_invalid_records_are_dead_letters_and_all_others_are_scored(open_lane, artifact):
    lane, table = open_lane(), card_world(1_000)
    valid = list(encode_transactions(table, FileRegistry(), "t-value"))
    records, invalid = [], {}
    for number, record in enumerate(valid):
        records.append(record)
        if number % 50 == 25:  # among the valid ones, each kind twice
            reason, key, value = invalid_records()[number // 50 % len(invalid_records())]
            invalid[len(records)] = (reason, key, value)
            records.append((key, value))
    positions = lane.send_raw(records)
    lane.submit()
    lane.await_scores(len(valid))
    lane.await_records(lane.topics.dead_letters, len(invalid))
    counted = Counter({"transactions": len(valid)}) + Counter(
        f"dead_letters_{reason.value}" for reason, *_ in invalid.values()
    )
    # The TaskManager reports its metrics every few seconds.
    assert wait_until(lambda: counts(lane).items() >= counted.items(), seconds=60, interval_s=1), counts(lane)
    lane.cancel()

    scores = lane.scores()
    assert len(scores) == len(valid)
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores
    letters = lane.dead_letters()
    assert len(letters) == len(invalid) == 2 * len(invalid_records())
    found = {(item["partition"], item["offset"]): item for item in letters}
    for number, (reason, key, value) in invalid.items():
        letter = found[positions[number]]
        text = None if key is None else key.decode()
        assert (letter["reason"], letter["key"], letter["record_key"]) == (reason.value, text, text)
        assert letter["payload"] == (value or b"")
        assert letter["topic"] == lane.topics.transactions
        assert letter["detail"].startswith("expected ")


def test_alerts_and_drift_of_inflated_amounts_are_written_without_scores(open_lane, artifact):
    start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=15)
    table = card_world(40_000, customers=600, drift="amount_inflation", drift_at=start)
    expected = Expected.of(table, artifact)
    # In one partition: a backlog in several is not read by time, on which drift depends.
    lane = open_lane(emit_scores=False, partitions=1)
    lane.submit()
    lane.send(table)
    lane.await_records(lane.topics.alerts, len(expected.alerts))
    # Other signals may drift too, and the detectors run behind the alerts.
    seen = wait_until(lambda: any(item["signal"] == "amount" for item in lane.drifts()), seconds=60, interval_s=1)
    lane.cancel()

    assert seen, lane.drifts()
    assert lane.scores() == []
    assert {item["alert_id"]: item["transaction_id"] for item in lane.alerts()} == expected.alerts
    drifts = lane.drifts()
    assert all(item["record_key"] == item["signal"] for item in drifts)
    amount = [item for item in drifts if item["signal"] == "amount"]
    assert all(item["event_time"] >= start for item in amount)
    assert all(item["estimate"] > artifact.manifest.reference["amount"].mean for item in amount)


def test_plain_cluster_runs_the_job_with_its_packages_and_its_connector(open_lane, tmp_path):
    lane, table = open_lane(), card_world(300)
    lane.settings = lane.settings.model_copy(
        update={
            "flink": lane.settings.flink.model_copy(update={"rest_url": lane.services.rest_url}),
            "paths": PathSettings(
                state=tmp_path
            ),  # another folder than the cluster's: the client creates a new Flink home
        }
    )
    lane.submit()
    lane.send(table)
    lane.await_scores(len(table))
