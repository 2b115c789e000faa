"""Seeded hostile records through all processing of the job, without Flink and Kafka.

`make fuzz` runs more of them with another seed, see FUZZ_SEED and FUZZ_CASES. A failure names the
seed, the batch and the bytes.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from jobs.operators.outputs import Outputs
from jobs.operators.shard_scorer import ShardScorer
from models.features.entities.entity_tracker import EntityTracker
from models.features.history import decode_history, encode_history
from models.features.label_batch import LabelBatch
from models.features.label_record import check_labels
from models.scoring.artifact import load_artifact
from models.scoring.history_scorer import HistoryScorer
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer
from schemas.avro_schemas import ALERT, DEAD_LETTER, SCORE
from schemas.batch_decoder import DecodedBatch
from schemas.codec import RecordCodec, TrailingBytesError, UndecodableError
from schemas.inference_batch import InferenceBatchEncoder
from schemas.registry import FileRegistry, UnknownSchemaError
from schemas.rejection import Reason
from schemas.validation import Limits, event_time_ms
from tests.batches import LABELS, TRANSACTIONS, Kind
from tests.hostile_records import Hostile, HostileRecords
from tests.property.scoring.record_breaks import breaks
from tests.records import NOON_MS
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.map_state import State
from tests.unit.training.histories import artifact_folder

SEED = int(os.environ.get("FUZZ_SEED", "1"))
CASES = int(os.environ.get("FUZZ_CASES", "120_000"))
BATCH, LABELS_A_BATCH = 300, 100
BROKERS_LIMIT = 1_000_000
RESTARTED_EVERY = 25

Written = list[tuple[str, bytes]]
"""Topic and payload of a written record."""


@contextmanager
def reproducible(seed: int, batch: int, cases: list[Hostile]) -> Iterator[None]:
    """Add to a failure how to reproduce it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except BaseException as error:
        error.add_note(
            f"FUZZ_SEED={seed}, batch {batch}; its records (hex): {[case.payload[:400].hex() for case in cases]}"
        )
        raise


def decode(kind: Kind, cases: list[Hostile]) -> DecodedBatch:
    times = np.full(len(cases), NOON_MS)
    batch = kind.decoder.decode([case.key for case in cases], [case.payload for case in cases], times)
    batch.records.validate(full=True)
    return batch


def check_against_fastavro(kind: Kind, cases: list[Hostile], batch: DecodedBatch) -> None:
    """Check that each record is decoded or rejected, with the same reason as alone."""
    rejected = {item.row: item for item in batch.rejections}
    assert len(rejected) == len(batch.rejections)
    assert len(rejected) + len(batch.records) == len(cases)
    accepted = iter(batch.records.to_pylist())
    for row, case in enumerate(cases):
        if row not in rejected:
            record = next(accepted)
            assert record == kind.codec.decode(case.payload), case.payload.hex()
            assert breaks(record, case) is None, (case.payload.hex(), case.key)
            continue
        assert rejected[row].reason in reasons(kind, case), (rejected[row], case.payload.hex(), case.key)


def reasons(kind: Kind, case: Hostile) -> set[Reason]:
    """Return the possible reasons to set a record aside, in a simple second implementation."""
    if len(case.payload) > Limits().max_record_bytes:
        return {Reason.TOO_LARGE}
    try:
        record = kind.codec.decode(case.payload)
    except UnknownSchemaError:
        return {Reason.UNKNOWN_SCHEMA}
    except TrailingBytesError:
        return {Reason.TRAILING_BYTES}
    except UndecodableError as error:
        # The time is out of range for datetime; the limits give the more precise reason.
        beyond = {
            Reason.INVALID_EVENT_TIME,
            Reason.EVENT_TIME_AHEAD,
            Reason.INVALID_LABEL_TIME,
            Reason.LABEL_TIME_AHEAD,
        }
        others = set(Reason) - {Reason.TOO_LARGE, Reason.UNKNOWN_SCHEMA, Reason.INTERNAL}
        return others | beyond if "OverflowError" in str(error) else {Reason.UNDECODABLE}
    reason = breaks(record, case)
    return {reason} if reason else set()


class Engines:
    """Three ways to score the same records: in memory, on a store with a tiny cache, and in a shard."""

    def __init__(self) -> None:
        self.artifact = load_artifact(artifact_folder())
        self.memory, self.entities = HistoryScorer(self.artifact), EntityTracker()
        self.stored: dict[str, dict[str, bytes]] = {"histories": {}, "customers": {}}
        self.learned = 0
        self.state = State()
        self.restart()

    def restart(self) -> None:
        """Restart from the stored state."""
        stored = self.stored
        self.cached = TransactionScorer(
            self.artifact,
            load=stored["histories"].get,
            load_labels=stored["customers"].get,
            capacity=7,
        )
        self.shard = ShardScorer(4, self._new_scorer, self.state)

    def _new_scorer(self, load: Any) -> TransactionScorer:
        return TransactionScorer(self.artifact, load=load, load_labels=self.state.customer_labels.get)

    def score(self, batch: DecodedBatch) -> ScoredBatch:
        """Score a batch in all ways; returns the result of the shard."""
        whole = self.memory.score(batch.records)
        entities, half = self.entities.advance(batch.records), len(batch.records) // 2
        parts = []
        for rows in (slice(half), slice(half, len(batch.records))):
            part = batch.records[rows]
            if len(part):
                parts.append(self.cached.score(part, entities=entities.take(rows)))
                self.cached.keep()
                changed = self.cached.records(part.column("customer_id").to_pylist())
                for raw in changed.values():
                    assert encode_history(*decode_history(raw)) == raw
                self.stored["histories"].update(changed)
        assert np.concatenate([part.x for part in parts]).tobytes() == whole.x.tobytes()
        assert np.concatenate([part.scores for part in parts]).tobytes() == whole.scores.tobytes()
        scored = self.shard.score(batch.records, entities)
        self.shard.keep(scored)
        self.shard.store(int(event_time_ms(batch.records).max()), NOON_MS)
        for found in (whole, scored):
            assert np.isfinite(found.x).all()
            assert ((found.scores >= 0) & (found.scores <= 1)).all()
        return scored

    def learn(self, labels: LabelBatch) -> None:
        """Learn labels in all ways."""
        for engine in (self.memory, self.cached, self.entities):
            engine.learn(labels)
        customers = self.cached.pop_changed_labels()
        for raw in customers.values():
            assert check_labels(raw)[0] > 0
        self.stored["customers"].update(customers)
        self.shard.learn(labels, np.arange(self.learned, self.learned + len(labels)))
        self.learned += len(labels)


@pytest.fixture(scope="module")
def outputs() -> tuple[Outputs, InferenceBatchEncoder]:
    artifact, registry = load_artifact(artifact_folder()), FileRegistry()
    manifest = artifact.manifest
    log = InferenceBatchEncoder("i", registry, model_id=manifest.model_id, spec_hash=manifest.feature_spec_hash)
    return Outputs(job_config(), artifact, registry), log


CODECS = {
    "fraud.scores.v1": RecordCodec(SCORE, "", FileRegistry()),
    "fraud.alerts.v1": RecordCodec(ALERT, "", FileRegistry()),
    "fraud.dlq.v1": RecordCodec(DEAD_LETTER, "", FileRegistry()),
}


def check_written(rows: list[Any], batch: DecodedBatch) -> None:
    """Check that the output fits a broker's limit and has a score for each transaction."""
    ids = batch.records.column("transaction_id").to_pylist()
    scored = []
    for topic, keys, payloads in rows:
        assert len(keys) == len(payloads)
        for key, payload in zip(keys, payloads, strict=True):
            assert len(payload) + len((key or "").encode()) < BROKERS_LIMIT
            record = CODECS[topic].decode(payload)
            if topic == "fraud.scores.v1":
                scored.append(record["transaction_id"])
    assert scored == ids


def check_letters(rows: list[Any], cases: list[Hostile], batch: DecodedBatch) -> None:
    letters = [(topic, payload) for topic, _, payloads in rows for payload in payloads]
    for item, (topic, payload) in zip(batch.rejections, letters, strict=True):
        letter, case = CODECS[topic].decode(payload), cases[item.row]
        assert len(payload) < BROKERS_LIMIT
        assert (letter["reason"], letter["offset"]) == (item.reason.value, item.row)
        assert case.payload.startswith(letter["payload"])
        assert (letter["payload_size"] or len(letter["payload"])) == len(case.payload)
        assert (case.key or "").startswith(letter["key"] or "")
        assert (letter["key_size"] or len(letter["key"] or "")) == len(case.key or "")


def fuzz(outputs: tuple[Outputs, InferenceBatchEncoder], seed: int, cases_in_all: int) -> None:
    """Process hostile records in all ways, and check the output."""
    writer, log = outputs
    engines = Engines()
    transactions, labels = HostileRecords(TRANSACTIONS, seed), HostileRecords(LABELS, seed + 1)
    seen: dict[Reason | None, int] = {}
    for number in range(cases_in_all // (BATCH + LABELS_A_BATCH)):
        if number % RESTARTED_EVERY == RESTARTED_EVERY - 1:
            engines.restart()
        cases = list(labels.draw(LABELS_A_BATCH))
        with reproducible(seed, number, cases):
            batch = decode(LABELS, cases)
            check_against_fastavro(LABELS, cases, batch)
            engines.learn(LabelBatch.of(batch.records))
        cases = list(transactions.draw(BATCH))
        with reproducible(seed, number, cases):
            batch = decode(TRANSACTIONS, cases)
            check_against_fastavro(TRANSACTIONS, cases, batch)
            scored = engines.score(batch)
            every = np.arange(len(batch.records))
            check_written([*writer.decisions(batch.records, scored, every, 4, [7], NOON_MS)], batch)
            logged = log.encode(
                batch.records, every, scored.x, scored.scores, scored.decisions, every, every,
                scored_at_ms=NOON_MS, shard=4, label_offsets=[7], entity_sequences=scored.entity_sequences,
            )  # fmt: skip
            assert len(logged) == len(every)
            assert max(map(len, logged), default=0) < BROKERS_LIMIT
            keys, payloads = [case.key for case in cases], [case.payload for case in cases]
            letters = writer.dead_letters("t", batch.rejections, keys, payloads, [*range(len(cases))], NOON_MS)
            check_letters([*letters], cases, batch)
        for item in batch.rejections:
            seen[item.reason] = seen.get(item.reason, 0) + 1
        seen[None] = seen.get(None, 0) + len(batch.records)
    of_labels = {Reason.INVALID_LABEL_TIME, Reason.LABEL_TIME_AHEAD}
    expected = set(Reason) - of_labels - {Reason.INTERNAL, Reason.INVALID_KAFKA_TIME}
    assert set(seen) - {None} == expected, "a hostile sender should meet every reason"
    assert seen[None] > cases_in_all // 4


def test_every_hostile_record_is_a_score_or_a_dead_letter(outputs):
    fuzz(outputs, SEED, CASES)


@pytest.mark.long
@pytest.mark.parametrize("seed", [101, 202, 303])
def test_every_one_of_many_more_hostile_records_is_a_score_or_a_dead_letter(outputs, seed):
    fuzz(outputs, seed, 500_000)
