from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableVariable

from fraudstream.settings.addresses import RegistryAddress, Servers, StoreAddress, WebAddress
from fraudstream.settings.api_settings import ApiSettings
from fraudstream.settings.console_settings import ConsoleSettings
from fraudstream.settings.former_names import EnvironmentSource, FileSource
from fraudstream.settings.kafka_security import KafkaSecurity, refuse_security_names
from fraudstream.settings.login import check_login, check_one_source, mistake
from fraudstream.settings.section import Section
from fraudstream.settings.setting_names import PREFIX, check_names, explain, find_former_names
from fraudstream.system.folders import StateFolder
from jobs.job_config import Guarantee, JobConfig, Mode, StartFrom, StateBackend
from models.promotion.gate_limits import GateLimits
from schemas.currency import MAX_AMOUNTS_MINOR
from schemas.errors import UserError
from schemas.file_limits import FIRST_YEAR, LAST_YEAR, FileLimits
from schemas.time_zone import time_zone_problem
from schemas.topics import Topics
from schemas.validation import Limits

DEFAULT_FILE = "fraudstream.toml"


class SettingsError(UserError):
    """The settings file or an environment variable says something that can't be followed."""


def _time_zone(value: str) -> str:
    problem = time_zone_problem(value)
    if problem:
        raise mistake(f"an IANA time zone, got {problem}")
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Names = Annotated[dict[str, str], AfterValidator(refuse_security_names)]
AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class RegistryLogin(Section):
    """Who we are to the schema registry."""

    username: str | None = None
    """for basic authentication"""
    password: SecretStr | None = None
    """only in the environment: FRAUDSTREAM_KAFKA__REGISTRY__PASSWORD"""
    password_file: Path | None = None
    """holds the password alone"""
    ca: Path | None = None
    """PEM file of the authorities that its certificate is checked against"""

    @model_validator(mode="after")
    def _complete(self) -> RegistryLogin:
        check_login(self.username, self.password, self.password_file)
        return self


class KafkaSettings(Section):
    """Which broker. Without `bootstrap_servers`, `up` starts one on this machine."""

    bootstrap_servers: Servers = None
    """your broker's host:port, several by commas; unset: an embedded one"""
    port: Port | None = None
    """port of the embedded broker; unset: 9092, or a free one"""
    schema_registry_url: RegistryAddress = None
    """schema registry; unset: the committed file, or the embedded one"""
    embedded_registry: bool = False
    """whether `up` starts a schema registry too"""
    registry_port: Port | None = None
    """port of the embedded registry; unset: 8082, or a free one"""
    registry: RegistryLogin = RegistryLogin()
    """who we are to the schema registry"""
    security: KafkaSecurity = KafkaSecurity()
    """how the brokers are reached"""
    properties: Names = Field(default_factory=dict)
    """passed to every Kafka client; for TLS and passwords see `security`"""
    partitions: AtLeastOne = 4
    """partitions of a topic that `topics create` makes"""
    replication: AtLeastOne = 1
    """copies of each partition"""


class FlinkSettings(Section):
    """Which cluster. Without `rest_url`, `up` starts one on this machine."""

    rest_url: WebAddress = None
    """your cluster's REST address; unset: an embedded one"""
    rest_port: Port | None = None
    """REST port of the embedded cluster; unset: 8081, or a free one"""
    taskmanagers: AtLeastOne = 1
    """TaskManagers of the embedded cluster, one slot each"""
    high_availability: bool = True
    """a small ZooKeeper beside the embedded cluster: jobs outlive a JobManager that dies"""
    config: dict[str, str] = Field(default_factory=dict)
    """Flink's own settings, passed through"""


class JobSettings(Section):
    """How the scoring job runs; `submit` makes the job's settings file of it. The defaults are the job's own."""

    mode: Mode = JobConfig.mode
    """how Flink runs Python"""
    parallelism: AtLeastOne = JobConfig.parallelism
    """slots that the job takes"""
    shards: AtLeastOne = JobConfig.shards
    """1, 2, 4, 8, 16 or 32; fixed at the first deployment: the ceiling of parallelism"""
    batch_ms: AtLeastOne = JobConfig.batch_ms
    """how long a batch collects, in milliseconds, up to 999"""
    buffer_timeout_ms: Annotated[int, Field(ge=0)] = JobConfig.buffer_timeout_ms
    """longest wait of a record between two operators, in milliseconds"""
    checkpoint_interval_s: Annotated[float, Field(gt=0)] = JobConfig.checkpoint_interval_ms / 1000
    """seconds between checkpoints, at least 0.1"""
    state_backend: StateBackend = JobConfig.state_backend
    """memory, or disk for large state"""
    guarantee: Guarantee = JobConfig.guarantee
    """of what is written to Kafka"""
    checkpoint_timeout_s: Annotated[float, Field(gt=0)] = JobConfig.checkpoint_timeout_ms / 1000
    """seconds after which a checkpoint has failed"""
    tolerated_checkpoint_failures: Annotated[int, Field(ge=0)] = JobConfig.tolerated_checkpoint_failures
    """failed checkpoints in a row that are waited out"""
    retained_checkpoints: AtLeastOne = JobConfig.retained_checkpoints
    """newest checkpoints that are kept"""
    transaction_timeout_s: Annotated[float, Field(gt=0)] | None = None
    """seconds after which the broker aborts a transaction: a longer outage loses output; unset: the brokers' maximum"""
    transaction_prefix: str | None = None
    """begins the ids of the job's transactions; unset: made from the alerts topic"""
    labels: bool = JobConfig.labels
    """read the labels topic, so that features know what became of earlier transactions"""
    emit_scores: bool = JobConfig.emit_scores
    """write every transaction's decision to the scores topic"""
    feature_log_share: Annotated[float, Field(ge=0, le=1)] = JobConfig.feature_log_share
    """share of the transactions whose features are written to the inference topic, 0 to 1"""
    pool_customers: AtLeastOne = JobConfig.pool_customers
    """customers, and as many merchants, that all shards together keep in memory outside the JVM: about 10 kB of both"""
    challenger_time_ratio: Annotated[float, Field(ge=1)] = JobConfig.challenger_time_ratio
    """times the champion's time that a challenger's scoring may take before it is removed"""
    time_zone: TimeZone = JobConfig.time_zone
    """IANA time zone of `local_hour` and the other local times in rules, for example Europe/Berlin"""
    start_from: StartFrom = JobConfig.start_from
    """where a new job begins to read"""
    max_record_bytes: AtLeastOne = Limits.max_record_bytes
    """records with more bytes are dead letters that keep the first of them; up to 900000"""
    max_amount_minor: AtLeastOne = Limits.max_amount_minor
    """largest amount in minor units, of currencies without a limit of their own"""
    max_amounts_minor: dict[str, AtLeastOne] = Field(default_factory=dict)
    """largest amounts in minor units by currency, over those for currencies with small units (schemas/currency.py)"""
    max_event_age_days: Annotated[float, Field(gt=0, le=36_500)] | None = None
    """age at its Kafka time beyond which a transaction is a dead letter; unset: any event time from 2000 on"""

    @property
    def limits(self) -> Limits:
        """What a transaction and its label may say."""
        days = self.max_event_age_days
        max_age_ms = None if days is None else round(days * 86_400_000)
        return Limits(
            max_amount_minor=self.max_amount_minor,
            max_amounts_minor={**MAX_AMOUNTS_MINOR, **self.max_amounts_minor},
            max_record_bytes=self.max_record_bytes,
            max_age_ms=max_age_ms,
        )


class ModelSettings(Section):
    """Which model."""

    artifact: Path = Path("artifacts/model")
    """folder that `train` writes and `submit` copies from, see models.serving"""


class ModelsSettings(Section):
    """Where models are registered, and from where they are served."""

    tracking_uri: StoreAddress = None
    """your MLflow server; unset: a SQLite file and a folder under paths.state"""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "fraudstream"
    """of the registered model, and of the experiment that holds its runs"""
    serving: Path | None = None
    """store of the models that score, which every TaskManager reads; unset: under paths.state, or by model.artifact"""
    compare_on: Path | None = None
    """labelled Parquet file, or archive of the inference topic, that a promotion compares on"""


class FilesSettings(Section):
    """How Parquet files of transactions are read."""

    timezone: str | None = None
    """IANA time zone of times in them that have none, for example Europe/Berlin; unset: such files are refused"""
    first_year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] = FIRST_YEAR
    """first year that a time in them may lie in; an earlier time is refused with its row"""
    last_year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] = LAST_YEAR
    """last year that a time in them may lie in, of events and of labels"""

    @model_validator(mode="after")
    def _has_years(self) -> FilesSettings:
        if self.first_year > self.last_year:
            raise mistake(f"first_year of at most last_year ({self.last_year}), got {self.first_year}")
        return self


class GateSettings(Section):
    """What a model must reach to be promoted."""

    max_ap_drop: Share = GateLimits.max_ap_drop
    """average precision that it may be worse than the champion by, at `confidence`"""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = GateLimits.confidence
    """that it is no worse than that, by a bootstrap over the customers"""
    min_frauds: AtLeastOne = GateLimits.min_frauds
    """known frauds without which nothing is said of the metrics"""
    compare_days: AtLeastOne = GateLimits.compare_days
    """newest days of labelled transactions that are compared on"""
    max_decision_changes: Share = GateLimits.max_decision_changes
    """share of the transactions that may be decided otherwise than by the champion"""
    max_latency_us: Annotated[float, Field(gt=0)] = GateLimits.max_latency_us
    """microseconds that scoring a transaction may take, features aside"""
    min_parity_rows: AtLeastOne = GateLimits.min_parity_rows
    """rows that its certificate of parity must have been proved on"""

    @property
    def limits(self) -> GateLimits:
        """The same, as the gates take it."""
        return GateLimits(**self.model_dump())


class RetrainSettings(Section):
    """What `fraudstream retrain` learns from, and when it begins. Days are of event time."""

    window_days: Annotated[float, Field(gt=0)] = 42
    """newest matured days that a model is trained on"""
    horizon_days: Annotated[float, Field(ge=0)] = 14
    """at this age the label of a transaction counts as final"""
    collect_days: Annotated[float, Field(ge=0)] = 21
    """matured days after a drift that are waited for; the last quarter of the window teaches nothing"""
    cool_down_hours: Annotated[float, Field(ge=0)] = 24
    """between the begin of two retrainings"""
    every_days: Annotated[float, Field(gt=0)] | None = None
    """days of the clock after which a model is retrained without a drift; unset: never"""
    signals: tuple[str, ...] = ()
    """whose drift counts, for example ["error"]; none named: that of all"""
    history: Path | None = None
    """labelled Parquet file of transactions that the topics do not hold any more"""
    search_minutes: Annotated[float, Field(ge=0)] = 0
    """how long to look for better settings of the model"""
    shadow_transactions: Annotated[int, Field(ge=0)] = 10_000
    """that a new model scores beside the champion before it is promoted"""
    shadow_timeout_s: Annotated[float, Field(ge=0)] = 600
    """seconds after which the gates decide without so many"""

    @model_validator(mode="after")
    def _learns_what_is_new(self) -> RetrainSettings:
        if self.collect_days <= self.window_days / 4:
            raise mistake(
                f"collect_days above a quarter of window_days ({self.window_days / 4:g}): the last quarter of the "
                "window sets thresholds, so a model would learn nothing of what is new"
            )
        return self


class NoticeSettings(Section):
    """Who is told of drift, failed gates, promotions and jumps of the alert rate."""

    webhook_url: SecretStr | None = None
    """only in the environment: FRAUDSTREAM_NOTICES__WEBHOOK_URL; unset, as the file: the log alone is told"""
    webhook_url_file: Path | None = None
    """holds the address alone"""
    signing_key: SecretStr | None = None
    """only in the environment: FRAUDSTREAM_NOTICES__SIGNING_KEY; what the receiver checks signatures by"""
    signing_key_file: Path | None = None
    """holds the key alone"""
    attempts: AtLeastOne = 5
    """how often a notice is sent before it counts as undeliverable"""
    alert_rate_factor: Annotated[float, Field(gt=1)] = 2.0
    """so many times the usual share of alerts is a jump, up or down"""
    window_s: Annotated[float, Field(gt=0)] = 60.0
    """seconds that the share of alerts is taken over"""

    @model_validator(mode="after")
    def _complete(self) -> NoticeSettings:
        check_one_source("webhook_url", self.webhook_url, self.webhook_url_file)
        check_one_source("signing_key", self.signing_key, self.signing_key_file)
        return self


class PathSettings(Section):
    """Where things are kept."""

    state: Path = Path(".fraudstream")
    """topics, checkpoints and logs of the embedded services"""


class Settings(BaseSettings):
    """All settings: from `fraudstream.toml`, over it `FRAUDSTREAM_SECTION__KEY` of the environment.

    Build it by `load_settings`, which refuses unknown names and words the errors.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__")

    kafka: KafkaSettings = KafkaSettings()
    topics: Topics = Topics()
    flink: FlinkSettings = FlinkSettings()
    job: JobSettings = JobSettings()
    model: ModelSettings = ModelSettings()
    models: ModelsSettings = ModelsSettings()
    gates: GateSettings = GateSettings()
    retrain: RetrainSettings = RetrainSettings()
    files: FilesSettings = FilesSettings()
    notices: NoticeSettings = NoticeSettings()
    paths: PathSettings = PathSettings()
    api: ApiSettings = ApiSettings()
    console: ConsoleSettings = ConsoleSettings()

    @property
    def file_limits(self) -> FileLimits:
        """Limits on the rows of files: the job's own on amounts, and the years of `files`."""
        return FileLimits(records=self.job.limits, first_year=self.files.first_year, last_year=self.files.last_year)

    @property
    def state(self) -> StateFolder:
        """The state folder, as an absolute path."""
        return StateFolder(root=self.paths.state.expanduser().absolute())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (ours also reads former names)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (no .env file: one file is enough)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, file."""
        file = FileSource(settings_cls, toml_file=settings_cls.model_config.get("toml_file"))
        return init_settings, EnvironmentSource(settings_cls), file


def _warn(text: str) -> None:
    warnings.warn(text, FutureWarning, stacklevel=3)


def load_settings(config: Path | None = None, *, warn: Callable[[str], None] = _warn, **sections: Any) -> Settings:
    """Read the settings.

    Parameters
    ----------
    config
        The file; None means `fraudstream.toml` in the working folder, which may be absent.
    warn
        Called with a sentence for each setting under a former name.
    sections
        Sections given in code, for example `paths={"state": folder}`: they win over environment and file.

    Raises
    ------
    SettingsError
        When the file can't be read, a name is unknown or a value is not as expected: all of the
        mistakes at once, each with what was expected, what came and what to do.
    """
    file = config or Path(DEFAULT_FILE)
    if config is not None and not config.is_file():
        raise SettingsError(f"expected a settings file at {config}, but there is none: name another with --config")
    sources = file if file.is_file() else None, os.environ
    mistakes = check_names(Settings, *sources)
    given_twice, former = find_former_names(Settings, *sources)
    if mistakes or given_twice:
        raise SettingsError("\n".join(mistakes + given_twice))
    for text in former:
        warn(text)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        found: Settings = FromFile(**sections)
    except ValidationError as error:
        raise SettingsError("\n".join(explain(row, file) for row in error.errors())) from error
    except (UnreadableVariable, RecursionError):
        raise SettingsError(
            f"environment: expected lists and tables in {PREFIX}... as JSON, got something else. Write them as "
            f"{PREFIX}RETRAIN__SIGNALS='[\"error\"]'"
        ) from None
    return found
