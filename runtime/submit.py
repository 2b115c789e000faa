from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.job_config import JobConfig
from runtime.embedded import Services, cluster, jars_for
from runtime.failures import RuntimeFailure
from runtime.flink_home import FlinkHome
from runtime.flink_rest import FlinkRest
from runtime.flink_run import FlinkRun, run_client
from runtime.flink_secrets import is_secret
from runtime.folders import PROJECT_ROOT
from runtime.java import find_java
from runtime.java_security import java_security
from runtime.job_secrets import job_registry, kafka_password_file
from runtime.settings import Settings
from runtime.transaction_limit import require_transaction_time

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
        kafka_properties={
            **settings.kafka.properties,
            **java_security(settings.kafka.security, kafka_password_file(settings)),
        },
        registry=job_registry(settings),
        mode=settings.job.mode,
        parallelism=settings.job.parallelism,
        shards=settings.job.shards,
        batch_ms=settings.job.batch_ms,
        buffer_timeout_ms=settings.job.buffer_timeout_ms,
        checkpoint_interval_ms=round(settings.job.checkpoint_interval_s * 1000),
        state_backend=settings.job.state_backend,
        guarantee=settings.job.guarantee,
        checkpoint_timeout_ms=round(settings.job.checkpoint_timeout_s * 1000),
        tolerated_checkpoint_failures=settings.job.tolerated_checkpoint_failures,
        retained_checkpoints=settings.job.retained_checkpoints,
        transaction_timeout_ms=round(settings.job.transaction_timeout_s * 1000),
        transaction_prefix=settings.job.transaction_prefix,
        labels=settings.job.labels,
        emit_scores=settings.job.emit_scores,
        feature_log_share=settings.job.feature_log_share,
        start_from=settings.job.start_from,
        limits=settings.job.limits,
    )


def submit(
    settings: Settings,
    services: Services,
    *,
    savepoint: str | None = None,
    script: Path = SCRIPT,
    on_line: Callable[[str], None] = lambda _line: None,
) -> Submitted:
    """Start the scoring job and wait until it runs.

    Parameters
    ----------
    settings
        What it is told.
    services
        Where it runs and reads.
    savepoint
        Folder to restore from, None for an empty state.
    script
        The job's entry file.
    on_line
        Given the `flink run` line before it is run.

    Raises
    ------
    UserError
        When the job or the broker can't work with a setting.
    RuntimeFailure
        When the client or the job fails, with the line that tells the cause.
    """
    folder = settings.state.create()
    require_transaction_time(settings, services.bootstrap_servers)
    config = folder.jobs / f"score-transactions-{time.strftime('%Y%m%d-%H%M%S')}.json"
    text = job_config(settings, services).to_json()
    config.touch(mode=0o600)  # it names brokers, users and the files of passwords
    config.write_text(text)
    run = FlinkRun(
        home=client_home(settings),
        java=find_java(),
        rest_url=services.rest_url,
        script=script,
        arguments=["--config", str(config)],
        options=_options(settings),
        savepoint=savepoint,
    )
    on_line(run.line)
    return Submitted(job_id=run.submit(), line=run.line, config=config)


def stop_job(settings: Settings, services: Services, job_id: str, *, savepoint: bool) -> str | None:
    """Stop a job; with a savepoint, returns the folder to resume from.

    It never drains: that would end the open batches without scoring them.
    """
    if not savepoint:
        FlinkRest(url=services.rest_url).cancel(job_id)
        return None
    home = client_home(settings)
    where = settings.state.savepoints.as_uri()
    address = FlinkRest(url=services.rest_url).address
    command = [str(home.root / "bin" / "flink"), "stop", "-m", address, "--savepointPath", where, job_id]
    output = run_client(command, home, find_java())
    found = re.search(r"Savepoint completed\. Path: (\S+)", output)
    if found is None:
        raise RuntimeFailure(f"`flink stop` told no savepoint: {output[-300:]}")
    return found.group(1)


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
    # A command line is seen by all users of the machine; the client finds secrets in its settings file.
    return own | {name: value for name, value in settings.flink.config.items() if not is_secret(name)}
