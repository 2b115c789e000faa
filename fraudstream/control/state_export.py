"""Export of a job's state to files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pyarrow.parquet as pq

from fraudstream.control.export_manifest import ExportedFile, ExportManifest, sha256_of
from fraudstream.control.resumption import Resumption
from fraudstream.control.savepoints import known_manifest, readable_folder
from fraudstream.control.state_topics import source_offsets
from fraudstream.control.submit import flink_run, job_config
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import Services
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from jobs.job_config import JobConfig, Mode
from jobs.operator_uids import CONTROL, LABEL_LANES, LABELS, LISTS, TABLE_INPUTS, TRANSACTIONS, marked
from jobs.state_files import CUSTOMERS, parts, read_unprocessed, state_file
from jobs.state_manifest import StateManifest
from schemas.errors import UserError
from schemas.position import offset_of, partition_of
from schemas.s3_path import arrow_source

DONE_SECONDS = 3_600.0

Notes = Callable[[str], None]


def export_state(
    services: Services, savepoint: str, folder: Path, on_line: Notes = lambda _line: None
) -> ExportManifest:
    """Write the state of a savepoint or retained checkpoint to files, by a Flink job that restores it.

    Parameters
    ----------
    services
        Broker and cluster, with the settings of the job.
    savepoint
        Folder or URI, on this machine.
    folder
        Empty or new; TaskManagers write to it.
    on_line
        Called with the `flink run` line.

    Raises
    ------
    UserError
        The state can't be exported, or the folder is not empty.
    RuntimeFailure
        The job failed.
    """
    folder = _empty(folder)
    source, manifest = _readable(services.settings, savepoint)
    config = _config_of(job_config(services), manifest)
    manifest.require_fit(StateManifest.of(config))
    offsets = _offsets(source, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    config = replace(config, name="state-export", parallelism=_free_slots(services, config))
    files = [state_file(folder, part, index) for part, count in parts(config).items() for index in range(count)]
    state = Resumption(savepoint=savepoint, may_drop=None)
    run = flink_run(services, config, state, arguments=["--export-state", str(folder)])
    on_line(f"$ {run.line}")
    _run_until(services, run.submit(), lambda: all(file.is_file() for file in files))
    positions = _start_positions(offsets, [file for file in files if file.name.startswith(CUSTOMERS)])
    found = ExportManifest(
        savepoint=savepoint,
        state=replace(manifest, start_positions=positions),
        files={file.name: ExportedFile(entries=_entries(file), sha256=sha256_of(file)) for file in files},
        entries=dict(sum((_counts(file) for file in files), Counter[str]())),
    )
    found.write(folder)
    return found


def await_done(rest: FlinkRest, job_id: str, done: Callable[[], bool]) -> None:
    """Wait until a job has done its work.

    Raises
    ------
    RuntimeFailure
        It failed, or did not in time.
    """

    def ended() -> bool:
        state = rest.job(job_id)["state"]
        if state in {"FAILED", "FAILING", "CANCELED", "FINISHED"}:
            raise RuntimeFailure(f"the job {job_id} failed: {rest.root_cause(job_id) or state}")
        return done()

    if not wait_until(ended, seconds=DONE_SECONDS, interval_s=0.2):
        raise RuntimeFailure(f"the job {job_id} was not done within {DONE_SECONDS:.0f} s: see its TaskManager's log")


def _run_until(services: Services, job_id: str, done: Callable[[], bool]) -> None:
    """Wait until a job has done its work, and cancel it."""
    rest = services.rest
    try:
        await_done(rest, job_id, done)
    finally:
        rest.cancel(job_id)
    wait_until(lambda: rest.job(job_id)["state"] in {"CANCELED", "FAILED", "FINISHED"}, seconds=60)


def _empty(folder: Path) -> Path:
    folder = folder.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"expected an empty or new folder for the export, got {folder}. Name another")
    return folder


def _readable(settings: Settings, savepoint: str) -> tuple[Path, StateManifest]:
    """Return a savepoint's folder and its manifest."""
    source, manifest = readable_folder(savepoint), known_manifest(savepoint, settings.state)
    if source is None or not source.is_dir():
        raise UserError(
            f"expected a savepoint's folder that can be read from here, got {savepoint}. Copy it here, or name another"
        )
    if manifest is None:
        raise UserError(
            f"expected fraudstream.json next to the savepoint {savepoint}, found none. Take one with `fraudstream "
            "stop --savepoint`"
        )
    return source, manifest


def _offsets(source: Path, manifest: StateManifest) -> dict[str, dict[int, int]]:
    """Return the next offset of each partition, by source table."""
    found = source_offsets(source, _topics(manifest), _uids(manifest), manifest.operators)
    if TRANSACTIONS not in found:
        raise UserError(f"expected the offsets of {manifest.transactions} in {source}, found none. Name another")
    for table, positions in manifest.start_positions.items():
        for partition, firsts in positions.items():
            if found.get(table, {}).get(int(partition), 0) < max(firsts):
                raise UserError(
                    f"expected the job to have read partition {partition} of {_topics(manifest)[table]} up to offset "
                    f"{max(firsts)}, where its import began, got {found.get(table, {}).get(int(partition), 0)}. "
                    "Take the savepoint later"
                )
    return found


def _config_of(config: JobConfig, manifest: StateManifest) -> JobConfig:
    """Return the settings of the job whose state it is, as far as the state depends on them."""
    return replace(
        config,
        mode=cast(Mode, manifest.mode),
        shards=manifest.shards,
        parallelism=1,
        labels=manifest.labels is not None,
        generations=manifest.generations,
        unmarked_state=manifest.unmarked,
        guarantee="at-least-once",
    )


def _free_slots(services: Services, config: JobConfig) -> int:
    free = services.rest.overview()["slots-available"]
    if not free:
        raise UserError("expected a free slot for the export, got none. `fraudstream up --taskmanagers N` adds some")
    return min(int(free), config.shards)


def _topics(manifest: StateManifest) -> dict[str, str]:
    """Return the topic of each source table, except for the queries': they need no answer any more."""
    found = {TRANSACTIONS: manifest.transactions, LABELS: manifest.labels, CONTROL: manifest.control}
    found[LISTS] = found[TABLE_INPUTS[LISTS]]
    return {table: topic for table, topic in found.items() if topic is not None}


def _uids(manifest: StateManifest) -> dict[str, str]:
    found = {}
    for table in _topics(manifest):
        uid = f"{LABEL_LANES if table == LABELS else table}-source"
        found[table] = marked(uid, mode=manifest.mode, shards=manifest.shards, generations=manifest.generations)
    return found


def _start_positions(offsets: dict[str, dict[int, int]], files: list[Path]) -> dict[str, dict[str, list[int]]]:
    """Return the first offsets that were not processed, by table, partition and shard, see `jobs.start_positions`."""
    unprocessed = [read_unprocessed(file) for file in files]
    found: dict[str, dict[str, list[int]]] = {}
    for table, ends in offsets.items():
        by_shard = [_firsts(shard.get(table, []), ends) for shard in unprocessed]
        found[table] = {
            str(partition): _merged(table, [firsts[partition] for firsts in by_shard]) for partition in ends
        }
    return found


def _firsts(positions: list[int], ends: dict[int, int]) -> dict[int, int]:
    firsts = dict(ends)
    for position in positions:
        partition, offset = partition_of(position), offset_of(position)
        firsts[partition] = min(firsts.get(partition, offset), offset)
    return firsts


def _merged(table: str, firsts: list[int]) -> list[int]:
    """Return one offset where the records of a table go to all shards, or none differs."""
    return firsts if table == TRANSACTIONS and len(set(firsts)) > 1 else [min(firsts)]


def _entries(file: Path) -> int:
    return int(pq.read_metadata(arrow_source(file)).num_rows)


def _counts(file: Path) -> Counter[str]:
    handles = pq.read_table(arrow_source(file), columns=["handle"]).column("handle").value_counts()
    return Counter({item["values"]: item["counts"] for item in handles.to_pylist()})
