"""Records of random writers: each is decoded as by fastavro with the reader's schema, or a dead letter.

RANDOM_WRITERS is the number of batches.
"""

import io
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro_schemas import LABEL, TRANSACTION, schema_json
from schemas.codec import RecordCodec
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import FileRegistry
from schemas.rejection import Reason, Rejection
from schemas.time_units import LATEST_MS
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.extended_registry import ExtendedRegistry
from tests.hostile_records import Hostile
from tests.property.scoring.record_breaks import breaks
from tests.random_writers import ODD_VALUES, RandomWriter, framed, random_writer
from tests.records import NOON_MS, label, transaction

BATCHES = int(os.environ.get("RANDOM_WRITERS", "100"))
FIRST_ID, WRITERS, RECORDS = 900, 4, 24
MAKE = {TRANSACTION: transaction, LABEL: label}
DECODERS = {TRANSACTION: TransactionBatchDecoder, LABEL: LabelBatchDecoder}
TIMES = ("event_time", "label_time")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Case(NamedTuple):
    """A payload with its key and its expected outcome: a record or a reason."""

    key: str | None
    payload: bytes
    record: dict[str, Any] | None
    reason: Reason | None
    detail: str = ""


def numbered(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its times as milliseconds."""
    return record | {name: (record[name] - EPOCH) // timedelta(milliseconds=1) for name in TIMES if name in record}


def timed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with times as datetimes; times out of range become other invalid ones."""
    bounded = {name: min(max(record[name], -LATEST_MS), 3 * LATEST_MS) for name in TIMES if name in record}
    return record | {name: EPOCH + timedelta(milliseconds=value) for name, value in bounded.items()}


def intended(chance: random.Random, kind: str) -> dict[str, Any]:
    """Return the values that a writer intends to send."""
    record = numbered(MAKE[kind](chance.randrange(100)))
    if chance.random() < 0.15:
        name = chance.choice([*record])
        record[name] = chance.choice(ODD_VALUES)
    return record


def resolved(writer: RandomWriter, kind: str, body: bytes) -> dict[str, Any] | None:
    """Return a body as decoded by fastavro with the reader's schema, times as numbers; None if refused."""
    fields = [{**field, "type": "long"} if field["name"] in TIMES else field for field in schema_json(kind)["fields"]]
    reader = fastavro.parse_schema({**schema_json(kind), "fields": fields})
    try:
        return fastavro.schemaless_reader(io.BytesIO(body), writer.plain, reader)
    except Exception:
        return None


def rewritten(writer: RandomWriter, body: bytes) -> bytes:
    """Return a body as fastavro writes it, without block sizes and with its choice of branches."""
    try:
        value = fastavro.schemaless_reader(io.BytesIO(body), writer.plain, None)
    except UnicodeDecodeError:
        return body
    written = io.BytesIO()
    fastavro.schemaless_writer(written, writer.plain, value)
    return written.getvalue()


def random_case(chance: random.Random, kind: str, number: int, writer: RandomWriter) -> Case:
    body = writer.body(chance, intended(chance, kind))
    if chance.random() < 0.5:
        body = rewritten(writer, body)
    record = resolved(writer, kind, body)
    key = chance.choice([None, "c0"]) if record is None or chance.random() < 0.03 else record["customer_id"]
    damage = chance.choice(["cut", "longer"]) if chance.random() < 0.05 else ""
    sent = framed(FIRST_ID + number, body[: chance.randrange(len(body) or 1)] if damage == "cut" else body)
    sent += b"\x00" * (damage == "longer")
    if writer.name.rpartition(".")[2] != schema_json(kind)["name"]:
        return Case(key, sent, None, Reason.UNDECODABLE, f"record name {writer.name}, expected")
    if writer.other_unit:
        return Case(key, sent, None, Reason.UNDECODABLE, writer.other_unit)
    if record is None or (damage == "cut" and body):
        return Case(key, sent, None, Reason.UNDECODABLE)
    if damage == "longer":
        return Case(key, sent, None, Reason.TRAILING_BYTES)
    record = timed(record)
    reason = breaks(record, Hostile(key, sent))
    return Case(key, sent, None if reason else record, reason)


def committed_case(chance: random.Random, kind: str) -> Case:
    record = MAKE[kind](chance.randrange(100))
    return Case(record["customer_id"], RecordCodec(kind, "", FileRegistry()).encode(record), record, None)


def cases_of(chance: random.Random, kind: str, writers: list[RandomWriter]) -> list[Case]:
    cases = [committed_case(chance, kind)]
    for _ in range(RECORDS):
        number = chance.randrange(-1, len(writers))
        cases.append(committed_case(chance, kind) if number < 0 else random_case(chance, kind, number, writers[number]))
    return cases


def check(kind: str, seed: int) -> list[Rejection]:
    """Decode a batch of some writers in random sequence."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    writers = [random_writer(chance, schema_json(kind)) for _ in range(WRITERS)]
    cases = cases_of(chance, kind, writers)
    registry = ExtendedRegistry({FIRST_ID + number: writer.text for number, writer in enumerate(writers)})
    decoder = DECODERS[kind]("", registry, Limits(), lambda: NOON_MS)
    batch = decoder.decode([case.key for case in cases], [case.payload for case in cases], np.full(len(cases), NOON_MS))
    batch.records.validate(full=True)
    found = {item.row: item for item in batch.rejections}
    for row, case in enumerate(cases):
        got = found[row].reason if row in found else None
        detail = found[row].detail if row in found else ""
        assert got == case.reason, (detail, case, [writer.text for writer in writers])
        assert detail.startswith(case.detail), (detail, case)
    assert batch.records.to_pylist() == [case.record for case in cases if case.record is not None]
    return batch.rejections


@pytest.mark.parametrize("kind", DECODERS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=BATCHES, deadline=None)
def test_record_of_a_random_writer_is_as_fastavro_resolves_it_or_set_aside(kind, seed):
    check(kind, seed)


@pytest.mark.long
@pytest.mark.parametrize("kind", DECODERS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20 * BATCHES, deadline=None)
def test_record_of_many_more_writers_is_as_fastavro_resolves_it_or_set_aside(kind, seed):
    check(kind, seed)


@pytest.mark.parametrize("kind", DECODERS)
def test_some_random_writers_are_decoded_and_some_set_aside(kind):
    reasons: Counter[Reason] = Counter()
    for seed in range(40):
        reasons.update(item.reason for item in check(kind, seed))
    assert 0.05 < reasons.total() / (40 * (RECORDS + 1)) < 0.6
    assert {Reason.UNDECODABLE, Reason.TRAILING_BYTES, Reason.KEY_MISMATCH} <= set(reasons)
