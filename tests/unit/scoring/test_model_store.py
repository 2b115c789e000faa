"""Models in the store of a job can't be overwritten, or changed unnoticed."""

import stat

import pytest

from models.scoring.artifact import ArtifactError, load_artifact, write_artifact
from models.scoring.loaded_model import load_model
from models.scoring.model_store import store_artifact
from schemas.deployment import Served
from tests.unit.scoring.deployments import named
from tests.unit.training.histories import artifact


def edit(folder, old, new):
    file = folder / "manifest.json"
    text = file.read_text()
    assert old in text
    file.chmod(0o644)
    file.write_text(text.replace(old, new))


@pytest.fixture
def stored(tmp_path):
    return store_artifact(artifact(), tmp_path / "store")


def test_stored_artifact_is_read_back_equal_from_a_folder_named_by_its_content(stored):
    loaded = load_artifact(stored)
    assert loaded == artifact()
    assert stored.name == f"{loaded.manifest.model_id}-{loaded.manifest_sha256}"


def test_same_model_is_stored_once_without_temporary_files(stored):
    assert store_artifact(artifact(), stored.parent) == stored
    assert [folder.name for folder in stored.parent.iterdir()] == [stored.name]


def test_files_of_the_store_are_read_only_for_every_user(stored):
    assert {stat.S_IMODE(file.stat().st_mode) for file in stored.iterdir()} == {0o444}
    assert stat.S_IMODE(stored.stat().st_mode) == 0o755


def test_changed_manifest_in_the_store_is_refused_even_with_an_unchanged_model(stored):
    served = Served(**named(stored))
    edit(stored, '"block_threshold": ', '"block_threshold":  ')
    with pytest.raises(ArtifactError, match=r"expected the SHA-256 of manifest\.json"):
        load_model(served)


def test_changed_copy_is_repaired_by_storing_again(stored):
    edit(stored, '"block_threshold": ', '"block_threshold":  ')
    assert store_artifact(artifact(), stored.parent) == stored
    assert load_artifact(stored) == artifact()
    assert [folder.name for folder in stored.parent.iterdir()] == [stored.name]


def test_training_does_not_write_into_the_store(stored):
    with pytest.raises(ArtifactError, match="Expected a folder of your own"):
        write_artifact(stored, artifact())


def test_unwritable_store_is_reported_with_its_setting(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"Set models\.serving"):
        store_artifact(artifact(), tmp_path / "file" / "store")
