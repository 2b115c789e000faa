"""Content-addressed copies of model artifacts: what a job or a deployment names can't change, nor be tidied away."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from models.scoring.artifact import MANIFEST_FILE, MODEL_FILE, Artifact, ArtifactError, checksum, load_artifact
from models.whole_file import replace_file
from schemas.s3_path import S3Path

READ_ONLY = 0o444


def store_artifact(artifact: Artifact, root: Path) -> Path:
    """Copy an artifact into the store, unless it is there, and return its folder.

    The folder's name ends in the SHA-256 of its manifest.json, which has that of model.onnx: `load_artifact` refuses
    other contents. It appears at once, whole; its files are read-only.

    Raises
    ------
    ArtifactError
        The store can't be written.
    """
    manifest = artifact.manifest.model_dump_json(indent=2).encode() + b"\n"
    folder = root / f"{artifact.manifest.model_id}-{checksum(manifest)}"
    files = {MODEL_FILE: artifact.onnx, MANIFEST_FILE: manifest}
    try:
        if not _is_whole(folder):
            root.mkdir(parents=True, exist_ok=True)
            _lay(folder, files)
        _mark_used(folder)
    except OSError as error:
        raise ArtifactError(
            f"Expected to write the model into the store {root}, got: {error.strerror or error}. "
            "Set models.serving to a folder that you can write and every TaskManager reads"
        ) from None
    return folder


def _mark_used(folder: Path) -> None:
    """Set the folder's time, so that `model prune` lets it be until what asked for it names it."""
    if isinstance(folder, S3Path):  # a folder there has no time
        replace_file(folder / MANIFEST_FILE, (folder / MANIFEST_FILE).read_bytes())
        return
    with suppress(OSError):  # another user's folder
        os.utime(folder)


def used_s(folder: Path) -> float:
    """Return when a folder of the store was last asked for, in seconds since 1970."""
    if isinstance(folder, S3Path):
        return max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)
    return folder.stat().st_mtime


def remove_model(folder: Path) -> None:
    """Remove a folder of the store; no reader finds a part of it whole."""
    if isinstance(folder, S3Path):
        (folder / MANIFEST_FILE).unlink(missing_ok=True)  # without it there is no artifact
        folder.remove_tree()
        return
    gone = folder.with_name(f".gone-{folder.name}")
    folder.rename(gone)
    shutil.rmtree(gone)


def _is_whole(folder: Path) -> bool:
    try:
        load_artifact(folder)
    except ArtifactError:
        return False
    return True


def _lay(folder: Path, files: dict[str, bytes]) -> None:
    if isinstance(folder, S3Path):
        for name, content in files.items():  # the manifest last: without it there is no artifact
            replace_file(folder / name, content)
        return
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        new.chmod(0o755)  # the TaskManager may be another user
        for name, content in files.items():
            replace_file(new / name, content)
            (new / name).chmod(READ_ONLY)
        try:
            new.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
            # Another process was faster, or somebody changed a file: then it is put right.
            for name in files:
                (new / name).replace(folder / name)
    finally:
        shutil.rmtree(new, ignore_errors=True)
