"""The scoring job on real Kafka and real Flink gives what the offline replay gives; the bad is set aside."""

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
    """Return a lane after THREAD_ROWS transactions in thread mode, and what it should have made."""
    lane, table = running.lane(), card_world(THREAD_ROWS)
    run(lane, table)
    return lane, Expected.of(table, artifact)


def test_every_transaction_has_one_score_and_it_is_that_of_the_offline_replay(scored):
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


def test_customers_scores_come_in_the_order_sent(scored):
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


def test_alerts_carry_the_features_that_were_scored_and_reasons_among_them(scored):
    lane, expected = scored
    for item in lane.alerts():
        assert list(item["features"]) == list(FEATURE_NAMES)
        of_customers = slice(len(CUSTOMER_FEATURES))  # those of entities depend on how customers' batches interleave
        features = np.array([item["features"][name] for name in FEATURE_NAMES[of_customers]], np.float32)
        assert features.tobytes() == expected.features[item["transaction_id"]][of_customers].tobytes()
        assert item["amount_minor"] == expected.transactions[item["transaction_id"]]["amount_minor"]
        assert 1 <= len(item["reasons"]) <= 3
        assert all(item["features"][reason["feature"]] == reason["value"] for reason in item["reasons"])


def test_good_stream_makes_no_dead_letters(scored):
    assert scored[0].dead_letters() == []


def test_process_mode_gives_the_same_scores(open_lane, artifact):
    lane, table = open_lane(mode="process"), card_world(PROCESS_ROWS)
    run(lane, table)
    scores = lane.scores()
    assert len(scores) == PROCESS_ROWS
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores


def bad_records():
    """Return (reason, key, value) of records that cannot be scored."""
    encode = transaction_codec().encode
    good = encode(transaction())
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    return [
        (Reason.UNDECODABLE, b"c0", b"\x07poison"),
        (Reason.UNDECODABLE, b"c0", good[:-3]),
        (Reason.UNDECODABLE, b"c0", None),
        (Reason.UNKNOWN_SCHEMA, b"c0", header(9_999) + good[5:]),
        (Reason.TRAILING_BYTES, b"c0", good + b"\x00"),
        (Reason.NULL_KEY, None, good),
        (Reason.KEY_MISMATCH, b"somebody else", good),
        (Reason.INVALID_AMOUNT, b"c0", encode(transaction(amount_minor=-1))),
        (Reason.INVALID_PLACE, b"c0", encode(transaction(latitude=91.0))),
        (Reason.EVENT_TIME_AHEAD, b"c0", encode(transaction(event_time=tomorrow))),
    ]


def counts(lane: Lane) -> dict[str, int]:
    """Return what `fraudstream status` says that the job counted."""
    settings = lane.settings.model_copy(
        update={"flink": lane.settings.flink.model_copy(update={"rest_url": lane.services.rest_url})}
    )
    return next(job["counts"] for job in read_status(settings)["jobs"] if job["id"] == lane.job_ids[-1])


def test_bad_records_are_dead_letters_and_all_others_are_scored(open_lane, artifact):
    lane, table = open_lane(), card_world(1_000)
    good = list(encode_transactions(table, FileRegistry(), "t-value"))
    records, bad = [], {}
    for number, record in enumerate(good):
        records.append(record)
        if number % 50 == 25:  # among the good ones, and each kind twice
            reason, key, value = bad_records()[number // 50 % len(bad_records())]
            bad[len(records)] = (reason, key, value)
            records.append((key, value))
    places = lane.send_raw(records)
    lane.submit()
    lane.await_scores(len(good))
    lane.await_records(lane.topics.dead_letters, len(bad))
    counted = Counter({"transactions": len(good)}) + Counter(
        f"dead_letters_{reason.value}" for reason, *_ in bad.values()
    )
    # The TaskManager tells its metrics every few seconds.
    assert wait_until(lambda: counts(lane).items() >= counted.items(), seconds=60, interval_s=1), counts(lane)
    lane.cancel()

    scores = lane.scores()
    assert len(scores) == len(good)
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores
    letters = lane.dead_letters()
    assert len(letters) == len(bad) == 2 * len(bad_records())
    found = {(item["partition"], item["offset"]): item for item in letters}
    for number, (reason, key, value) in bad.items():
        letter = found[places[number]]
        text = None if key is None else key.decode()
        assert (letter["reason"], letter["key"], letter["record_key"]) == (reason.value, text, text)
        assert letter["payload"] == (value or b"")
        assert letter["topic"] == lane.topics.transactions
        assert letter["detail"].startswith("expected ")


def test_without_scores_there_are_alerts_and_drift_of_the_inflated_amounts(open_lane, artifact):
    start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=15)
    table = card_world(40_000, customers=600, drift="amount_inflation", drift_at=start)
    expected = Expected.of(table, artifact)
    # In one partition: a backlog in several is not read in the order of time, and drift is a matter of time.
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


def test_a_cluster_of_ones_own_takes_the_job_with_its_packages_and_its_connector(open_lane, tmp_path):
    lane, table = open_lane(), card_world(300)
    lane.settings = lane.settings.model_copy(
        update={
            "flink": lane.settings.flink.model_copy(update={"rest_url": lane.services.rest_url}),
            "paths": PathSettings(state=tmp_path),  # another one than the cluster's: the client's home is made anew
        }
    )
    lane.submit()
    lane.send(table)
    lane.await_scores(len(table))
