"""The topic table defines every property of a topic."""

from dataclasses import fields

import pytest

from fraudstream.kafka.retention import retention_needs
from fraudstream.kafka.topic_rights import JobNeeds
from fraudstream.kafka.topics import new_topic
from fraudstream.settings.settings import load_settings
from jobs.job_config import INPUTS
from schemas.avro_schemas import AVRO_FOLDER
from schemas.topics import TOPIC_TABLE, Direction, Topics

SETTINGS = load_settings(None, topics={"control": "mine.control"}, kafka={"partitions": 7})


def test_every_topic_has_a_row_with_a_schema():
    assert list(TOPIC_TABLE) == [field.name for field in fields(Topics)]
    for row in TOPIC_TABLE.values():
        for kind in (row.kind, *row.other_kinds):
            assert (AVRO_FOLDER / f"{kind}.avsc").is_file(), kind


@pytest.mark.parametrize("field", TOPIC_TABLE)
def test_topic_is_created_with_the_properties_of_its_row(field):
    row, name = TOPIC_TABLE[field], getattr(SETTINGS.topics, field)
    made = new_topic(SETTINGS, name)
    assert (made.topic, made.num_partitions) == (name, row.partitions or 7)
    assert made.config.get("cleanup.policy", "delete") == row.cleanup
    assert made.config.get("retention.ms") == (None if row.retention_ms is None else str(row.retention_ms))


def test_renamed_topic_keeps_its_row():
    assert SETTINGS.topics.row("mine.control") is TOPIC_TABLE["control"]
    assert "mine.control-fraudstream.RuleBook" in SETTINGS.topics.subject_kinds()


def test_job_has_the_rights_of_the_table_and_reads_its_inputs():
    needs, topics = JobNeeds.of_settings(SETTINGS), SETTINGS.topics
    assert set(needs.reads) == set(topics.named(Direction.READ))
    assert set(needs.writes) == set(topics.named(Direction.WRITE))
    assert {getattr(topics, name) for name in INPUTS} < set(needs.reads)


def test_retention_is_checked_for_each_topic_whose_history_is_read():
    checked = {need.topic for need in retention_needs(SETTINGS)}
    rows = SETTINGS.topics.rows()
    assert checked == {name for name, row in rows if row.history_of or row.cleanup == "compact"}
