"""Manifest of a state export."""

import json
from dataclasses import replace

import pytest

from fraudstream.control.export_manifest import EXPORT_MANIFEST, ExportedFile, ExportManifest, sha256_of
from jobs.state_files import StateFileError
from tests.unit.fraudstream.control.exported_state import STATE


@pytest.fixture
def export(tmp_path):
    """Return an export's manifest, whose folder is the test's."""
    (tmp_path / "customers-000.parquet").write_bytes(b"abc")
    digest = sha256_of(tmp_path / "customers-000.parquet")
    found = ExportManifest(
        savepoint="/s", state=STATE, files={"customers-000.parquet": ExportedFile(entries=1, sha256=digest)},
        entries={"histories": 1},
    )  # fmt: skip
    found.write(tmp_path)
    return found


def test_what_was_written_is_read(export, tmp_path):
    assert ExportManifest.read(tmp_path) == export
    export.require_files(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"customers-000.parquet", EXPORT_MANIFEST}


def test_changed_missing_and_added_files_are_all_named(export, tmp_path):
    (tmp_path / "customers-000.parquet").write_bytes(b"abd")
    (tmp_path / "customers-002.parquet").write_bytes(b"")
    lacking = replace(export, files={**export.files, "entities-000.parquet": ExportedFile(entries=0, sha256="0")})
    with pytest.raises(StateFileError) as refusal:
        lacking.require_files(tmp_path)
    assert str(refusal.value).splitlines()[1:] == [
        "expected no file customers-002.parquet, found one",
        f"expected customers-000.parquet to have the SHA-256 {export.files['customers-000.parquet'].sha256}, "
        f"got {sha256_of(tmp_path / 'customers-000.parquet')}",
        "expected a file entities-000.parquet, found none",
    ]


@pytest.mark.parametrize("folder", ["absent", "file"])
def test_folder_without_an_export_is_refused(tmp_path, folder):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateFileError, match=r"expected a folder of `fraudstream state export` at .* found no"):
        ExportManifest.read(tmp_path / folder)


@pytest.mark.parametrize("content", ["", "[]", "null", "3", '{"form": 1}', '{"form": 1, "savepoint": "", "state": 3}'])
@pytest.mark.usefixtures("export")
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / EXPORT_MANIFEST).write_text(content)
    with pytest.raises(StateFileError, match=r"expected .*manifest"):
        ExportManifest.read(tmp_path)


@pytest.mark.usefixtures("export")
def test_another_form_is_refused(tmp_path):
    file = tmp_path / EXPORT_MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | {"form": 2}))
    with pytest.raises(StateFileError, match=r"of form 1, got form 2\. Use the version"):
        ExportManifest.read(tmp_path)
