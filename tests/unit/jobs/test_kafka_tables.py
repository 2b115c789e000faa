"""DDL of the Kafka tables."""

import pytest

from jobs.kafka_tables import control_table, labels_table, outputs_table, queries_table, transactions_table
from schemas.topics import Topics
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.table_options import options

FIFTEEN_MINUTES_MS = 15 * 60 * 1000
TABLES = [transactions_table, queries_table, outputs_table]


@pytest.mark.parametrize("table", TABLES)
def test_broker_and_properties_reach_every_client(table):
    properties = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}
    config = job_config(bootstrap_servers="a:1,b:2", kafka_properties=properties)
    found = options(table(config))
    assert found["properties.bootstrap.servers"] == "a:1,b:2"
    assert found["properties.security.protocol"] == "SASL_SSL"
    assert found["properties.sasl.mechanism"] == "PLAIN"


@pytest.mark.parametrize("table", TABLES)
def test_quote_in_a_property_does_not_end_the_value(table):
    secret = "username='me' password='it''s', 'x' = 'y'"
    found = options(table(job_config(kafka_properties={"sasl.jaas.config": secret})))
    assert found["properties.sasl.jaas.config"] == secret
    assert "x" not in found


@pytest.mark.parametrize(
    ("start_from", "mode"),
    [("earliest", "earliest-offset"), ("latest", "latest-offset"), ("committed", "group-offsets")],
)
def test_source_starts_at_the_configured_position(start_from, mode):
    found = options(transactions_table(job_config(start_from=start_from)))
    assert found["scan.startup.mode"] == mode
    assert found["properties.auto.offset.reset"] == "earliest"
    assert found["properties.group.id"]


@pytest.mark.parametrize("table", [transactions_table, labels_table, control_table, queries_table])
def test_every_input_is_read_committed_and_its_added_partitions_within_ten_seconds(table):
    found = options(table(job_config()))
    assert found["properties.isolation.level"] == "read_committed"
    assert 0 < int(found["scan.topic-partition-discovery.interval"].removesuffix(" s")) <= 10
    changed = job_config(kafka_properties={"isolation.level": "read_uncommitted"})
    assert options(table(changed))["properties.isolation.level"] == "read_uncommitted"


@pytest.mark.parametrize("table", [labels_table, control_table, queries_table])
def test_broker_is_not_asked_again_and_again_for_records_that_are_rare(table):
    assert int(options(table(job_config()))["properties.fetch.max.wait.ms"]) >= 100


def test_source_is_never_bounded():
    assert "scan.bounded.mode" not in options(transactions_table(job_config()))


def test_topics_are_those_of_the_settings():
    topics = Topics(
        transactions="t", alerts="a", scores="s", drift="d", dead_letters="x", inference="i", control="c",
        model_events="e", shadow="h", queries="q", features="f",
    )  # fmt: skip
    config = job_config(topics=topics)
    assert options(transactions_table(config))["topic"] == "t"
    assert options(control_table(config))["topic"] == "c"
    assert options(queries_table(config))["topic"] == "q"
    assert set(options(outputs_table(config))["topic"].split(";")) == {"a", "s", "d", "x", "i", "e", "h", "f"}


def test_keys_and_values_are_raw_bytes():
    for table in TABLES:
        found = options(table(job_config()))
        assert (found["key.format"], found["value.format"]) == ("raw", "raw")
        assert found["value.fields-include"] == "EXCEPT_KEY"
    assert options(transactions_table(job_config()))["key.fields"] == "customer_id"
    assert options(outputs_table(job_config()))["key.fields"] == "record_key"


def test_jobs_of_different_names_share_neither_group_nor_transactions():
    blue, green = (job_config(name=name, guarantee="exactly-once") for name in ("blue", "green"))
    groups = [options(transactions_table(config))["properties.group.id"] for config in (blue, green)]
    prefixes = [options(outputs_table(config))["sink.transactional-id-prefix"] for config in (blue, green)]
    assert len({*groups}) == len({*prefixes}) == 2


def test_standby_can_write_only_to_the_scores_topic():
    statement = outputs_table(job_config(standby=True, topics=Topics(scores="s")))
    assert options(statement)["topic"] == "s"
    assert "METADATA" not in statement


def test_at_least_once_uses_no_transactions():
    found = options(outputs_table(job_config()))
    assert found["sink.delivery-guarantee"] == "at-least-once"
    assert "sink.transactional-id-prefix" not in found


def test_exactly_once_names_its_transactions_and_stays_below_the_broker_limit():
    found = options(outputs_table(job_config(guarantee="exactly-once")))
    assert found["sink.delivery-guarantee"] == "exactly-once"
    assert int(found["properties.transaction.timeout.ms"]) == FIFTEEN_MINUTES_MS


def test_transactions_of_two_jobs_differ_in_their_prefix():
    def prefix(**changes):
        config = job_config(guarantee="exactly-once", **changes)
        return options(outputs_table(config))["sink.transactional-id-prefix"]

    one, other = Topics(alerts="one"), Topics(alerts="other")
    assert prefix(topics=one) != prefix(topics=other)
    assert prefix(topics=one, transaction_prefix="mine") == "mine"


@pytest.mark.parametrize("start_from", ["latest", "committed"])
def test_transactions_topic_that_was_created_again_is_read_from_its_first_record(start_from):
    again = job_config(start_from=start_from, generations={"transactions": 1})
    assert options(transactions_table(again))["scan.startup.mode"] == "earliest-offset"
    other = job_config(start_from=start_from, generations={"labels": 1})
    assert options(transactions_table(other)) == options(transactions_table(job_config(start_from=start_from)))


def test_partitions_of_the_transactions_are_aligned_by_kafka_time_and_no_clock_that_is_ahead_holds_one_back():
    statement = transactions_table(job_config(alignment_ms=90_000))
    found = options(statement)
    assert found["scan.watermark.alignment.max-drift"] == "90000 ms"
    assert found["scan.watermark.alignment.group"]
    assert found["scan.watermark.idle-timeout"], "an empty partition holds up none"
    assert "WATERMARK FOR kafka_time AS FLOOR(LEAST(kafka_time, CURRENT_TIMESTAMP) TO SECOND)" in statement


def test_partitions_are_read_independently_without_alignment():
    statement = transactions_table(job_config(alignment_ms=0))
    assert "WATERMARK" not in statement
    assert not [name for name in options(statement) if "watermark" in name or "max.p" in name]


def test_properties_of_the_user_win_over_the_smaller_reads_of_aligned_partitions():
    assert options(transactions_table(job_config(alignment_ms=90_000)))["properties.max.poll.records"] == "100"
    own = job_config(alignment_ms=90_000, kafka_properties={"max.poll.records": "7", "max.partition.fetch.bytes": "8"})
    found = options(transactions_table(own))
    assert (found["properties.max.poll.records"], found["properties.max.partition.fetch.bytes"]) == ("7", "8")
