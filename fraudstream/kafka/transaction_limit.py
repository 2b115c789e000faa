"""Transaction timeout of the job against the brokers' limit."""

from concurrent.futures import TimeoutError as FutureTimeout

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource

from fraudstream.kafka.broker import Broker
from fraudstream.settings.job_settings import JobSettings
from jobs.job_config import JobConfig
from schemas.errors import UserError

NAME = "transaction.max.timeout.ms"
TIMEOUT_S = 10.0

RECOVERY_MS = 60_000
"""Maximum length of a recovery after the worst row of failed checkpoints: twice the longest that `chaos` has seen."""


def transaction_limit_ms(broker: Broker) -> int | None:
    """Return how long the brokers let a transaction be open, milliseconds: the minimum.

    Returns None where that can't be known: no broker answers, or it does not show its settings.
    """
    client = broker.admin()
    try:
        brokers = client.list_topics(timeout=TIMEOUT_S).brokers
        asked = client.describe_configs([ConfigResource(ConfigResource.Type.BROKER, str(broker)) for broker in brokers])
        answers = [future.result(timeout=TIMEOUT_S) for future in asked.values()]
    except (KafkaException, FutureTimeout):
        return None
    return min((int(answer[NAME].value) for answer in answers if NAME in answer), default=None)


def transaction_time_ms(broker: Broker) -> int:
    """Return how long a transaction of the job may be open, milliseconds: the setting, else the brokers' maximum.

    Where it matters and the brokers do not answer, it is Kafka's default.
    """
    if broker.settings.job.transaction_timeout_s is not None:
        return round(broker.settings.job.transaction_timeout_s * 1000)
    limit_ms = transaction_limit_ms(broker) if broker.settings.job.guarantee == "exactly-once" else None
    return limit_ms or JobConfig.transaction_timeout_ms


def require_transaction_time(broker: Broker) -> None:
    """Check that the brokers allow what an exactly-once job asks for: they would refuse it in the running job.

    Where job.transaction_timeout_s says nothing, they must allow what the job's checkpoints and a recovery need; who
    sets it has chosen.

    Raises
    ------
    UserError
        When job.transaction_timeout_s is above their limit, or their limit is too low.
    """
    if broker.settings.job.guarantee != "exactly-once":
        return
    limit_ms = transaction_limit_ms(broker)
    if limit_ms is not None:
        require_limit(broker.settings.job, limit_ms)


def require_limit(job: JobSettings, limit_ms: int) -> None:
    """Compare an exactly-once job's settings with the brokers' limit (ms), see `require_transaction_time`."""
    if job.transaction_timeout_s is not None:
        if job.transaction_timeout_s * 1000 > limit_ms:
            raise UserError(
                f"expected job.transaction_timeout_s of at most {limit_ms / 1000:g}, the brokers' {NAME}, got "
                f"{job.transaction_timeout_s:g}: lower it (and job.tolerated_checkpoint_failures with it), or raise "
                "theirs"
            )
        return
    one_s = max(job.checkpoint_interval_s, job.checkpoint_timeout_s)
    checkpoints_s, recovery_s = (job.tolerated_checkpoint_failures + 1) * one_s, RECOVERY_MS / 1000
    if limit_ms / 1000 < checkpoints_s + recovery_s:
        raise UserError(
            f"expected the brokers' {NAME} of at least {(checkpoints_s + recovery_s) * 1000:.0f} under exactly-once, "
            f"got {limit_ms}: {job.tolerated_checkpoint_failures} tolerated failures and the checkpoint after them can "
            f"take {checkpoints_s:g} s, a recovery {recovery_s:g} s more; an aborted transaction's output is lost. "
            "Raise theirs, lower job.tolerated_checkpoint_failures or job.checkpoint_timeout_s, or accept it by "
            "setting job.transaction_timeout_s"
        )
