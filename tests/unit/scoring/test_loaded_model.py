"""Loading of models."""

from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest

from models.scoring.artifact import ArtifactError, load_artifact
from models.scoring.loaded_model import LoadedModel, load_model, require_self_test
from models.scoring.self_test import SELF_TEST_ROWS, SelfTest
from schemas.deployment import Served
from tests.unit.scoring.changed_manifests import change
from tests.unit.scoring.deployments import named
from tests.unit.training.histories import artifact, artifact_folder, other_folder


def test_model_has_the_thresholds_of_its_manifest_unless_overridden():
    default = load_model(Served(**named(artifact_folder()))).manifest
    assert default == artifact().manifest
    overridden = load_model(Served(**named(artifact_folder(), review_threshold=0.25, block_threshold=0.75))).manifest
    assert (overridden.review_threshold, overridden.block_threshold) == (0.25, 0.75)
    assert overridden.model_id == default.model_id


def test_missing_folder_is_refused(folder):
    served = Served(**named(folder, location=str(folder / "nowhere")))
    with pytest.raises(ArtifactError, match=r"expected the file manifest.json, got: No such file"):
        load_model(served)


def test_changed_file_is_refused(folder):
    served = Served(**named(folder))
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match=r"expected the SHA-256 of model.onnx"):
        load_model(served)


def test_other_feature_spec_is_refused(folder):
    served = Served(**named(folder))
    change(folder, feature_spec_hash="0" * 16)
    with pytest.raises(ArtifactError, match="expected the feature spec hash"):
        load_model(served)


def test_other_model_in_the_folder_is_refused(folder):
    named_before = Served(**named(folder))
    copytree(other_folder(), folder, dirs_exist_ok=True)
    with pytest.raises(ArtifactError, match=r"expected model fraud-\w+, got fraud-\w+\. The folder was overwritten"):
        load_model(named_before)


def test_other_checksum_than_deployed_is_refused(folder):
    with pytest.raises(ArtifactError, match="expected SHA-256 0000"):
        load_model(Served(**named(folder, sha256="0000")))


@pytest.mark.parametrize("thresholds", [(0.9, 0.1), (0.999999, None), (-0.1, 0.5), (float("nan"), 0.5)])
def test_unsorted_thresholds_are_refused(folder, thresholds):
    review, block = thresholds
    with pytest.raises(ArtifactError, match="expected a review threshold of 0 to the block threshold"):
        load_model(Served(**named(folder, review_threshold=review, block_threshold=block)))


def test_self_test_that_gives_other_scores_is_refused(folder):
    served = Served(**named(folder))
    test = artifact().manifest.self_test
    scores = (test.scores[0] + 1e-4, *test.scores[1:])
    change(folder, self_test={"rows": test.rows, "scores": scores})
    with pytest.raises(ArtifactError, match=r"expected the scores of its self-test within 1e-06, got 0.0001 apart"):
        load_model(served)


def test_self_test_that_gives_no_number_is_refused(folder):
    served = Served(**named(folder))
    test = artifact().manifest.self_test
    change(folder, self_test={"rows": test.rows, "scores": [None, *test.scores[1:]]})
    with pytest.raises(ArtifactError, match="self_test"):
        load_model(served)


def test_artifact_of_an_earlier_version_is_served_without_a_self_test(folder):
    change(folder, self_test=None)
    assert load_model(Served(**named(folder))).manifest.self_test is None


def test_self_test_of_training_spans_the_lowest_to_the_highest_score():
    test = artifact().manifest.self_test
    assert len(test.scores) == SELF_TEST_ROWS
    assert list(test.scores) == sorted(test.scores)
    assert test.scores[0] < artifact().manifest.review_threshold < test.scores[-1]
    require_self_test(LoadedModel.of(load_artifact(artifact_folder())))


def test_self_test_keeps_every_bit_of_its_rows():
    x = np.array([[1e-45, np.inf], [-0.0, 3.4e38]], np.float32)
    test = SelfTest.of(x, np.array([0.1, 0.2]))
    again = SelfTest.model_validate_json(test.model_dump_json())
    assert again.x().tobytes() == x.tobytes()
    assert again == replace_scores(test, (0.1, 0.2))


def replace_scores(test, scores):
    return SelfTest(rows=test.rows, scores=scores)


def test_thresholds_are_not_written_into_the_artifact():
    loaded = load_model(Served(**named(artifact_folder(), review_threshold=0.0, block_threshold=0.0)))
    assert replace(loaded.artifact, manifest=artifact().manifest) == artifact()
