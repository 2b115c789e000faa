"""Scoring of a batch of Kinesis records, with partial failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from fraudstream.api.json_body import BodyError, parse_json
from fraudstream.serving.instance import Instance, InstanceError
from fraudstream.serving.instance_scorer import InstanceScorer, ScoredInstance
from fraudstream.serving.kinesis_event import KinesisRecord, read_event
from fraudstream.system.failures import RuntimeFailure


class StreamWriter(Protocol):
    """Writer of records to streams."""

    def put(self, stream: str, records: Sequence[tuple[str, bytes]]) -> int:
        """Send records of (partition key, data), and return how many of the first are certainly written."""


@dataclass(frozen=True, kw_only=True)
class KinesisScoring:
    """Scores batches and writes the results.

    Lambda repeats a batch from the first reported record on. So everything before that record is written, nothing
    after it; a repeated record is written again, with the same `event_id`.

    Parameters
    ----------
    output_stream : str
        Name of the stream of scores.
    dead_letter_stream : str or None
        Name of the stream of records that can't be scored. None: such a record is reported as failed, for the
        failure destination of the event source.
    """

    scorer: InstanceScorer
    writer: StreamWriter
    output_stream: str
    dead_letter_stream: str | None = None

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Score an event and return its partial failure, as Lambda expects with `ReportBatchItemFailures`.

        Raises
        ------
        UserError
            It is no event of a Kinesis stream.
        """
        records = read_event(event)
        answers = self._score(records)
        good = next((i for i, answer in enumerate(answers) if self._must_repeat(answer)), len(records))
        written = self._write(records[:good], answers[:good])
        failed = records[written].sequence_number if written < len(records) else None
        return {"batchItemFailures": [] if failed is None else [{"itemIdentifier": failed}]}

    def _must_repeat(self, answer: ScoredInstance | InstanceError | RuntimeFailure) -> bool:
        return isinstance(answer, RuntimeFailure) or (
            isinstance(answer, InstanceError) and self.dead_letter_stream is None
        )

    def _score(self, records: Sequence[KinesisRecord]) -> list[ScoredInstance | InstanceError | RuntimeFailure]:
        parsed = [self._parse(record) for record in records]
        scores = iter(self.scorer.score([item for item in parsed if isinstance(item, Instance)]))
        return [next(scores) if isinstance(item, Instance) else item for item in parsed]

    def _parse(self, record: KinesisRecord) -> Instance | InstanceError:
        if record.data is None:
            return InstanceError("", "data in base64", "something else")
        try:
            return self.scorer.parse(parse_json(record.data))
        except BodyError as error:
            return InstanceError("", error.problem.problem.expected, error.problem.problem.was)
        except InstanceError as error:
            return error

    def _write(
        self,
        records: Sequence[KinesisRecord],
        answers: Sequence[ScoredInstance | InstanceError | RuntimeFailure],
    ) -> int:
        """Write dead letters, then scores, and return how many of the first records are done."""
        letters = [i for i, answer in enumerate(answers) if isinstance(answer, InstanceError)]
        scored = [i for i, answer in enumerate(answers) if isinstance(answer, ScoredInstance)]
        until = len(records)
        if letters:
            sent = self.writer.put(
                self.dead_letter_stream or "",
                [(records[i].partition_key, _dead_letter(records[i], str(answers[i]))) for i in letters],
            )
            until = letters[sent] if sent < len(letters) else until
        before = [i for i in scored if i < until]
        lines = [(records[i].partition_key, _score(records[i], answers[i])) for i in before]
        sent = self.writer.put(self.output_stream, lines) if lines else 0
        return before[sent] if sent < len(before) else until


def _source(record: KinesisRecord) -> dict[str, Any]:
    return {"event_id": record.event_id, "sequence_number": record.sequence_number, "stream": record.stream}


def _score(record: KinesisRecord, answer: Any) -> bytes:
    return orjson.dumps({**answer.to_json(), **_source(record)})


def _dead_letter(record: KinesisRecord, reason: str) -> bytes:
    data = None if record.data is None else record.data.decode(errors="backslashreplace")
    return orjson.dumps({"reason": reason, **_source(record), "data": data})
