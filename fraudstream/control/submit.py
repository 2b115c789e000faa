"""Submission of the scoring job."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fraudstream.control.flink_run import FlinkRun
from fraudstream.control.flink_secrets import is_secret
from fraudstream.control.java_security import java_security
from fraudstream.control.job_secrets import job_registry, kafka_password_file
from fraudstream.control.model_store import pin_model
from fraudstream.control.records_in_force import records_in_force, with_control_records, without_control_records
from fraudstream.control.resumption import Resumption
from fraudstream.control.savepoints import note_manifest, savepoint_target, take_savepoint
from fraudstream.control.shipped_code import ship_code
from fraudstream.control.stale_state import require_committable
from fraudstream.control.state_marks import explain_refusal
from fraudstream.devstack.flink_home import ALIGNMENT_BUFFER, CLIENT_SETTINGS, FlinkHome
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import Services, cluster, jars_for
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.kafka.topic_rights import JobNeeds, require_rights
from fraudstream.kafka.transaction_limit import require_transaction_time, transaction_time_ms
from fraudstream.readers.card_numbers import require_no_card_numbers
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.java import find_java
from fraudstream.system.own_packages import require_own_packages
from jobs.job_config import JobConfig
from jobs.state_manifest import StateManifest, StateMismatchError
from schemas.wall_clock import now_ms

SCRIPT = PROJECT_ROOT / "jobs" / "score_transactions.py"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """Running job.

    Parameters
    ----------
    job_id
        Flink's id of the job.
    line
        The `flink run` line that started it.
    config
        The file with its settings.
    """

    job_id: str
    line: str
    config: Path


def job_config(services: Services) -> JobConfig:
    """Map the settings to the job's own, which checks them again, and pin the model's copy in the store.

    Raises
    ------
    UserError
        When the job can't work with a value, or the model is refused.
    """
    settings = services.settings
    require_transaction_time(services.broker)
    config = JobConfig(
        bootstrap_servers=services.broker.bootstrap_servers,
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
        alignment_ms=round(settings.job.alignment_s * 1000),
        checkpoint_interval_ms=round(settings.job.checkpoint_interval_s * 1000),
        state_backend=settings.job.state_backend,
        guarantee=settings.job.guarantee,
        checkpoint_timeout_ms=round(settings.job.checkpoint_timeout_s * 1000),
        tolerated_checkpoint_failures=settings.job.tolerated_checkpoint_failures,
        retained_checkpoints=settings.job.retained_checkpoints,
        transaction_timeout_ms=transaction_time_ms(services.broker),
        transaction_prefix=settings.job.transaction_prefix,
        labels=settings.job.labels,
        emit_scores=settings.job.emit_scores,
        feature_log_share=settings.job.feature_log_share,
        pool_customers=settings.job.pool_customers,
        pool_entities=settings.job.pool_entities,
        challenger_time_ratio=settings.job.challenger_time_ratio,
        time_zone=settings.job.time_zone,
        start_from=settings.job.start_from,
        limits=settings.job.limits,
        declaration=None if settings.declaration is None else settings.declaration.to_dict(),
    )
    return pin_model(settings, config)


def submit(
    services: Services,
    *,
    savepoint: str | None = None,
    script: Path = SCRIPT,
    drop_state: bool = False,
    unmarked_state: bool = False,
    reset_topics: Collection[str] = (),
    accept_loss: bool = False,
    on_line: Callable[[str], None] = lambda _line: None,
) -> Submitted:
    """Start the scoring job as the settings have it, and wait until it runs.

    Parameters
    ----------
    services
        Broker and cluster, with the settings of the job.
    savepoint
        Folder to restore from, None for an empty state.
    script
        The job's entry file.
    drop_state
        Whether state that the job has no operator for may be left behind.
    unmarked_state
        Whether state of fraudstream 0.1 that has no manifest counts as state of these shards and this mode.
    reset_topics
        Inputs whose topic was deleted and created again: each is read from its first record.
    accept_loss
        Whether a checkpoint may be older than the transactions that hold its output, see `require_committable`.
    on_line
        Called with notes on the savepoint, and with the `flink run` line before it is run.

    Raises
    ------
    UserError
        When the job or the broker can't work with a setting, or the savepoint does not fit the job: before anything
        is started.
    RuntimeFailure
        When the client or the job fails, with the line that names the cause.
    """
    require_own_packages()
    config = replace(job_config(services), unmarked_state=unmarked_state)
    if savepoint is not None and not accept_loss:
        require_committable(savepoint, config, now_ms())
    # Without the right to read the topic, the search for card numbers would wait for records.
    require_rights(services.broker, JobNeeds.of(config))
    require_no_card_numbers(services.broker)
    may_drop = None if drop_state else frozenset[str]()
    if savepoint is None:
        return _start(services, config, None, script, on_line)
    state = Resumption(savepoint=savepoint, may_drop=may_drop, reset_topics=reset_topics)
    return _start(services, config, state, script, on_line)


def run_job(
    services: Services,
    config: JobConfig,
    state: Resumption | None,
    *,
    on_line: Callable[[str], None] = lambda _line: None,
) -> Submitted:
    """Start a job of settings that may be a file's, from a state or without one, and wait until it runs."""
    config = pin_model(services.settings, config)  # a file of an earlier version has no pins
    require_transaction_time(services.broker)
    require_rights(services.broker, JobNeeds.of(config))
    return _start(services, config, state, SCRIPT, on_line)


def _start(
    services: Services, config: JobConfig, state: Resumption | None, script: Path, on_line: Callable[[str], None]
) -> Submitted:
    """Start a job that may use its topics.

    Its `unmarked_state` allows state without marks; the job has the setting only where the state is unmarked.
    """
    if config.alignment_ms:
        require_prompt_alignment(services.rest)
    if state is None:
        config = _initial(services, config)
    else:
        config, lines = state.apply(services, without_control_records(config))
        for line in lines:
            on_line(line)
    run = flink_run(services, config, state, script)
    on_line(f"$ {run.line}")
    try:
        job_id = run.submit()
    except RuntimeFailure as error:
        why = explain_refusal(str(error), mode=config.mode, shards=config.shards)
        if why is None:
            raise
        raise StateMismatchError(f"This savepoint does not fit the job.\n{why}") from error
    note_manifest(services.settings.state, job_id, StateManifest.of(config))
    return Submitted(job_id=job_id, line=run.line, config=Path(run.arguments[-1]))


def require_prompt_alignment(rest: FlinkRest) -> None:
    """Raise NotReady if the cluster pauses partitions late, so that `job.alignment_s` bounds nothing.

    TaskManagers read it from their own settings, which have the JobManager's values, never from the job's.
    """
    got = rest.configuration().get(ALIGNMENT_BUFFER, "unset, which means 3")
    if got != "0":
        raise NotReady(
            f"expected {ALIGNMENT_BUFFER}: 0 in the settings of the Flink cluster for job.alignment_s, got {got}. Set "
            "it there and restart the cluster (`fraudstream down`, `fraudstream up`), or set job.alignment_s to 0"
        )


def flink_run(
    services: Services,
    config: JobConfig,
    state: Resumption | None,
    script: Path = SCRIPT,
    arguments: Sequence[str] = (),
) -> FlinkRun:
    """Write a job's settings to a file, and return the line that starts it, with more arguments of its script."""
    # Clocks step back, and two jobs may start within a second: each needs a file of its own.
    stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    file = services.settings.state.create().jobs / f"{config.name}-{stamp}.json"
    file.touch(mode=0o600)  # it names brokers, users and the files of passwords
    file.write_text(config.to_json())
    script, options = _shipped(services.settings, script)
    return FlinkRun(
        home=client_home(services.settings),
        java=find_java(),
        rest_url=services.rest_url,
        script=script,
        arguments=[*arguments, "--config", str(file)],
        options=options,
        savepoint=None if state is None else state.savepoint,
        drop_state=state is not None and state.drops_state(services.settings),
    )


def _initial(services: Services, config: JobConfig) -> JobConfig:
    """Return the settings of a job without state: control records in force, and the topics of its offsets."""
    ids = TopicIds(services.broker).read(config.input_topics.values())
    known = {topic: topic_id for topic, topic_id in ids.items() if topic_id is not None}
    config = replace(config, topic_ids=known, generations={})
    return with_control_records(config, records_in_force(services.broker))


def stop_job(services: Services, job_id: str, *, savepoint: bool) -> str | None:
    """Stop a job; with a savepoint, returns the folder to resume from."""
    rest = services.rest
    if not savepoint:
        rest.cancel(job_id)
        return None
    return take_savepoint(rest, job_id, savepoint_target(services.settings), stop=True)


def client_home(settings: Settings) -> FlinkHome:
    """Put together the distribution whose client submits jobs."""
    if settings.flink.rest_url is None:
        return cluster(settings).home
    home = FlinkHome(folder=settings.state, connectors=tuple(jars_for("flink"))).create()
    home.configure({**CLIENT_SETTINGS, **settings.flink.config})
    return home


def _shipped(settings: Settings, script: Path) -> tuple[Path, dict[str, str]]:
    """Return the entry file, and options for what a user's cluster lacks: our packages and the connector.

    The scoring job's packages have a name of their own there, since other jobs' may be called `models`. With another
    entry file the cluster must have the packages that it imports.
    """
    if settings.flink.rest_url is None:
        return script, {}
    options = {"pipeline.jars": ";".join(jar.as_uri() for jar in jars_for("flink"))}
    if script == SCRIPT:
        code = ship_code(settings.state.code)
        script, options["python.files"] = code.script, str(code.folder)
    # A command line is seen by all users of the machine; the client finds secrets in its settings file.
    return script, options | {name: value for name, value in settings.flink.config.items() if not is_secret(name)}
