"""Flink's settings from those of the job."""

import pytest

from jobs.flink_settings import flink_settings
from tests.unit.jobs.job_configs import job_config

PYTHON = "/venv/bin/python"


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"mode": "process"}, "python.execution-mode", "process"),
        ({"parallelism": 4, "shards": 4}, "parallelism.default", "4"),
        ({"buffer_timeout_ms": 3}, "execution.buffer-timeout.interval", "3 ms"),
        ({"checkpoint_interval_ms": 700}, "execution.checkpointing.interval", "700 ms"),
        ({"checkpoint_dir": "s3://bucket/x"}, "execution.checkpointing.dir", "s3://bucket/x"),
        ({"name": "green"}, "pipeline.name", "green"),
        ({"state_backend": "rocksdb"}, "state.backend.type", "rocksdb"),
        ({"checkpoint_timeout_ms": 9_000}, "execution.checkpointing.timeout", "9000 ms"),
        ({"tolerated_checkpoint_failures": 3}, "execution.checkpointing.tolerable-failed-checkpoints", "3"),
        ({"retained_checkpoints": 5}, "execution.checkpointing.num-retained", "5"),
    ],
)
def test_setting_of_the_job_reaches_flink(changes, name, value):
    assert flink_settings(job_config(**changes), PYTHON)[name] == value


def test_operators_and_client_run_in_the_given_interpreter():
    settings = flink_settings(job_config(), PYTHON)
    assert settings["python.executable"] == settings["python.client.executable"] == PYTHON


@pytest.mark.parametrize("guarantee", ["at-least-once", "exactly-once"])
def test_state_is_exactly_once_under_every_output_guarantee(guarantee):
    settings = flink_settings(job_config(guarantee=guarantee), PYTHON)
    assert settings["execution.checkpointing.mode"] == "EXACTLY_ONCE"


def test_checkpoints_stay_aligned_despite_cluster_defaults():
    assert flink_settings(job_config(), PYTHON)["execution.checkpointing.unaligned.enabled"] == "false"


def test_a_checkpoint_is_written_in_large_pieces():
    assert int(flink_settings(job_config(), PYTHON)["execution.checkpointing.write-buffer-size"]) >= 2**20


def test_operator_without_explicit_uid_is_an_error():
    settings = flink_settings(job_config(), PYTHON)
    assert settings["table.exec.uid.generation"] == "DISABLED"
    assert settings["pipeline.auto-generate-uids"] == "false"


def test_all_values_are_text():
    assert all(isinstance(value, str) for value in flink_settings(job_config(), PYTHON).values())
