"""Topics and rights that a job needs on the brokers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import existing_topics
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady
from jobs.job_config import JobConfig

TIMEOUT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class JobNeeds:
    """Everything on the broker that a job can't run without.

    Attributes
    ----------
    transactional_id : str or None
        An id of its own transactions' prefix; None where it writes without.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    group: str
    transactional_id: str | None = None

    @classmethod
    def of(cls, config: JobConfig) -> JobNeeds:
        """Return what a job of these settings needs; a standby writes its scores alone."""
        exactly_once = config.guarantee == "exactly-once"
        return cls(
            reads=config.read_topics,
            writes=config.written_topics,
            group=config.group,
            transactional_id=f"{config.transaction_ids}-submit-check" if exactly_once else None,
        )

    @classmethod
    def of_settings(cls, settings: Settings) -> JobNeeds:
        """Return what the job of these settings needs, before it is known where its model and checkpoints are."""
        job = settings.job
        config = JobConfig(
            bootstrap_servers="",
            model="",
            checkpoint_dir="",
            topics=settings.topics,
            labels=job.labels,
            guarantee=job.guarantee,
            transaction_prefix=job.transaction_prefix,
            tolerated_checkpoint_failures=0,
        )
        return cls.of(config)


def require_rights(broker: Broker, needs: JobNeeds) -> None:
    """Check that all topics of a job exist and that it may use them: else it would fail and restart in a loop.

    Where the broker has no rights, or does not report them, only existence is checked.

    Raises
    ------
    NotReady
        Something is missing: all of it in one message. Or no broker answers.
    """
    missing = lacks(broker, needs)
    if missing:
        raise NotReady(
            f"expected the topics that the job reads and writes at {broker.bootstrap_servers}, got "
            f"{'; '.join(missing)}. {advice(broker.settings, missing)}"
        )


def advice(settings: Settings, missing: Iterable[str]) -> str:
    """Return what to do about what `lacks` returned."""
    steps = []
    if any(text.startswith("missing") for text in missing):
        steps.append("create topics with `fraudstream topics create`")
    if any(text.startswith("no right") for text in missing):
        user = settings.kafka.security.username or "the job's user"
        steps.append(f"grant the rights to {user} (docs/security.md)")
    words = ", ".join(steps)
    return f"{words[:1].upper()}{words[1:]}, or correct [topics] in the settings"


def lacks(broker: Broker, needs: JobNeeds) -> list[str]:
    """Return what a job lacks on the broker, in words: missing topics first, then rights.

    Raises
    ------
    NotReady
        No broker answers.
    """
    present = existing_topics(broker)
    wanted = dict.fromkeys((*needs.reads, *needs.writes))
    missing = [name for name in wanted if name not in present]
    client = broker.admin()
    allowed = _allowed(client, [name for name in wanted if name in present])
    found = {
        "missing": missing,
        "no right to read": [name for name in needs.reads if _lacks(allowed.get(name), AclOperation.READ)],
        "no right to write": [name for name in needs.writes if _lacks(allowed.get(name), AclOperation.WRITE)],
        "no right to read as the consumer group": _group_lacks(client, needs.group),
        "no right to write by transactions of the id": _transactions_lack(broker, needs),
    }
    return [f"{what} {', '.join(names)}" for what, names in found.items() if names]


def _lacks(allowed: set[AclOperation] | None, operation: AclOperation) -> bool:
    return bool(allowed) and not {operation, AclOperation.ALL} & allowed  # type: ignore[operator]


def _allowed(client: AdminClient, names: list[str]) -> dict[str, set[AclOperation] | None]:
    """Return what the user may do with each topic; None where the broker does not report it."""
    if not names:
        return {}
    asked = client.describe_topics(TopicCollection(names), include_authorized_operations=True)
    found: dict[str, set[AclOperation] | None] = {}
    for name, future in asked.items():
        try:
            found[name] = set(future.result(timeout=TIMEOUT_S).authorized_operations or ())
        except (KafkaException, FutureTimeout):
            found[name] = None
    return found


def _group_lacks(client: AdminClient, group: str) -> list[str]:
    try:
        (future,) = client.describe_consumer_groups([group], include_authorized_operations=True).values()
        allowed = set(future.result(timeout=TIMEOUT_S).authorized_operations or ())
    except KafkaException as error:
        return [group] if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED else []
    except FutureTimeout:
        return []
    return [group] if _lacks(allowed, AclOperation.READ) else []


_UNHEARD = logging.Logger("submit-check")
"""The client would print what the message says."""
_UNHEARD.addHandler(logging.NullHandler())

_NO_TRANSACTIONS = {KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}


def _transactions_lack(broker: Broker, needs: JobNeeds) -> list[str]:
    """Initialise a producer under a separate id, as brokers do not describe these rights; no transaction is opened."""
    if needs.transactional_id is None:
        return []
    properties = {**broker.properties, "transactional.id": needs.transactional_id}
    try:
        Producer(properties, logger=_UNHEARD).init_transactions(TIMEOUT_S)
    except KafkaException as error:
        return [needs.transactional_id] if error.args[0].code() in _NO_TRANSACTIONS else []
    return []
