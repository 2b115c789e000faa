from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.job_config import JobConfig
from jobs.state_manifest import StateManifest
from runtime.embedded import Services, cluster, jars_for
from runtime.flink_home import FlinkHome
from runtime.flink_rest import FlinkRest
from runtime.flink_run import FlinkRun
from runtime.folders import PROJECT_ROOT
from runtime.java import find_java
from runtime.savepoints import check_savepoint, take_savepoint
from runtime.settings import Settings

SCRIPT = PROJECT_ROOT / "jobs" / "score_transactions.py"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A job that was accepted and runs.

    Parameters
    ----------
    job_id
        Flink's id of it.
    line
        The `flink run` line that started it.
    config
        The file with its settings.
    """

    job_id: str
    line: str
    config: Path


def job_config(settings: Settings, services: Services) -> JobConfig:
    """Map the settings to the job's own, which checks them again.

    Raises
    ------
    UserError
        When the job can't work with a value.
    """
    return JobConfig(
        bootstrap_servers=services.bootstrap_servers,
        model=str(settings.model.artifact.expanduser().absolute()),
        checkpoint_dir=settings.flink.config.get("execution.checkpointing.dir", settings.state.checkpoints.as_uri()),
        topics=settings.topics,
        kafka_properties=settings.kafka.properties,
        schema_registry_url=settings.kafka.schema_registry_url,
        mode=settings.job.mode,
        parallelism=settings.job.parallelism,
        shards=settings.job.shards,
        batch_ms=settings.job.batch_ms,
        buffer_timeout_ms=settings.job.buffer_timeout_ms,
        checkpoint_interval_ms=round(settings.job.checkpoint_interval_s * 1000),
        state_backend=settings.job.state_backend,
        guarantee=settings.job.guarantee,
        labels=settings.job.labels,
        emit_scores=settings.job.emit_scores,
        feature_log_share=settings.job.feature_log_share,
        start_from=settings.job.start_from,
    )


def submit(
    settings: Settings,
    services: Services,
    *,
    savepoint: str | None = None,
    drop_state: bool = False,
    on_line: Callable[[str], None] = lambda _line: None,
) -> Submitted:
    """Start the scoring job as the settings have it, and wait until it runs.

    Parameters
    ----------
    settings
        What it is told.
    services
        Where it runs and reads.
    savepoint
        Folder to restore from, None for an empty state.
    drop_state
        Whether state that the job has no operator for may be left behind.
    on_line
        Given what the user should know of the savepoint, and the `flink run` line before it is run.

    Raises
    ------
    UserError
        When the savepoint does not fit the job, before anything is started.
    RuntimeFailure
        When the client or the job fails, with the line that tells the cause.
    """
    config = job_config(settings, services)
    may_drop = None if drop_state else frozenset[str]()
    return run_job(settings, services, config, savepoint=savepoint, may_drop=may_drop, on_line=on_line)


def run_job(
    settings: Settings,
    services: Services,
    config: JobConfig,
    *,
    savepoint: str | None,
    may_drop: frozenset[str] | None = frozenset(),
    on_line: Callable[[str], None] = lambda _line: None,
) -> Submitted:
    """Start a job and wait until it runs, see `submit` and `check_savepoint`."""
    if savepoint is not None:
        note = check_savepoint(savepoint, StateManifest.of(config), may_drop=may_drop)
        if note:
            on_line(note)
    file = settings.state.create().jobs / f"{config.name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.touch(mode=0o600)  # it may hold the broker's password
    file.write_text(config.to_json())
    run = FlinkRun(
        home=client_home(settings),
        java=find_java(),
        rest_url=services.rest_url,
        script=SCRIPT,
        arguments=["--config", str(file)],
        options=_options(settings),
        savepoint=savepoint,
        drop_state=may_drop is None or bool(may_drop),
    )
    on_line(f"$ {run.line}")
    return Submitted(job_id=run.submit(), line=run.line, config=file)


def stop_job(settings: Settings, services: Services, job_id: str, *, savepoint: bool) -> str | None:
    """Stop a job; with a savepoint, returns the folder to resume from."""
    rest = FlinkRest(url=services.rest_url)
    if not savepoint:
        rest.cancel(job_id)
        return None
    return take_savepoint(client_home(settings), find_java(), rest, job_id, settings.state, stop=True)


def client_home(settings: Settings) -> FlinkHome:
    """Put together the distribution whose client submits and stops jobs."""
    if settings.flink.rest_url is None:
        return cluster(settings).home
    home = FlinkHome(folder=settings.state, connectors=tuple(jars_for("flink"))).create()
    home.configure(settings.flink.config)
    return home


def _options(settings: Settings) -> dict[str, str]:
    """Name what a cluster that is not ours lacks: our packages and the connector."""
    if settings.flink.rest_url is None:
        return {}
    own = {
        "pipeline.jars": ";".join(jar.as_uri() for jar in jars_for("flink")),
        "python.files": ",".join(str(PROJECT_ROOT / name) for name in ("jobs", "models", "schemas")),
    }
    return own | settings.flink.config
