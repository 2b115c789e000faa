"""Sources and sinks are arguments of the job graph: the same job reads and writes files on the real cluster."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraudstream.control.submit import submit
from fraudstream.system.deadline import wait_until
from producers.encoding import encode_transactions
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.registry import value_subject
from tests.integration import files_job
from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

ROWS = 500


def test_job_between_files_has_the_scores_of_the_job_between_topics(open_lane, artifact):
    lane, table = open_lane(labels=False), card_world(ROWS)
    folder = lane.settings.state.checkpoints.parent / lane.topics.transactions
    (folder / "in").mkdir(parents=True)
    records = encode_transactions(table, lane.registry, value_subject(lane.topics.transactions))
    lines = [
        {
            "customer_id": (key or b"").decode(),
            "payload": b64encode(payload or b"").decode(),
            "kafka_partition": 0,
            "kafka_offset": number,
            "kafka_time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z",
        }
        for number, (key, payload) in enumerate(records)
    ]
    (folder / "in" / "all.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    lane.job_ids.append(submit(lane.services, script=Path(files_job.__file__)).job_id)
    codec = RecordCodec(SCORE, value_subject(lane.topics.scores), lane.registry)

    def scores() -> dict[str, float]:
        written = [json.loads(line) for file in (folder / "out").glob("part-*") for line in file.open()]
        payloads = [b64decode(item["payload"]) for item in written if item["topic"] == lane.topics.scores]
        return {item["transaction_id"]: item["score"] for item in map(codec.decode, payloads)}

    assert wait_until(lambda: len(scores()) == ROWS, seconds=120), lane.rest.root_cause(lane.job_ids[0])
    expected = Expected.of(table, artifact)
    assert scores() == pytest.approx(expected.scores, abs=1e-6)
