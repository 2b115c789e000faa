"""Savepoints and their manifests."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fraudstream.control.state_marks import UNMARKED_ADVICE, StateMarks, read_marks, refusal
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.settings.settings import Settings
from fraudstream.system.folders import StateFolder
from jobs.operator_uids import SCORE_BATCH, is_replaced
from jobs.state_manifest import StateManifest, StateMismatchError
from schemas.s3_error import S3Error
from schemas.s3_path import as_path

MANIFEST_FILE = "fraudstream.json"
"""Manifest of a savepoint, next to its files."""

ALLOW_DROPPED = "--allow-dropped-state"


SAVEPOINTS = "execution.checkpointing.savepoint-dir"
"""Flink's setting of the folder of savepoints."""


def savepoint_target(settings: Settings) -> str:
    """Return the address of the folder of savepoints: Flink's where that is in S3, else the state folder's."""
    configured = settings.flink.config.get(SAVEPOINTS, "")
    return configured if configured.startswith("s3://") else settings.state.create().savepoints.as_uri()


def take_savepoint(rest: FlinkRest, job_id: str, target: str, *, stop: bool) -> str:
    """Write a savepoint of a running job, with its manifest; returns the savepoint's folder.

    A stop never drains: that would end the open batches without scoring them.

    Parameters
    ----------
    rest, job_id
        The cluster and the job.
    target
        Address of the folder to write to, see `savepoint_target`.
    stop
        Whether the job ends with it, all its output committed.

    Raises
    ------
    RuntimeFailure
        When the job gives none.
    """
    manifest = job_manifest(rest, job_id)
    location = rest.savepoint(job_id, target, stop=stop)
    folder = readable_folder(location)
    if manifest is not None and folder is not None:
        (folder / MANIFEST_FILE).write_text(manifest.to_json() + "\n")
    return location


def job_manifest(rest: FlinkRest, job_id: str) -> StateManifest | None:
    """Return the manifest of a running job's state, None for a job without one."""
    text = rest.job_parameters(job_id).get("fraudstream.manifest")
    return None if text is None else StateManifest.from_json(text)


def note_manifest(where: StateFolder, job_id: str, manifest: StateManifest) -> None:
    """Keep the manifest of a job for its retained checkpoints, which Flink writes without one."""
    _noted(where, job_id).write_text(manifest.to_json() + "\n")


def known_manifest(savepoint: str, where: StateFolder) -> StateManifest | None:
    """Return the manifest of a savepoint or a retained checkpoint, None where there is none.

    Raises
    ------
    StateMismatchError
        The file is not a manifest.
    """
    folder, job = readable_folder(savepoint), re.search(r"(?:^|/)([0-9a-f]{32})/chk-\d+/?$", savepoint)
    files = [*([folder / MANIFEST_FILE] if folder else []), *([_noted(where, job[1])] if job else [])]
    found = next((file for file in files if file.is_file()), None)
    return None if found is None else StateManifest.from_json(found.read_bytes())


def _noted(where: StateFolder, job_id: str) -> Path:
    return where.jobs / f"{job_id}.manifest.json"


def is_unmarked(savepoint: str) -> bool:
    """Return whether a savepoint's state has no marks of shards and mode: it is of fraudstream 0.1."""
    folder = readable_folder(savepoint)
    marks = None if folder is None else read_marks(folder)
    return marks is not None and marks.unmarked


def has_replaced_operators(savepoint: str, where: StateFolder) -> bool:
    """Return whether a state has operators of an earlier version whose state is left behind, see `is_replaced`."""
    manifest, folder = known_manifest(savepoint, where), readable_folder(savepoint)
    if manifest is not None:
        return any(is_replaced(uid) for uid in manifest.operators)
    marks = None if folder is None else read_marks(folder)
    return marks is not None and marks.has_replaced


def check_savepoint(
    savepoint: str,
    job: StateManifest,
    *,
    may_drop: frozenset[str] | None = frozenset(),
    unmarked_state: bool = False,
    noted: StateManifest | None = None,
) -> str:
    """Refuse a savepoint that a job cannot start from, before anything is started.

    Parameters
    ----------
    savepoint
        Its folder or URI.
    job
        Manifest of the job to start.
    may_drop
        Uids of the operators whose state may be left behind; None: any.
    unmarked_state
        Whether state without marks of shards and mode counts as state of the job's.
    noted
        Manifest of the job that wrote the state, for a savepoint without one.

    Returns
    -------
    str
        Note on checks that were not possible and on dropped state; empty where there is none.

    Raises
    ------
    StateMismatchError
        The state does not fit; the message has every difference and what to do.
    """
    folder = readable_folder(savepoint)
    if folder is not None and not folder.is_dir():
        raise StateMismatchError(f"expected a savepoint's folder at {savepoint}, but there is none: name another")
    file = None if folder is None else folder / MANIFEST_FILE
    if file is not None and file.is_file():
        noted = StateManifest.from_json(file.read_bytes())
    if noted is None:
        marks = None if folder is None else read_marks(folder)
        return _check_marks(savepoint, marks, job, may_drop=may_drop, unmarked_state=unmarked_state)
    noted.require_fit(job)
    lost = noted.lost_operators(job)
    if may_drop is not None and not may_drop.issuperset(lost):
        raise StateMismatchError(
            f"expected an operator for all state in the savepoint, but the job has none for {', '.join(lost)} "
            f"(with job.labels off: how far the labels were read, and those of an open batch): set it back, or leave "
            f"that state behind for good with {ALLOW_DROPPED}"
        )
    return f"The state of {', '.join(lost)} is left behind" if lost else ""


def _check_marks(
    savepoint: str,
    marks: StateMarks | None,
    job: StateManifest,
    *,
    may_drop: frozenset[str] | None,
    unmarked_state: bool,
) -> str:
    """Check the marks of a savepoint without a manifest, see `check_savepoint`."""
    unknown = f"topic {job.transactions}, state versions"
    if marks is None:
        if may_drop is None or may_drop:
            raise StateMismatchError(
                f"expected state that says its shards and mode with {ALLOW_DROPPED} or --reset-topic, but {savepoint} "
                "can't be read from here: Flink would drop all that does not fit. Copy it to this machine, or leave "
                "the option out"
            )
        unknown = f"mode {job.mode}, {job.shards} shards, {unknown}"
    elif marks.unmarked and not unmarked_state:
        raise StateMismatchError(
            f"expected state that says its shards and mode, but {savepoint} is of fraudstream 0.1 and has no "
            f"{MANIFEST_FILE}. {UNMARKED_ADVICE}"
        )
    elif not marks.unmarked and (marks.mode, marks.shards) != (job.mode, job.shards):
        wrong = refusal(marks, SCORE_BATCH, mode=job.mode, shards=job.shards)
        raise StateMismatchError(f"This checkpoint does not fit the job.\n{wrong}")
    return (
        f"{savepoint} has no {MANIFEST_FILE} (only `fraudstream stop --savepoint` writes it), so these are not "
        f"checked against the job: {unknown}"
    )


def readable_folder(savepoint: str) -> Path | None:
    """Return the folder of a savepoint on this machine or in S3, None where it can't be read from here."""
    parts = urlsplit(savepoint)
    if parts.scheme == "s3":
        return _in_s3(savepoint)
    if parts.scheme not in {"", "file"}:
        return None
    return Path(unquote(parts.path) if parts.scheme else savepoint)


def _in_s3(address: str) -> Path | None:
    """Return a folder in S3; None where only the cluster has the rights or the network to read it."""
    folder = as_path(address)
    try:
        folder.exists()
    except S3Error:
        return None
    return folder
