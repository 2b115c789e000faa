"""Batches of Kinesis records: partial failures, dead letters, repeated records."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from fraudstream.serving.feature_source import ApiFeatureSource, NoFeatureSource
from fraudstream.serving.instance_scorer import InstanceScorer
from fraudstream.serving.kinesis_scoring import KinesisScoring
from fraudstream.serving.kinesis_writer import MAX_BYTES, MAX_RECORDS, chunks
from fraudstream.settings.serving_settings import ServingSettings
from schemas.errors import UserError
from tests.kinesis_events import kinesis_event, sequence_number
from tests.patience import PATIENCE_S
from tests.served_items import features_answer, features_api, scored_items
from tests.unit.training.histories import artifact_folder

SCORES, LETTERS = "scores", "dead-letters"


class Streams:
    """Streams in memory that accept a number of records each."""

    def __init__(self, **room: int) -> None:
        self.records: dict[str, list[dict[str, Any]]] = {SCORES: [], LETTERS: []}
        self._room = room

    def put(self, stream: str, records: Sequence[tuple[str, bytes]]) -> int:
        """Accept the first records."""
        accepted = records[: self._room.get(stream.replace("-", "_"), len(records))]
        self.records[stream] += [json.loads(data) for _, data in accepted]
        return len(accepted)

    def ids(self, stream: str = SCORES) -> list[str]:
        """Return the sequence numbers of a stream's records."""
        return [record["sequence_number"] for record in self.records[stream]]


def scoring(streams: Streams, source=None, letters: str | None = LETTERS) -> KinesisScoring:
    scorer = InstanceScorer.load(artifact_folder(), source or NoFeatureSource())
    return KinesisScoring(scorer=scorer, writer=streams, output_stream=SCORES, dead_letter_stream=letters)


def failed(number: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": sequence_number(number)}]}


GOOD = [{**item.transaction, "features": item.features} for item in scored_items()[:4]]
NONE_FAILED: dict[str, Any] = {"batchItemFailures": []}


def test_scores_are_those_of_the_job_in_the_order_of_the_batch():
    streams, items = Streams(), scored_items()
    events = kinesis_event(*({**item.transaction, "features": item.features} for item in items))
    assert scoring(streams).handle(events) == NONE_FAILED
    assert [record["score"] for record in streams.records[SCORES]] == [item.score for item in items]
    assert streams.ids() == [sequence_number(number) for number in range(len(items))]


def test_bad_record_becomes_a_dead_letter_and_stops_nothing():
    streams = Streams()
    event = kinesis_event(GOOD[0], b"\xff", GOOD[1], {"features": [1]}, GOOD[2])
    event["Records"].append(json.loads(json.dumps(event["Records"][0])))
    event["Records"][-1]["kinesis"]["data"] = "no base64!"
    assert scoring(streams).handle(event) == NONE_FAILED
    assert streams.ids() == [sequence_number(number) for number in (0, 2, 4)]
    assert streams.ids(LETTERS) == [sequence_number(number) for number in (1, 3, 0)]
    assert streams.records[LETTERS][1]["reason"].startswith("/features: expected 216 numbers")


def test_bad_record_without_a_dead_letter_stream_is_reported():
    streams = Streams()
    assert scoring(streams, letters=None).handle(kinesis_event(GOOD[0], b"{", GOOD[1])) == failed(1)
    assert streams.ids() == [sequence_number(0)]


def test_batch_is_repeated_from_the_first_record_without_an_answer_of_the_online_store():
    streams, items = Streams(), scored_items()
    lost = items[2].transaction["customer_id"]

    def answer(customer: str, query: dict[str, str]) -> tuple[int, Any]:
        return (503, {}) if customer == lost else features_answer(customer, query)

    with features_api(answer) as url:
        source = ApiFeatureSource(ServingSettings(features_url=url, features_timeout_s=PATIENCE_S))
        first = next(i for i, item in enumerate(items) if item.transaction["customer_id"] == lost)
        event = kinesis_event(*(item.transaction for item in items[:6]), b"{")
        assert scoring(streams, source).handle(event) == failed(first)
    assert streams.ids() == [sequence_number(number) for number in range(first)]
    assert streams.ids(LETTERS) == []


@pytest.mark.parametrize(
    ("room", "repeated"),
    [({"scores": 0}, 0), ({"scores": 1}, 2), ({"dead_letters": 0}, 1), ({"scores": 2}, 3)],
)
def test_batch_is_repeated_from_the_first_record_that_was_not_written(room, repeated):
    """The batch has two scores around a dead letter, then another score."""
    streams = Streams(**room)
    assert scoring(streams).handle(kinesis_event(GOOD[0], b"{", GOOD[1], GOOD[2])) == failed(repeated)
    again = kinesis_event(GOOD[0], b"{", GOOD[1], GOOD[2])
    again["Records"] = again["Records"][repeated:]
    complete = Streams()
    complete.records = streams.records
    assert scoring(complete).handle(again) == NONE_FAILED
    assert sorted(set(complete.ids())) == [sequence_number(number) for number in (0, 2, 3)]
    assert set(complete.ids(LETTERS)) == {sequence_number(1)}


@pytest.mark.parametrize("event", [{}, {"Records": [{"s3": {}}]}, {"Records": 3}])
def test_event_of_another_source_is_refused(event):
    with pytest.raises(UserError, match="expected an event of a Kinesis stream"):
        scoring(Streams()).handle(event)


def test_chunks_respect_the_limits_of_a_request():
    records = [("k", b"x" * 1_000_000)] * 9 + [("k", b"y")] * 1_200
    parts = chunks(records)
    assert [record for part in parts for record in part] == records
    assert max(map(len, parts)) <= MAX_RECORDS
    assert max(sum(len(data) + 1 for _, data in part) for part in parts) <= MAX_BYTES
