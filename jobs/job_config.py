"""Settings of the job, checked when they are made."""

import json
import math
import re
from base64 import b64decode
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from jobs.first_records import unpack_records
from jobs.shards import SHARD_KEYS
from schemas.declaration.declaration import Declaration
from schemas.errors import UserError
from schemas.registry_access import RegistryAccess
from schemas.s3_path import as_path
from schemas.time_zone import time_zone_problem
from schemas.topics import Direction, Topics
from schemas.validation import Limits

Mode = Literal["thread", "process"]
StateBackend = Literal["hashmap", "rocksdb"]
Guarantee = Literal["at-least-once", "exactly-once"]
StartFrom = Literal["earliest", "latest", "committed"]

CHOICES: dict[str, tuple[str, ...]] = {
    "mode": get_args(Mode),
    "state_backend": get_args(StateBackend),
    "guarantee": get_args(Guarantee),
    "start_from": get_args(StartFrom),
}

INPUTS = ("transactions", "labels", "control")
"""Inputs whose offsets must be those of their topic; missed queries need no answer any more."""

MAX_GENERATION = 127
"""Largest generation that a position has room for."""

LARGEST_RECORD = 900_000
"""Bytes: a dead letter contains the record's, and brokers accept 1 MB unless configured otherwise."""


class JobConfigError(UserError):
    """A setting of the job that cannot work."""


@dataclass(frozen=True, kw_only=True)
class JobConfig:
    """Settings of the scoring job, checked when made.

    Attributes
    ----------
    bootstrap_servers : str
        The brokers, host:port with commas between.
    model : str
        Folder of the model artifact, readable on every TaskManager.
    model_id, model_sha256 : str
        The id of that model and the SHA-256 of its manifest.json: no other one scores. Empty in files of earlier
        versions: the model that the folder has.
    checkpoint_dir : str
        Durable folder (or URI) of the checkpoints.
    name : str
        Name of the job. The consumer group and the transactional ids are made of it, so it must be unique among the
        jobs of one broker.
    standby : bool
        Whether the job only rehearses: of its outputs the scores alone are written, to `topics.scores`.
    limits : Limits
        Limits of a transaction's fields.
    kafka_properties : dict
        Passed to every Kafka client, for example the security settings.
    registry : RegistryAccess or None
        The schema registry; None: the committed ids in schemas/registry.json. Never with a password in it, only with
        the name of a file.
    mode : {"thread", "process"}
        Process of Python: in the TaskManager's JVM process, or in one of its own.
    parallelism : int
        Subtasks, at most one for each shard.
    shards : int
        Parts of the keyed state, a key of SHARD_KEYS: as many as the subtasks that the job may need, and no more, since
        every shard's batch pays the fixed costs of its own. Another number needs an export of the state.
    batch_ms : int
        Time over which a micro-batch collects, milliseconds.
    buffer_timeout_ms : int
        Time for which Flink may hold back a network buffer that is not full, milliseconds.
    alignment_ms : int
        How far a partition of the transactions may be read ahead of the slowest one, in Kafka time, milliseconds; so a
        backlog comes nearly in the sequence in which it was written. 0: partitions are read independently.
    checkpoint_interval_ms : int
        Time between checkpoints, milliseconds.
    guarantee : {"at-least-once", "exactly-once"}
        Of what is written to Kafka. Exactly-once is visible to read_committed readers after each checkpoint.
    checkpoint_timeout_ms : int
        Time after which a checkpoint has failed, milliseconds.
    tolerated_checkpoint_failures : int
        Number in a row that is tolerated; with one more the job restarts from its last checkpoint.
    retained_checkpoints : int
        Newest checkpoints whose files are kept.
    transaction_timeout_ms : int
        Time after which the broker aborts a transaction of the job, milliseconds. Under exactly-once the longest series
        of failed checkpoints and the longest outage must end before it: records of an aborted transaction are lost to
        read_committed readers, though its checkpoint was complete. The default is the brokers' default maximum.
    transaction_prefix : str or None
        Begins the ids of the job's transactions: jobs on one broker must differ in it, or each aborts the other's.
        None makes it from the alerts topic, which is enough unless two jobs write there.
    labels : bool
        Whether the labels topic is read, always from its first record; without it no label is known.
    emit_scores : bool
        Whether every transaction's score is written, or alerts alone.
    feature_log_share : float
        Share of the transactions whose features are written to the inference topic, 0 to 1; chosen by customer and
        transaction_id.
    time_zone : str
        IANA name of the zone of the rules' local times (`local_hour`, ...); the features' hours are by UTC.
    start_from : {"earliest", "latest", "committed"}
        Position at which a job without savepoint starts to read.
    challenger_time_ratio : float
        Multiple of the champion's time that a challenger may need before it is removed.
    first_rules, first_deployment : str or None
        The newest rule book and deployment of the control topic when the job was submitted, in base64: what a job
        without state begins with.
    first_records : str or None
        The other records of the control topic that were in force then, see `pack_records`.
    first_control_ranges : dict
        By partition, the first offset of the control topic that was read then, and the one after the last: all records
        between them is in these settings.
    first_control_ms : int
        The newest Kafka time of what was read, milliseconds since 1970: a topic that was created again has later ones.
    unmarked_state : bool
        Whether the state to start from is of fraudstream 0.1, whose operators' uids named neither shards nor mode: it
        counts as state of these settings' shards and mode.
    topic_ids : dict of str to str
        Kafka's ids of the topics that the inputs' offsets are of, by name, noted by `submit`: a topic that was deleted
        and created again has another. Without those that the brokers do not report.
    generations : dict of str to int
        Number of times that the topic of an input (`transactions`, `labels`, `control`) was created again under this
        state. It is part of the source's uid, so that each begins at the first record, and of the labels' offsets.
    declaration : dict or None
        Declaration of the transactions' further columns, see `Declaration.to_dict`; None: there are none.
    start_positions : dict of str to dict of str to list of int
        Of a job whose state was imported: where its sources start, see `start_positions`.
    pool_customers : int
        Customers, and as many merchants, that a subtask keeps decoded in memory, a cache of the state; each of its
        shards has an equal part. A TaskManager has as many for each of its slots, however many shards there are.
    pool_entities : int
        Merchants and devices, together, that a subtask keeps decoded in memory, as `pool_customers`.
    """

    bootstrap_servers: str
    model: str
    model_id: str = ""
    model_sha256: str = ""
    checkpoint_dir: str
    name: str = "score-transactions"
    standby: bool = False
    topics: Topics = field(default_factory=Topics)
    limits: Limits = field(default_factory=Limits)
    kafka_properties: dict[str, str] = field(default_factory=dict)
    registry: RegistryAccess | None = None
    mode: Mode = "thread"
    parallelism: int = 1
    shards: int = 2
    batch_ms: int = 25
    buffer_timeout_ms: int = 2
    alignment_ms: int = 0
    checkpoint_interval_ms: int = 5_000
    state_backend: StateBackend = "hashmap"
    guarantee: Guarantee = "at-least-once"
    checkpoint_timeout_ms: int = 60_000
    tolerated_checkpoint_failures: int = 8
    retained_checkpoints: int = 3
    transaction_timeout_ms: int = 900_000
    transaction_prefix: str | None = None
    labels: bool = True
    emit_scores: bool = True
    feature_log_share: float = 0.01
    time_zone: str = "UTC"
    start_from: StartFrom = "earliest"
    challenger_time_ratio: float = 10.0
    first_rules: str | None = None
    first_deployment: str | None = None
    first_records: str | None = None
    first_control_ranges: dict[str, list[int]] = field(default_factory=dict)
    first_control_ms: int = -1
    pool_customers: int = 100_000
    pool_entities: int = 50_000
    unmarked_state: bool = False
    topic_ids: dict[str, str] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    start_positions: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    declaration: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            _expect(getattr(self, name) in choices, name, f"one of {', '.join(choices)}", getattr(self, name))
        _expect(re.fullmatch(r"[a-z0-9-]+", self.name) is not None, "name", "small letters, digits and -", self.name)
        _expect(self.shards in SHARD_KEYS, "shards", f"one of {', '.join(map(str, SHARD_KEYS))}", self.shards)
        _expect(
            1 <= self.parallelism <= self.shards,
            "parallelism",
            f"1 to the number of shards ({self.shards}; job.shards sets it)",
            self.parallelism,
        )
        _expect(1 <= self.batch_ms <= 999, "batch_ms", "1 to 999", self.batch_ms)
        _expect(self.buffer_timeout_ms >= 0, "buffer_timeout_ms", "0 or more", self.buffer_timeout_ms)
        _expect(self.alignment_ms >= 0, "alignment_ms", "0 or more", self.alignment_ms)
        _expect(
            self.checkpoint_interval_ms >= 100, "checkpoint_interval_ms", "100 or more", self.checkpoint_interval_ms
        )
        _expect(
            self.tolerated_checkpoint_failures >= 0,
            "tolerated_checkpoint_failures",
            "0 or more",
            self.tolerated_checkpoint_failures,
        )
        _expect(self.retained_checkpoints >= 1, "retained_checkpoints", "1 or more", self.retained_checkpoints)
        self._check_times()
        problem = time_zone_problem(self.time_zone)
        if problem:
            raise JobConfigError(f"expected job.time_zone: an IANA time zone, got {problem}")
        _expect(0 <= self.feature_log_share <= 1, "feature_log_share", "0 to 1", self.feature_log_share)
        _expect(self.challenger_time_ratio >= 1, "challenger_time_ratio", "1 or more", self.challenger_time_ratio)
        _expect(self.pool_customers >= 1, "pool_customers", "1 or more", self.pool_customers)
        _expect(self.pool_entities >= 1, "pool_entities", "1 or more", self.pool_entities)
        known = self.generations.keys() <= set(INPUTS) and all(
            0 <= number <= MAX_GENERATION for number in self.generations.values()
        )
        _expect(known, "generations", f"0 to {MAX_GENERATION} for some of {', '.join(INPUTS)}", self.generations)
        max_bytes = self.limits.max_record_bytes
        _expect(1 <= max_bytes <= LARGEST_RECORD, "max_record_bytes", f"1 to {LARGEST_RECORD}", max_bytes)

    def _check_times(self) -> None:
        failures = self.tolerated_checkpoint_failures
        # A checkpoint may fail as late as at its timeout, and the transaction stays open until one is complete.
        one_ms = max(self.checkpoint_interval_ms, self.checkpoint_timeout_ms)
        if self.guarantee == "exactly-once" and (failures + 1) * one_ms >= self.transaction_timeout_ms:
            raise JobConfigError(
                f"expected job.transaction_timeout_ms above {(failures + 1) * one_ms} under exactly-once: so long can "
                f"{failures} tolerated failures and the checkpoint after them take, at {one_ms} ms each (the longer of "
                f"interval and timeout); got {self.transaction_timeout_ms}: raise it up to the broker's "
                "transaction.max.timeout.ms, or lower job.tolerated_checkpoint_failures or the checkpoint timeout"
            )

        # The settings become a file and part of the job graph, which Flink stores.
        secret = self.registry is not None and self.registry.password is not None
        _expect(not secret, "registry", "the name of a file with the password", "a password")

    @property
    def safe_outage_ms(self) -> int | None:
        """How old the last checkpoint may be when the job continues from it, without output lost; None: any age.

        A transaction begins with the first record after the checkpoint before, and the brokers count from there.
        """
        if self.guarantee != "exactly-once":
            return None
        return max(0, self.transaction_timeout_ms - self.checkpoint_interval_ms)

    @property
    def entity_shards(self) -> int:
        """Number of shards of the merchants and devices: half of the customers', as each batch costs each of them."""
        return max(1, self.shards // 2)

    @property
    def customers_per_shard(self) -> int:
        """Customers of a shard that are kept in memory."""
        return _part(self.pool_customers, self.shards, self.parallelism)

    @property
    def entities_per_shard(self) -> int:
        """Merchants and devices of an entity shard that are kept in memory."""
        return _part(self.pool_entities, self.entity_shards, self.parallelism)

    @property
    def input_topics(self) -> dict[str, str]:
        """The topic of each of INPUTS that the job reads."""
        return {name: getattr(self.topics, name) for name in INPUTS if name != "labels" or self.labels}

    @property
    def group(self) -> str:
        """The Kafka consumer group, and what the transactional ids begin with."""
        return f"fraudstream-{self.name}"

    @cached_property
    def declared(self) -> Declaration | None:
        """The declaration."""
        return None if self.declaration is None else Declaration.from_dict(self.declaration)

    @property
    def first_rules_bytes(self) -> bytes | None:
        """The record of `first_rules`."""
        return None if self.first_rules is None else b64decode(self.first_rules)

    @property
    def first_deployment_bytes(self) -> bytes | None:
        """The record of `first_deployment`."""
        return None if self.first_deployment is None else b64decode(self.first_deployment)

    @property
    def first_records_by_key(self) -> dict[str, bytes]:
        """The records of `first_records`, by their keys."""
        return {} if self.first_records is None else unpack_records(self.first_records)

    @property
    def read_topics(self) -> tuple[str, ...]:
        """The topics that the job reads."""
        unread = () if self.labels else (self.topics.labels,)
        return tuple(name for name in self.topics.named(Direction.READ) if name not in unread)

    @property
    def written_topics(self) -> tuple[str, ...]:
        """The topics that the job writes: a standby its scores alone."""
        return (self.topics.scores,) if self.standby else self.topics.named(Direction.WRITE)

    @property
    def transaction_ids(self) -> str:
        """Beginning of the ids of its transactions, under exactly-once."""
        return self.transaction_prefix or f"{self.group}-{self.topics.alerts}"

    @property
    def model_folder(self) -> Path:
        """The model artifact's folder."""
        return as_path(self.model)

    def to_json(self) -> str:
        """Return the settings as JSON, see `from_file`."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_file(cls, path: Path) -> "JobConfig":
        """Read what `to_json` wrote.

        Raises
        ------
        JobConfigError
            The file is missing or not JSON, or a setting unknown or out of its range.
        """
        try:
            values: dict[str, Any] = dict(json.loads(path.read_bytes()))
            topics, limits = Topics(**values.pop("topics", {})), Limits(**values.pop("limits", {}))
            registry = values.pop("registry", None)
            access = registry and RegistryAccess(**registry)
            return cls(topics=topics, limits=limits, registry=access, **values)
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise JobConfigError(
                f"expected the job's settings as JSON in {path}, got {type(error).__name__}: {error}. "
                "Submit it with `fraudstream submit`"
            ) from None


def _expect(holds: bool, name: str, expected: str, was: object) -> None:
    if not holds:
        raise JobConfigError(f"expected job.{name}: {expected}, got {was!r}: change it in the settings")


def _part(pool: int, shards: int, parallelism: int) -> int:
    """Return each shard's part of a subtask's pool; the subtask with most shards has no more than the pool."""
    return max(1, pool // math.ceil(shards / parallelism))
