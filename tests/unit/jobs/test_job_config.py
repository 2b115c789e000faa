"""Settings of the job and their bounds."""

import dataclasses
import json
from pathlib import Path

import pytest

from jobs.first_records import pack_records
from jobs.job_config import JobConfig, JobConfigError
from schemas.errors import UserError
from schemas.registry_access import RegistryAccess
from schemas.topics import Topics
from schemas.validation import Limits
from tests.unit.jobs.job_configs import job_config

BAD_VALUES = [
    ("mode", "loopback", "one of thread, process"),
    ("state_backend", "forst", "one of hashmap, rocksdb"),
    ("guarantee", "none", "one of at-least-once, exactly-once"),
    ("start_from", "yesterday", "one of earliest, latest, committed"),
    ("name", "Green job", "small letters, digits and -"),
    ("shards", 3, "one of 1, 2, 4, 8, 16, 32"),
    ("shards", 0, "one of 1, 2"),
    ("parallelism", 0, r"1 to the number of shards \(\d+; job.shards sets it\)"),
    ("parallelism", 33, r"1 to the number of shards \(\d+; job.shards sets it\)"),
    ("batch_ms", 0, "1 to 999"),
    ("batch_ms", 1_000, "1 to 999"),
    ("buffer_timeout_ms", -1, "0 or more"),
    ("alignment_ms", -1, "0 or more"),
    ("checkpoint_interval_ms", 99, "100 or more"),
    ("tolerated_checkpoint_failures", -1, "0 or more"),
    ("retained_checkpoints", 0, "1 or more"),
    ("pool_customers", 0, "1 or more"),
    ("pool_entities", 0, "1 or more"),
    ("generations", {"labels": 128}, "0 to 127 for some of transactions, labels, control"),
    ("generations", {"queries": 1}, "0 to 127 for some of transactions, labels, control"),
    ("feature_log_share", -0.1, "0 to 1"),
    ("feature_log_share", 1.1, "0 to 1"),
    ("feature_log_share", float("nan"), "0 to 1"),
]

EDGES = [
    {"shards": 1, "parallelism": 1},
    {"shards": 32, "parallelism": 32},
    {"batch_ms": 1},
    {"batch_ms": 999},
    {"buffer_timeout_ms": 0},
    {"alignment_ms": 600_000},
    {"checkpoint_interval_ms": 100},
    {"tolerated_checkpoint_failures": 0},
    {"retained_checkpoints": 1},
    {"pool_customers": 1},
    {"feature_log_share": 0},
    {"feature_log_share": 1},
]


def write(folder: Path, text: str) -> Path:
    path = folder / "job.json"
    path.write_text(text)
    return path


def changed_json(**changes) -> str:
    return json.dumps({**json.loads(job_config().to_json()), **changes})


@pytest.mark.parametrize(("name", "value", "expected"), BAD_VALUES)
def test_invalid_value_is_refused_with_expected_got_and_what_to_do(name, value, expected):
    with pytest.raises(JobConfigError, match=f"expected job.{name}: {expected}") as refusal:
        job_config(**{name: value})
    assert f"got {value!r}: change it in the settings" in str(refusal.value)


@pytest.mark.parametrize("max_bytes", [0, 900_001])
def test_record_limit_leaves_room_for_the_dead_letter_in_a_broker_message(max_bytes):
    with pytest.raises(JobConfigError, match=r"expected job\.max_record_bytes: 1 to 900000, got"):
        job_config(limits=Limits(max_record_bytes=max_bytes))


@pytest.mark.parametrize("changes", EDGES, ids=str)
def test_bounds_of_ranges_are_inclusive(changes):
    config = job_config(**changes)
    assert {name: getattr(config, name) for name in changes} == changes


TIGHT = {"checkpoint_timeout_ms": 1_000, "tolerated_checkpoint_failures": 3, "checkpoint_interval_ms": 500}


@pytest.mark.parametrize("changes", [{}, {"checkpoint_timeout_ms": 200, "checkpoint_interval_ms": 1_000}])
def test_failed_checkpoints_must_end_within_a_transaction_timeout(changes):
    """Three tolerated failures and the checkpoint after them, each as long as the longer of timeout and interval."""
    settings = {**TIGHT, **changes, "guarantee": "exactly-once"}
    refused = r"job.transaction_timeout_ms above 4000 under exactly-once: .* got 4000: raise it"
    with pytest.raises(JobConfigError, match=refused):
        job_config(**settings, transaction_timeout_ms=4_000)
    assert job_config(**settings, transaction_timeout_ms=4_001).transaction_timeout_ms == 4_001


def test_failed_checkpoints_are_unbounded_without_transactions():
    assert job_config(**TIGHT, transaction_timeout_ms=1).guarantee == "at-least-once"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Europe/Belrin", "did you mean Europe/Berlin?"),
        ("europe/berlin ", "did you mean Europe/Berlin?"),
        ("Europe", "did you mean"),
        ("../etc/passwd", "use a name such as Europe/Berlin, or UTC"),
        ("", "use a name such as Europe/Berlin, or UTC"),
    ],
)
def test_unknown_time_zone_is_refused_with_the_closest(name, advice):
    with pytest.raises(JobConfigError, match=r"expected job\.time_zone: an IANA time zone, got") as refusal:
        job_config(time_zone=name)
    assert f"got {name!r}: {advice}" in str(refusal.value)


def test_refusal_is_a_user_error():
    assert issubclass(JobConfigError, UserError)


def test_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        job_config().shards = 16  # type: ignore[misc]


def test_json_round_trip_keeps_every_setting(tmp_path):
    config = job_config(
        name="green",
        model_id="fraud-1",
        model_sha256="0" * 64,
        standby=True,
        topics=Topics(transactions="a", alerts="b", scores="c", labels="d", drift="e", dead_letters="f", inference="g"),
        limits=Limits(max_amount_minor=5, max_ahead_ms=6),
        kafka_properties={"security.protocol": "SSL", "ssl.key.password": 'it\'s "quoted"'},
        registry=RegistryAccess(url="http://registry:8081", username="u", password_file="/run/secrets/registry"),
        mode="process",
        parallelism=2,
        shards=16,
        batch_ms=7,
        buffer_timeout_ms=0,
        alignment_ms=60_000,
        checkpoint_interval_ms=250,
        state_backend="rocksdb",
        guarantee="exactly-once",
        checkpoint_timeout_ms=9_000,
        tolerated_checkpoint_failures=3,
        retained_checkpoints=5,
        transaction_timeout_ms=36_001,
        transaction_prefix="mine",
        labels=False,
        emit_scores=False,
        feature_log_share=0.5,
        time_zone="Europe/Berlin",
        start_from="committed",
        challenger_time_ratio=3.5,
        first_rules="YQ==",
        first_deployment="Yg==",
        first_records=pack_records({"snooze/c": b"x"}),
        first_control_ranges={"0": [3, 7]},
        first_control_ms=5,
        unmarked_state=True,
        topic_ids={"a": "id"},
        generations={"labels": 3},
        start_positions={"transactions": {"0": [4]}},
        declaration={"columns": {"risk": "number"}},
        pool_customers=9,
        pool_entities=7,
    )
    default = dataclasses.asdict(job_config())
    unchanged = {name for name, value in dataclasses.asdict(config).items() if value == default[name]}
    assert unchanged == {"bootstrap_servers", "model", "checkpoint_dir"}, "each other setting is to differ here"
    assert JobConfig.from_file(write(tmp_path, config.to_json())) == config


def test_password_of_the_registry_is_refused_and_not_shown():
    access = RegistryAccess(url="http://registry:8081", username="u", password="hunter2")
    with pytest.raises(JobConfigError, match="name of a file") as caught:
        job_config(registry=access)
    assert "hunter2" not in str(caught.value) + repr(access)


def test_settings_left_out_of_the_file_have_their_defaults(tmp_path):
    values = json.loads(job_config().to_json())
    required = {name: values[name] for name in ("bootstrap_servers", "model", "checkpoint_dir")}
    assert JobConfig.from_file(write(tmp_path, json.dumps(required))) == job_config()


@pytest.mark.parametrize(
    ("text", "was"),
    [
        (changed_json(batch_mss=5), "batch_mss"),
        (changed_json(topics={"alert": "x"}), "alert"),
        (changed_json(limits={"max_amount": 1}), "max_amount"),
        (changed_json(batch_ms="20"), "str"),
        ("{}", "bootstrap_servers"),
        ("{", "Expecting property name"),
        ("[1]", "sequence"),
        ('"text"', "sequence"),
        ("null", "NoneType"),
    ],
)
def test_file_without_a_config_is_refused_with_its_name_and_what_to_do(tmp_path, text, was):
    path = write(tmp_path, text)
    with pytest.raises(JobConfigError, match="Submit it with `fraudstream submit`") as refusal:
        JobConfig.from_file(path)
    assert str(path) in str(refusal.value)
    assert was in str(refusal.value)


def test_invalid_value_in_a_file_is_refused_as_in_code(tmp_path):
    with pytest.raises(JobConfigError, match="shards: one of"):
        JobConfig.from_file(write(tmp_path, changed_json(shards=7)))


def test_absent_file_is_refused_with_its_name(tmp_path):
    with pytest.raises(JobConfigError, match=r"absent\.json"):
        JobConfig.from_file(tmp_path / "absent.json")


def test_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "job.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(JobConfigError, match="as JSON"):
        JobConfig.from_file(path)


def test_outage_is_safe_while_the_transactions_of_the_last_checkpoint_are_kept():
    times = {"transaction_timeout_ms": 700_000, "checkpoint_interval_ms": 5_000}
    assert job_config(guarantee="exactly-once", **times).safe_outage_ms == 695_000
    assert job_config(**times).safe_outage_ms is None


@pytest.mark.parametrize(
    ("shards", "parallelism", "customers", "entities"),
    [(2, 1, 50, 100), (8, 1, 12, 25), (8, 2, 25, 50), (8, 8, 100, 100), (4, 3, 50, 100), (1, 1, 100, 100)],
)
def test_each_subtask_has_the_whole_pool_for_its_shards(shards, parallelism, customers, entities):
    config = job_config(shards=shards, parallelism=parallelism, pool_customers=100, pool_entities=100)
    assert (config.customers_per_shard, config.entities_per_shard) == (customers, entities)


def test_each_shard_holds_at_least_one_customer_and_one_entity():
    config = job_config(shards=32, pool_customers=1, pool_entities=1)
    assert config.customers_per_shard == config.entities_per_shard == 1
