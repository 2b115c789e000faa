"""Checks of `fraudstream doctor`."""

import ctypes
import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from confluent_kafka import KafkaException

from fraudstream.devstack.flink_home import distribution
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.jars import intact, read_lock
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_access
from fraudstream.kafka.retention import retention_complaints, retention_needs
from fraudstream.kafka.topic_rights import JobNeeds, advice, lacks
from fraudstream.kafka.topics import existing_topics
from fraudstream.kafka.transaction_limit import require_transaction_time, transaction_limit_ms, transaction_time_ms
from fraudstream.readers.card_numbers import card_advice, columns_with_cards
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT, cache_folder
from fraudstream.system.java import find_java
from fraudstream.system.own_packages import require_own_packages
from fraudstream.system.run_state import RunState
from models.scoring.loaded_model import load_tested
from schemas.avro_schemas import TRANSACTION
from schemas.errors import UserError
from schemas.http_registry import HttpRegistry
from schemas.registry import value_subject


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of one check.

    Parameters
    ----------
    name
        Subject of the check.
    ok
        Whether it passed.
    found
        State that was found.
    fix
        Advice when it failed.
    required
        Whether the job can't run without it.
    """

    name: str
    ok: bool
    found: str
    fix: str = ""
    required: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Check everything that the job needs, from Java to the model."""
    run = RunState.load(settings.state)
    servers = settings.kafka.bootstrap_servers or run.bootstrap_servers
    rest_url = settings.flink.rest_url or run.rest_url
    return [
        packages(),
        java(),
        flink(),
        *jars(),
        libgomp(),
        *broker(Broker(settings, servers) if servers else None),
        *registry(settings),
        cluster(rest_url),
        model(settings),
        mode(settings),
    ]


def packages() -> Finding:
    """Check that `schemas`, `models`, `jobs` and `producers` are the ones installed with fraudstream."""

    def check() -> str:
        require_own_packages()
        return f"fraudstream {importlib.metadata.version('fraudstream')} in {PROJECT_ROOT}"

    return _tried("packages", check, fix="install fraudstream into its own environment")


def java() -> Finding:
    """Check the Java runtime."""
    return _tried("java", _java_text, fix="unset JAVA_HOME, or point it at Java 17 or newer")


def flink() -> Finding:
    """Check the Flink distribution."""

    def check() -> str:
        folder = distribution()
        return f"apache-flink {importlib.metadata.version('apache-flink')} at {folder}"

    return _tried("flink", check, fix="install fraudstream[job], or run `make setup` in a clone")


def jars() -> Iterator[Finding]:
    """Compare the jars with the lock."""
    folder = cache_folder() / "jars"
    for part, leading in (("broker", "kafka_2.13"), ("flink", "flink-sql-connector-kafka")):
        locked = [jar for jar in read_lock() if jar.needed_by == part]
        version = next(jar.version for jar in locked if jar.artifact == leading)
        wrong = [jar.filename for jar in locked if not intact(jar, folder)]
        found = f"{leading} {version}: {len(locked) - len(wrong)} of {len(locked)} jars with the right checksum"
        fix = f"`fraudstream up` fetches {', '.join(wrong[:3])}{' ...' if wrong[3:] else ''} into {folder}"
        yield Finding(name=f"{part} jars", ok=not wrong, found=found, fix=fix)


def libgomp() -> Finding:
    """Check the OpenMP library, which LightGBM needs and no wheel contains."""
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        fix = "install it: `apt-get install libgomp1` (Debian, Ubuntu) or `dnf install libgomp` (Fedora)"
        found = "libgomp.so.1 is missing, so `train` can't run"
        needed = importlib.util.find_spec("lightgbm") is not None
        return Finding(name="libgomp", ok=False, found=found, fix=fix, required=needed)
    return Finding(name="libgomp", ok=True, found="libgomp.so.1")


def broker(used: Broker | None) -> Iterator[Finding]:
    """Check the broker and its topics."""
    fix = "`fraudstream up` starts one, or set kafka.bootstrap_servers to yours"
    trouble = "none"
    try:
        present = existing_topics(used) if used else None
    except NotReady as error:
        present, trouble = None, str(error)
    if present is None or used is None:
        yield Finding(name="broker", ok=False, found=trouble, fix=fix)
        yield Finding(name="topics", ok=False, found="not checked: no broker", fix="see broker")
        return
    yield Finding(name="broker", ok=True, found=used.bootstrap_servers)
    missing = [name for name in used.topics.names() if name not in present]
    found = f"missing: {', '.join(missing)}" if missing else f"all {len(used.topics.names())} there"
    yield Finding(name="topics", ok=not missing, found=found, fix="`fraudstream topics create`")
    yield rights(used)
    if used.topics.transactions in present:
        yield card_numbers(used)
    yield from retention(used)
    if used.settings.job.guarantee == "exactly-once":
        yield transactions(used)


def rights(broker: Broker) -> Finding:
    """Check the job's rights to read and write its topics."""
    lacking = [text for text in lacks(broker, JobNeeds.of_settings(broker.settings)) if text.startswith("no right")]
    found = "; ".join(lacking) or "to read and write what the job does, as far as the broker reports"
    return Finding(name="rights", ok=not lacking, found=found, fix=advice(broker.settings, lacking))


def card_numbers(broker: Broker) -> Finding:
    """Look for card numbers among the newest transactions."""
    try:
        columns = columns_with_cards(broker)
    except (UserError, KafkaException) as error:
        return Finding(name="cards", ok=False, found=str(error), fix="correct it, or see broker and registry")
    found = "; ".join(map(str, columns)) or "no card numbers among the newest transactions"
    return Finding(name="cards", ok=not columns, found=found, fix=card_advice(columns))


def retention(broker: Broker) -> Iterator[Finding]:
    """Compare the topics' retention with the time for which their records are needed."""
    try:
        complaints = retention_complaints(broker, retention_needs(broker.settings))
    except KafkaException as error:
        yield Finding(name="retention", ok=False, found=str(error), fix="see broker", required=False)
        return
    for topic, complaint in sorted(complaints.items()):
        found, _, fix = complaint.partition(". ")
        # Not required: the job runs, but its consumers miss records.
        yield Finding(name=f"retention of {topic}", ok=not complaint, found=found or "enough", fix=fix, required=False)


def transactions(broker: Broker) -> Finding:
    """Compare the job's transaction timeout with the broker's limit."""

    def check() -> str:
        require_transaction_time(broker)
        limit_ms = transaction_limit_ms(broker)
        allowed = "a limit that the broker does not report" if limit_ms is None else f"{limit_ms / 1000:g} s"
        return f"up to {transaction_time_ms(broker) / 1000:g} s of {allowed}"

    return _tried("transactions", check, fix="lower job.transaction_timeout_s")


def registry(settings: Settings) -> Iterator[Finding]:
    """Check the schema registry, if one is configured."""

    def check() -> str:
        access = registry_access(settings)
        if access is None:
            return ""
        schema = TRANSACTION if settings.declaration is None else settings.declaration.schema
        ids = HttpRegistry(access).ids(value_subject(settings.topics.transactions), schema)
        return f"{access.url}, {len(ids)} versions of the transactions' schema"

    finding = _tried("registry", check, fix="`fraudstream up --registry` starts one, or correct [kafka.registry]")
    if finding.found:
        yield finding


def cluster(rest_url: str | None) -> Finding:
    """Check the cluster: version and free slots."""
    fix = "`fraudstream up` starts one, or set flink.rest_url to yours"
    if rest_url is None:
        return Finding(name="cluster", ok=False, found="none", fix=fix)
    try:
        overview = FlinkRest(url=rest_url).overview()
    except (NotReady, RuntimeFailure):
        return Finding(name="cluster", ok=False, found=f"none answers at {rest_url}", fix=fix)
    free, total = overview["slots-available"], overview["slots-total"]
    found = f"Flink {overview['flink-version']} at {rest_url}, {free} of {total} slots free"
    return Finding(
        name="cluster",
        ok=free > 0,
        found=found,
        fix="stop a job (`fraudstream stop`), or `fraudstream up --taskmanagers N`",
        required=total == 0,
    )


def model(settings: Settings) -> Finding:
    """Check the model artifact: complete, and trained on these features."""

    def check() -> str:
        return f"{load_tested(settings.model.artifact).manifest.model_id} in {settings.model.artifact}"

    return _tried("model", check, fix="`fraudstream train --history FILE`")


def mode(settings: Settings) -> Finding:
    """Describe the execution mode of Python."""
    where = "inside the TaskManager" if settings.job.mode == "thread" else "in processes of its own"
    return Finding(name="mode", ok=True, found=f"{settings.job.mode}: Python runs {where}")


def _java_text() -> str:
    found = find_java()
    return f"Java {found.version} from {found.origin} at {found.home}"


def _tried(name: str, check: Callable[[], str], *, fix: str) -> Finding:
    try:
        return Finding(name=name, ok=True, found=check())
    except UserError as error:
        return Finding(name=name, ok=False, found=str(error), fix=fix)
