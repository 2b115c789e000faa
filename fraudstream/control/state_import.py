"""Import of an exported state into a job of other settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fraudstream.control.export_manifest import ExportManifest
from fraudstream.control.savepoints import MANIFEST_FILE, readable_folder, savepoint_target
from fraudstream.control.state_export import Notes, await_done
from fraudstream.control.submit import flink_run, job_config
from fraudstream.devstack.stack import Services
from fraudstream.system.failures import RuntimeFailure
from jobs.job_config import JobConfig
from jobs.operator_uids import ADVANCE_ENTITIES, DETECT_DRIFT, SCORE_BATCH, marked
from jobs.state_files import IMPORTED, parts
from jobs.state_manifest import StateManifest

GROUP = "fraudstream"
"""Group of the job's counters."""


def import_state(services: Services, folder: Path, on_line: Notes = lambda _line: None) -> str:
    """Make a savepoint of an exported state, for a job of the settings; returns its folder.

    Parameters
    ----------
    services
        Broker and cluster, with the settings of the job.
    folder
        Of the export; TaskManagers read it.
    on_line
        Called with the `flink run` line.

    Raises
    ------
    UserError
        The export is not whole, or does not fit the job.
    RuntimeFailure
        The job failed.
    """
    folder = folder.expanduser().absolute()
    export = ExportManifest.read(folder)
    export.require_files(folder)
    config = _config_of(job_config(services), export.state)
    manifest = replace(StateManifest.of(config), operators=_operators(config))
    replace(export.state, mode=manifest.mode, shards=manifest.shards).require_fit(manifest)
    run = flink_run(services, config, None, arguments=["--import-state", str(folder)])
    on_line(f"$ {run.line}")
    rest, job_id = services.rest, run.submit()
    wanted = {f"{IMPORTED}{part}": count for part, count in parts(config).items()}
    try:
        await_done(rest, job_id, lambda: rest.counters(job_id, GROUP) == wanted)
        location = rest.savepoint(job_id, savepoint_target(services.settings), stop=True)
    except BaseException:
        rest.cancel(job_id)
        raise
    target = readable_folder(location)
    if target is None:
        raise RuntimeFailure(f"expected a savepoint that can be read from here, got {location}")
    (target / MANIFEST_FILE).write_text(manifest.to_json() + "\n")
    return location


def _config_of(config: JobConfig, state: StateManifest) -> JobConfig:
    """Return the job's settings with what the state depends on besides its shards and mode."""
    return replace(
        config,
        name="state-import",
        topic_ids=state.topic_ids,
        generations=state.generations,
        start_positions=state.start_positions,
        guarantee="at-least-once",
    )


def _operators(config: JobConfig) -> tuple[str, ...]:
    uids = (ADVANCE_ENTITIES, SCORE_BATCH, DETECT_DRIFT)
    return tuple(sorted(marked(uid, mode=config.mode, shards=config.shards) for uid in uids))
