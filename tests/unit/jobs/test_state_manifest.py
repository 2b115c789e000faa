"""Manifest of a state."""

import json
from dataclasses import replace

import pytest

from jobs.operator_uids import is_replaced
from jobs.state_manifest import STATE_VERSIONS, StateManifest, StateMismatchError
from models.scoring.artifact import load_artifact
from tests.unit.jobs.job_configs import job_config
from tests.unit.training.histories import customer_folder


@pytest.fixture(scope="module")
def manifest() -> StateManifest:
    return StateManifest.of(job_config(model=str(customer_folder())))


def test_manifest_names_the_job_and_its_model(manifest):
    assert (manifest.mode, manifest.shards, manifest.transactions) == ("thread", 2, "fraud.transactions.v1")
    assert manifest.model_id == load_artifact(customer_folder()).manifest.model_id
    assert manifest.state_versions == STATE_VERSIONS
    assert StateManifest.of(job_config(model=str(customer_folder()), labels=False)).labels is None


def test_json_round_trip_keeps_every_field(manifest):
    assert StateManifest.from_json(manifest.to_json()) == manifest


def test_fields_of_a_newer_version_are_ignored(manifest):
    text = json.dumps({**json.loads(manifest.to_json()), "added_later": 1})
    assert StateManifest.from_json(text) == manifest


def test_manifest_from_before_deployments_fits(manifest):
    record = json.loads(manifest.to_json())
    del record["control"]
    StateManifest.from_json(json.dumps(record)).require_fit(manifest)


@pytest.mark.parametrize("text", ["{", "[]", "null", "{}", '{"form": 1}', '{"form": 2}'])
def test_other_text_is_refused(text):
    with pytest.raises(StateMismatchError, match="expected a manifest"):
        StateManifest.from_json(text)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"mode": "process"}, "job.mode to be 'thread' as in the savepoint, got 'process'.*set it back"),
        ({"shards": 8}, "job.shards to be 2 as in the savepoint, got 8.*`fraudstream state export`"),
        ({"transactions": "others"}, "topics.transactions to be 'fraud.transactions.v1'.*got 'others'"),
        ({"labels": "others"}, "topics.labels to be 'fraud.labels.v1'.*got 'others'"),
        ({"control": "others"}, "topics.control to be 'fraud.control.v1'.*got 'others'"),
    ],
)
def test_job_that_the_state_does_not_fit_is_refused_with_what_to_do(manifest, changes, refusal):
    with pytest.raises(StateMismatchError, match=refusal):
        manifest.require_fit(replace(manifest, **changes))


def test_all_differences_are_reported_at_once(manifest):
    with pytest.raises(StateMismatchError, match=r"(?s)job\.mode.*job\.shards"):
        manifest.require_fit(replace(manifest, mode="process", shards=8))


def test_state_of_a_newer_version_is_refused_and_of_an_older_one_is_not(manifest):
    newer = replace(manifest, fraudstream="9.9", state_versions={**STATE_VERSIONS, "histories": 99})
    with pytest.raises(StateMismatchError, match=r"histories of version \d+ or older.*got 99.*fraudstream 9\.9"):
        newer.require_fit(manifest)
    replace(manifest, fraudstream="0.0", state_versions={"histories": 1}).require_fit(manifest)


def test_another_model_and_feature_table_need_no_other_state(manifest):
    manifest.require_fit(replace(manifest, model_id="m2", feature_spec_hash="other"))


def test_plain_uids_of_the_first_release_are_those_of_its_shards_and_mode(manifest):
    plain = ("detect-drift", "score-batch", "transactions-source", "transactions-window-aggregate")
    first = replace(manifest, operators=plain)
    assert first.unmarked
    assert first.lost_operators(manifest) == []
    assert not manifest.unmarked
    assert replace(first, shards=4).lost_operators(manifest) != []


def test_operators_that_a_job_lacks_are_named(manifest):
    without = StateManifest.of(job_config(model=str(customer_folder()), labels=False))
    assert manifest.lost_operators(without) == ["label-lanes-source", "label-lanes-window-aggregate-2"]
    assert without.lost_operators(manifest) == []


def test_operators_of_labels_that_went_to_every_shard_are_left_behind(manifest):
    replaced = ("labels-source", "labels-source-1", "labels-window-aggregate-2")
    former = replace(manifest, operators=(*manifest.operators, *replaced))
    assert former.lost_operators(manifest) == []
    assert not any(map(is_replaced, manifest.operators))


def test_source_of_a_recreated_topic_is_another_operator(manifest):
    config = job_config(model=str(customer_folder()), topic_ids={"t": "id"}, generations={"labels": 2})
    again = StateManifest.of(config)
    assert (again.topic_ids, again.generations) == ({"t": "id"}, {"labels": 2})
    assert manifest.lost_operators(again) == ["label-lanes-source"]
    assert again.lost_operators(manifest) == ["label-lanes-source-2"]
    assert StateManifest.from_json(again.to_json()) == again


def test_both_sources_of_a_recreated_control_topic_are_other_operators(manifest):
    again = StateManifest.of(job_config(model=str(customer_folder()), generations={"control": 1}))
    assert manifest.lost_operators(again) == ["control-source", "lists-source"]
    assert again.lost_operators(manifest) == ["control-source-1", "lists-source-1"]


def test_manifest_from_before_topic_ids_fits(manifest):
    record = json.loads(manifest.to_json())
    del record["topic_ids"], record["generations"]
    StateManifest.from_json(json.dumps(record)).require_fit(manifest)
