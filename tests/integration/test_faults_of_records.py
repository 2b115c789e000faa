"""Records that make the operator of a real job raise become dead letters without a restart of the job."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import faulty_job
from fraudstream.control.submit import submit
from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

ROWS, EVERY = 600, 10
STAGES = faulty_job.STAGES


@pytest.mark.parametrize("mode", ["thread", pytest.param("process", marks=pytest.mark.long)])
def test_faults_at_every_stage_are_dead_letters_and_all_other_records_are_scored(open_lane, artifact, mode):
    lane, table = open_lane(mode=mode), card_world(ROWS)
    numbers = np.arange(ROWS)
    bad = numbers % EVERY == EVERY - 1
    faulty = np.array(list(faulty_job.FAULTY_MINOR.values()))[numbers // EVERY % len(STAGES)]
    amounts = np.where(bad, faulty, table.column("amount_minor").to_numpy())
    index = table.schema.get_field_index("amount_minor")
    sent = table.set_column(index, table.schema.field(index), pa.array(amounts))
    lane.job_ids.append(submit(lane.services, script=Path(faulty_job.__file__)).job_id)
    lane.send(sent)
    lane.await_records(lane.topics.scores, ROWS - ROWS // EVERY)
    lane.await_records(lane.topics.dead_letters, ROWS // EVERY)
    assert lane.rest.restarts(lane.job_ids[-1]) == 0
    lane.cancel()

    expected = Expected.of(table.filter(pa.array(~bad)), artifact).scores
    assert {item["transaction_id"]: item["score"] for item in lane.scores()} == expected
    letters = lane.dead_letters()
    assert {item["reason"] for item in letters} == {"INTERNAL"}
    of_a_stage = ROWS // EVERY // len(STAGES)
    found = Counter(item["detail"].rpartition("this amount, at ")[2] for item in letters)
    assert found == dict.fromkeys(STAGES, of_a_stage)
