"""Model artifacts on disk."""

import json

import pytest

from models.scoring.artifact import ArtifactError, load_artifact, write_artifact
from tests.unit.scoring.changed_manifests import change
from tests.unit.training.histories import artifact


def test_written_artifact_is_read_back_equal(tmp_path):
    write_artifact(tmp_path / "new" / "folder", artifact())
    assert load_artifact(tmp_path / "new" / "folder") == artifact()


def test_folder_has_only_the_two_files(tmp_path):
    write_artifact(tmp_path, artifact())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "model.onnx"]


def test_other_feature_spec_is_refused(folder):
    change(folder, feature_spec_hash="0" * 16)
    with pytest.raises(ArtifactError, match=r"expected the feature spec hash .*, got 0{16}\. Train"):
        load_artifact(folder)


def test_other_feature_names_are_refused(folder):
    change(folder, feature_names=["amount"])
    with pytest.raises(ArtifactError, match="expected the features"):
        load_artifact(folder)


def test_changed_model_is_refused(folder):
    model = folder / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match=r"expected the SHA-256 of model.onnx .*, got .* copy the folder again"):
        load_artifact(folder)


def test_later_artifact_version_is_refused(folder):
    change(folder, artifact_version=2)
    with pytest.raises(ArtifactError, match="expected version 1, got 2"):
        load_artifact(folder)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json"])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=f"expected the file {name}, got: No such file"):
        load_artifact(folder)


def test_manifest_without_a_field_names_the_field(folder):
    path = folder / "manifest.json"
    fields = json.loads(path.read_text())
    del fields["block_threshold"]
    path.write_text(json.dumps(fields))
    with pytest.raises(ArtifactError, match="got none at block_threshold"):
        load_artifact(folder)


def test_manifest_that_is_not_json_is_refused(folder):
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"expected a manifest.json of version 1"):
        load_artifact(folder)


def test_refusals_exit_with_2():
    assert ArtifactError.exit_code == 2
