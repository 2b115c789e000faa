"""Endless simulated stream."""

from datetime import UTC, datetime, timedelta

from producers.live import live_records
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import TRANSACTION
from schemas.codec import RecordCodec
from schemas.open_registry import open_registry

BEGIN = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


def decoded(events: int = 5_000, begin: datetime = BEGIN):
    registry = open_registry(None)
    config = SimulationConfig(seed=1, merchants=100, days=30)
    records = live_records(config, registry, "t-value", rate=2.0, events=events, begin=begin, rows=500)
    codec = RecordCodec(TRANSACTION, "t-value", registry)
    return [codec.decode(value) for _, value in records]


def test_event_times_end_now_and_are_never_in_the_future():
    records = decoded()
    assert len(records) == 5_000
    for number, record in enumerate(records):
        assert BEGIN - timedelta(days=30) <= record["event_time"] <= BEGIN + timedelta(seconds=number / 2)


def test_chapters_continue_without_repeating_an_id():
    ids = [record["transaction_id"] for record in decoded()]
    assert len(set(ids)) == len(ids)


def test_later_run_of_the_same_seed_has_other_transaction_ids():
    one = decoded(events=200)
    other = decoded(events=200, begin=BEGIN + timedelta(seconds=5))
    assert not {r["transaction_id"] for r in one} & {r["transaction_id"] for r in other}
