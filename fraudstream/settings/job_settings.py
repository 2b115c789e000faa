"""Settings of the scoring job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from fraudstream.settings.section import Section
from fraudstream.settings.setting_types import AtLeastOne, TimeZone
from jobs.job_config import Guarantee, JobConfig, Mode, StartFrom, StateBackend
from schemas.currency import MAX_AMOUNTS_MINOR
from schemas.durations import DAY_MS
from schemas.validation import Limits


class JobSettings(Section):
    """Scoring job; `submit` writes them to the settings file of the job."""

    mode: Mode = JobConfig.mode
    """execution mode of Python in Flink"""
    parallelism: AtLeastOne = JobConfig.parallelism
    """parallelism of the job, in slots"""
    shards: AtLeastOne = JobConfig.shards
    """number of shards, a power of two up to 128: the maximum parallelism; `state export` and `import` change it"""
    batch_ms: AtLeastOne = JobConfig.batch_ms
    """duration of a micro-batch in milliseconds, up to 999"""
    buffer_timeout_ms: Annotated[int, Field(ge=0)] = JobConfig.buffer_timeout_ms
    """maximum wait of a transaction for others on the way to its micro-batch, in milliseconds"""
    alignment_s: Annotated[float, Field(ge=0)] = JobConfig.alignment_ms / 1000
    """seconds of Kafka time that a partition of a backlog is read ahead of the slowest one; 0: no alignment"""
    checkpoint_interval_s: Annotated[float, Field(gt=0)] = JobConfig.checkpoint_interval_ms / 1000
    """seconds between checkpoints, at least 0.1"""
    state_backend: StateBackend = JobConfig.state_backend
    """state backend: memory, or disk for large state"""
    guarantee: Guarantee = JobConfig.guarantee
    """delivery guarantee of the output topics"""
    checkpoint_timeout_s: Annotated[float, Field(gt=0)] = JobConfig.checkpoint_timeout_ms / 1000
    """seconds until a checkpoint fails"""
    tolerated_checkpoint_failures: Annotated[int, Field(ge=0)] = JobConfig.tolerated_checkpoint_failures
    """number of consecutive checkpoint failures before the job fails"""
    retained_checkpoints: AtLeastOne = JobConfig.retained_checkpoints
    """number of checkpoints to retain"""
    transaction_timeout_s: Annotated[float, Field(gt=0)] | None = None
    """seconds until the broker aborts a transaction: a longer outage loses output; unset: the maximum of the brokers"""
    transaction_prefix: str | None = None
    """prefix of the job's transactional ids; unset: derived from the alerts topic"""
    labels: bool = JobConfig.labels
    """read the labels topic, for features of earlier labels"""
    emit_scores: bool = JobConfig.emit_scores
    """write the decision on every transaction to the scores topic"""
    feature_log_share: Annotated[float, Field(ge=0, le=1)] = JobConfig.feature_log_share
    """fraction of transactions whose features are written to the inference topic, 0 to 1"""
    pool_customers: AtLeastOne = JobConfig.pool_customers
    """number of customers, and of merchants, cached outside the JVM by each slot: about 10 kB per pair"""
    pool_entities: AtLeastOne = JobConfig.pool_entities
    """number of merchants and devices, together, cached outside the JVM by each slot: 1 kB each, busy ones 35 kB"""
    challenger_time_ratio: Annotated[float, Field(ge=1)] = JobConfig.challenger_time_ratio
    """maximum ratio of a challenger's scoring time to the champion's before it is removed"""
    time_zone: TimeZone = JobConfig.time_zone
    """IANA time zone of `local_hour` and the other local times in rules, for example Europe/Berlin"""
    start_from: StartFrom = JobConfig.start_from
    """start offsets of a new job"""
    max_record_bytes: AtLeastOne = Limits.max_record_bytes
    """maximum record size in bytes, up to 900000; larger records become truncated dead letters"""
    max_amount_minor: AtLeastOne = Limits.max_amount_minor
    """maximum amount in minor units, for currencies without a limit of their own"""
    max_amounts_minor: dict[str, AtLeastOne] = Field(default_factory=dict)
    """maximum amounts in minor units by currency; overrides those in schemas/currency.py"""
    token_columns: tuple[str, ...] = ()
    """columns of tokens that have the digits of card numbers: `submit` refuses card numbers in all other columns"""
    declaration: Path | None = None
    """TOML file that declares further columns of the transactions, for models and entities; unset: none"""
    max_event_age_days: Annotated[float, Field(gt=0, le=36_500)] | None = None
    """maximum age of a transaction at its Kafka time in days, else a dead letter; unset: any event time from 2000 on"""

    @property
    def limits(self) -> Limits:
        """Limits on the values of transactions and labels."""
        days = self.max_event_age_days
        max_age_ms = None if days is None else round(days * DAY_MS)
        return Limits(
            max_amount_minor=self.max_amount_minor,
            max_amounts_minor={**MAX_AMOUNTS_MINOR, **self.max_amounts_minor},
            max_record_bytes=self.max_record_bytes,
            max_age_ms=max_age_ms,
        )
