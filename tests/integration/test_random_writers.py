"""Records of random writers and hostile bytes through a real job with a real schema registry.

Each becomes one score or one dead letter with its reason; the job does not restart, and other customers
are unaffected. `make fuzz` runs the long form with another seed, see FUZZ_SEED and FUZZ_CASES.
"""

import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
import pytest

from fraudstream.system.deadline import wait_until
from producers.encoding import encode_transactions
from schemas.avro_schemas import DEAD_LETTER, LABEL, SCORE, TRANSACTION
from schemas.codec import RecordCodec
from schemas.framing import header
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import SchemaRegistry, UnknownSchemaError, value_subject
from schemas.rejection import Reason
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from schemas.wall_clock import now_ms
from tests.batches import LABELS, TRANSACTIONS, Kind
from tests.hostile_records import Message
from tests.integration.embedded_registry import known_writers
from tests.integration.expected import Expected, card_world
from tests.integration.outcomes import Outcomes
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S
from tests.writer_flood import WriterFlood

pytestmark = pytest.mark.integration

SEED = int(os.environ.get("FUZZ_SEED", "1"))
CASES = int(os.environ.get("FUZZ_CASES", "1_000_000"))
CHUNK, LABELS_SHARE = 20_000, 0.2
DAYS_AGO = 30
KEPT_BYTES = Limits().max_record_bytes


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of a flood.

    Attributes
    ----------
    records : int
        Records of both topics, hostile ones included.
    writers : int
        Random writers of each topic.
    good : int
        Number of these that are transactions of known customers.
    """

    records: int
    writers: int
    valid: int


class CachedRegistry:
    """A registry with a cache for every id, known and unknown."""

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._unknown: set[int] = set()

    def id_for(self, subject: str, name: str) -> int:
        return self._registry.id_for(subject, name)

    def ids(self, subject: str, name: str) -> list[int]:
        return self._registry.ids(subject, name)

    def schema_for(self, schema_id: int) -> str:
        if schema_id not in self._unknown:
            try:
                return self._registry.schema_for(schema_id)
            except UnknownSchemaError:
                self._unknown.add(schema_id)
        raise UnknownSchemaError(str(schema_id))


def kinds_of(lane: Lane) -> dict[str, Kind]:
    """Return the record kinds of a lane's input topics, with the registry of the lane."""
    registry, topics = CachedRegistry(lane.registry), lane.topics
    found = {}
    for topic, like, name, decoder in (
        (topics.transactions, TRANSACTIONS, TRANSACTION, TransactionBatchDecoder),
        (topics.labels, LABELS, LABEL, LabelBatchDecoder),
    ):
        subject = value_subject(topic)
        codec = RecordCodec(name, subject, registry)
        found[topic] = Kind(like.make, codec, decoder(subject, registry, Limits()), like.arrow)
    return found


def keys_as_read(messages: Sequence[Message]) -> list[str | None]:
    return [None if key is None else key.decode("utf-8", "replace") for key, _ in messages]


class Flood:
    """A flood into the topics of a lane, with its outcomes by decoders outside the job."""

    def __init__(self, lane: Lane, url: str, size: Size, seed: int) -> None:
        self._lane = lane
        self._kinds = kinds_of(lane)
        self._time_ms = now_ms() // 1_000 * 1_000  # the job sees seconds
        self.expected = Outcomes([*self._kinds])
        names = {lane.topics.transactions: TRANSACTION, lane.topics.labels: LABEL}
        self.writers = {
            topic: known_writers(url, topic, name, size.writers, seed + number)
            for number, (topic, name) in enumerate(names.items())
        }
        self._floods = {
            topic: WriterFlood(self._kinds[topic], self.writers[topic], seed + number)
            for number, topic in enumerate(names)
        }
        self._chance = random.Random(seed)  # noqa: S311
        self._size = size

    def make_schemas_known(self) -> None:
        """Make the job look up each schema before a flood of invented ids suspends lookups for a minute.

        All schemas are sent to both topics: a damaged id may be that of another schema.
        """
        newest = max(known.schema_id for writers in self.writers.values() for known in writers)
        for topic in self._kinds:
            self._send(topic, [(b"w0", header(schema_id)) for schema_id in range(1, newest + 1)])
        self._lane.await_records(self._lane.topics.dead_letters, self.expected.letters)

    def send(self, valid: Iterator[Message]) -> None:
        """Send everything; valid transactions are mixed in, and stay in sequence."""
        topics, size = self._lane.topics, self._size
        for first in range(0, size.records, CHUNK):
            count = min(CHUNK, size.records - first)
            of_labels = round(count * LABELS_SHARE)
            some = [*islice(valid, round(size.valid * count / size.records) + 1)]
            foreign = [*self._floods[topics.transactions].draw(count - of_labels - len(some))]
            self._send(topics.transactions, self._mixed(some, foreign))
            self._send(topics.labels, [*self._floods[topics.labels].draw(of_labels)])

    def _mixed(self, valid: list[Message], foreign: list[Message]) -> list[Message]:
        """Return both mixed, each in sequence."""
        from_valid = [True] * len(valid) + [False] * len(foreign)
        self._chance.shuffle(from_valid)
        valid_ones, foreigns = iter(valid), iter(foreign)
        return [next(valid_ones if is_valid else foreigns) for is_valid in from_valid]

    def _send(self, topic: str, messages: list[Message]) -> None:
        positions = self._lane.send_raw(messages, topic, time_ms=self._time_ms)
        payloads = [value or b"" for _, value in messages]
        times_ms = np.full(len(messages), self._time_ms)
        batch = self._kinds[topic].decoder.decode(keys_as_read(messages), payloads, times_ms)
        for item in batch.rejections:
            self.expected.add_letter(topic, *positions[item.row], item.reason, payloads[item.row][:KEPT_BYTES])
        if topic == self._lane.topics.transactions:
            columns = (batch.records.column(name) for name in ("customer_id", "transaction_id", "event_time"))
            for row in zip(*(column.to_pylist() for column in columns), strict=True):
                self.expected.add_score(*row)


def await_all(lane: Lane, expected: Outcomes) -> None:
    """Wait until every record has an outcome, as long as there is progress and the job has not restarted."""
    total = expected.scores + expected.letters

    def size() -> int:
        assert lane.rest.restarts(lane.job_ids[-1]) == 0
        return lane.size(lane.topics.scores) + lane.size(lane.topics.dead_letters)

    while (found := size()) < total:
        assert wait_until(lambda found=found: size() > found, seconds=PATIENCE_S, interval_s=1.0), (found, total)


def read_outcomes(lane: Lane, topics: Sequence[str], valid: dict[str, float]) -> Outcomes:
    """Read the output of the job, and compare the scores of valid transactions."""
    found, seen = Outcomes(topics), 0
    for item in lane.records(SCORE, lane.topics.scores):
        found.add_score(item["customer_id"], item["transaction_id"], item["event_time"])
        assert 0 <= item["score"] <= 1
        if item["transaction_id"] in valid:
            assert item["score"] == valid[item["transaction_id"]]
            seen += 1
    for item in lane.records(DEAD_LETTER, lane.topics.dead_letters):
        found.add_letter(item["topic"], item["partition"], item["offset"], item["reason"], item["payload"])
    assert seen == len(valid)
    return found


def run(lane: Lane, url: str, artifact, size: Size, seed: int) -> None:
    """Send a flood through the job of a lane, and compare its output."""
    began = time.monotonic()
    # Recent times: some of the flood's times equal the clock, and expire customers of long ago.
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS_AGO)
    table = card_world(size.valid, customers=max(300, size.valid // 20), start=start, days=DAYS_AGO)
    flood = Flood(lane, url, size, seed)
    lane.submit()
    flood.make_schemas_known()
    flood.send(encode_transactions(table, lane.registry, value_subject(lane.topics.transactions)))
    await_all(lane, flood.expected)
    assert lane.rest.restarts(lane.job_ids[-1]) == 0
    assert lane.rest.job(lane.job_ids[-1])["state"] == "RUNNING"
    lane.cancel()

    found = read_outcomes(lane, [*flood.writers], Expected.of(table, artifact).scores)
    found.require_equal(flood.expected)
    known = {topic: len(writers) for topic, writers in flood.writers.items()}
    print(  # for `make fuzz`
        f"seed {seed}: {size.records:,} records; schemas accepted by the registry {known} of {size.writers} each; "
        f"{found.scores:,} scored; {found.letters:,} dead letters {dict(found.reasons)}; 0 restarts; "
        f"{time.monotonic() - began:.0f} s"
    )
    assert {Reason.UNDECODABLE, Reason.UNKNOWN_SCHEMA, Reason.TRAILING_BYTES, Reason.KEY_MISMATCH} <= set(found.reasons)
    assert min(known.values()) > size.writers // 2
    assert found.scores > size.records // 10


def test_each_record_of_any_writer_is_a_score_or_a_dead_letter_without_a_restart(open_lane, url, artifact):
    run(open_lane(registry_url=url), url, artifact, Size(records=8_000, writers=40, valid=2_000), SEED)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(("mode", "share"), [("thread", 0.8), ("process", 0.2)])
def test_each_of_a_million_records_is_a_score_or_a_dead_letter_without_a_restart(open_lane, url, artifact, mode, share):
    size = Size(records=round(CASES * share), writers=300, valid=round(CASES * share / 40))
    run(open_lane(registry_url=url, mode=mode), url, artifact, size, SEED + round(100 * share))
