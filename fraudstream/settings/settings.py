"""Settings of all parts, read from a file and the environment."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from fraudstream.settings.addresses import RegistryAddress, Servers, StoreAddress, WebAddress
from fraudstream.settings.api_settings import ApiSettings
from fraudstream.settings.console_settings import ConsoleSettings
from fraudstream.settings.former_names import EnvironmentSource, FileSource
from fraudstream.settings.job_settings import JobSettings
from fraudstream.settings.kafka_security import KafkaSecurity, refuse_security_names
from fraudstream.settings.login import check_login, check_one_source, mistake
from fraudstream.settings.section import Section
from fraudstream.settings.serving_settings import ServingSettings
from fraudstream.settings.setting_names import PREFIX, check_names, explain, find_former_names
from fraudstream.settings.setting_types import AtLeastOne, Port, Share
from fraudstream.settings.stored_path import LocalPath, StoredPath
from fraudstream.system.folders import StateFolder
from models.promotion.gate_limits import GateLimits
from schemas.errors import UserError
from schemas.file_limits import FIRST_YEAR, LAST_YEAR, FileLimits
from schemas.topics import Topics

if TYPE_CHECKING:
    from schemas.declaration.declaration import Declaration

DEFAULT_FILE = "fraudstream.toml"


Names = Annotated[dict[str, str], AfterValidator(refuse_security_names)]


class RegistryLogin(Section):
    """Login at the schema registry."""

    username: str | None = None
    """user of basic authentication"""
    password: SecretStr | None = None
    """password; only in the environment: FRAUDSTREAM_KAFKA__REGISTRY__PASSWORD"""
    password_file: Path | None = None
    """file that contains only the password"""
    ca: Path | None = None
    """PEM file of the certificate authorities that the registry is verified against"""

    @model_validator(mode="after")
    def _complete(self) -> RegistryLogin:
        check_login(self.username, self.password, self.password_file)
        return self


class KafkaSettings(Section):
    """Kafka brokers. Without `bootstrap_servers`, `up` starts a local broker."""

    bootstrap_servers: Servers = None
    """host:port of the brokers, separated by commas; unset: an embedded broker"""
    port: Port | None = None
    """port of the embedded broker; unset: 9092, or a free one"""
    schema_registry_url: RegistryAddress = None
    """URL of the schema registry; unset: the committed file, or the embedded registry"""
    embedded_registry: bool = False
    """start a schema registry with `up`"""
    registry_port: Port | None = None
    """port of the embedded registry; unset: 8082, or a free one"""
    registry: RegistryLogin = RegistryLogin()
    """login at the schema registry"""
    security: KafkaSecurity = KafkaSecurity()
    """TLS and login at the brokers"""
    properties: Names = Field(default_factory=dict)
    """properties of every Kafka client; for TLS and passwords see `security`"""
    partitions: AtLeastOne = 4
    """number of partitions of topics that `topics create` creates"""
    replication: AtLeastOne = 1
    """replication factor of these topics"""


class FlinkSettings(Section):
    """Flink cluster. Without `rest_url`, `up` starts a local cluster."""

    rest_url: WebAddress = None
    """REST address of the cluster; unset: an embedded cluster"""
    rest_port: Port | None = None
    """REST port of the embedded cluster; unset: 8081, or a free one"""
    taskmanagers: AtLeastOne = 1
    """number of TaskManagers of the embedded cluster, one slot each"""
    high_availability: bool = True
    """run a ZooKeeper with the embedded cluster, so that jobs survive a JobManager failure"""
    config: dict[str, str] = Field(default_factory=dict)
    """properties passed to Flink"""


class ModelSettings(Section):
    """Model artifact."""

    artifact: StoredPath = Path("artifacts/model")
    """folder that `train` writes and `submit` deploys, see models.serving"""


class ModelsSettings(Section):
    """Model registry and model store."""

    tracking_uri: StoreAddress = None
    """URI of the MLflow server; unset: a SQLite file and a folder under paths.state"""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = "fraudstream"
    """name of the registered model, and of the experiment of its runs"""
    serving: StoredPath | None = None
    """store of deployed models, readable by every TaskManager; unset: under paths.state, or next to model.artifact"""
    compare_on: StoredPath | None = None
    """labelled Parquet file, or archive of the inference topic, for the comparison at a promotion"""


class FilesSettings(Section):
    """Parquet files of transactions."""

    timezone: str | None = None
    """IANA time zone of local times in files, for example Europe/Berlin; unset: files with local times are refused"""
    first_year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] = FIRST_YEAR
    """first valid year of times in files; an earlier time is refused with its row"""
    last_year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] = LAST_YEAR
    """last valid year of event times and label times in files"""

    @model_validator(mode="after")
    def _has_years(self) -> FilesSettings:
        if self.first_year > self.last_year:
            raise mistake(f"first_year of at most last_year ({self.last_year}), got {self.first_year}")
        return self


class GateSettings(Section):
    """Gates of a promotion."""

    max_ap_drop: Share = GateLimits.max_ap_drop
    """maximum drop in average precision against the champion, at `confidence`"""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = GateLimits.confidence
    """confidence that the drop is no larger, from a bootstrap over customers"""
    min_frauds: AtLeastOne = GateLimits.min_frauds
    """minimum number of known frauds to compare metrics on"""
    compare_days: AtLeastOne = GateLimits.compare_days
    """newest days of labelled transactions to compare on"""
    max_decision_changes: Share = GateLimits.max_decision_changes
    """maximum fraction of transactions with another decision than the champion's"""
    max_latency_us: Annotated[float, Field(gt=0)] = GateLimits.max_latency_us
    """maximum scoring time per transaction in microseconds, without features"""
    min_parity_rows: AtLeastOne = GateLimits.min_parity_rows
    """minimum number of rows of the parity report"""

    @property
    def limits(self) -> GateLimits:
        """Limits of the gates."""
        return GateLimits(**self.model_dump())


class RetrainSettings(Section):
    """Retraining by `fraudstream retrain`. Days are of event time."""

    window_days: Annotated[float, Field(gt=0)] = 42
    """newest mature days to train on"""
    horizon_days: Annotated[float, Field(ge=0)] = 14
    """age in days at which a label counts as final"""
    collect_days: Annotated[float, Field(ge=0)] = 21
    """mature days after a drift before retraining; the last quarter of the window is not trained on"""
    cool_down_hours: Annotated[float, Field(ge=0)] = 24
    """minimum hours between two retrainings"""
    every_days: Annotated[float, Field(gt=0)] | None = None
    """days of wall-clock time between retrainings without a drift; unset: never"""
    signals: tuple[str, ...] = ()
    """signals whose drift triggers a retraining, for example ["error"]; empty: all"""
    history: StoredPath | None = None
    """labelled Parquet file of transactions older than the topics"""
    search_minutes: Annotated[float, Field(ge=0)] = 0
    """time budget of the hyperparameter search, in minutes"""
    shadow_transactions: Annotated[int, Field(ge=0)] = 10_000
    """number of transactions in shadow mode before a promotion"""
    shadow_timeout_s: Annotated[float, Field(ge=0)] = 600
    """maximum seconds in shadow mode, also with fewer transactions"""

    @model_validator(mode="after")
    def _trains_after_the_drift(self) -> RetrainSettings:
        if self.collect_days <= self.window_days / 4:
            raise mistake(
                f"collect_days above a quarter of window_days ({self.window_days / 4:g}): the last quarter of the "
                "window sets thresholds, so a model would not be trained on anything after the drift"
            )
        return self


class NoticeSettings(Section):
    """Notifications of drift, failed gates, promotions and alert rate spikes."""

    webhook_url: SecretStr | None = None
    """webhook; only in the environment: FRAUDSTREAM_NOTICES__WEBHOOK_URL; unset, as the file: log only"""
    webhook_url_file: Path | None = None
    """file that contains only the URL"""
    signing_key: SecretStr | None = None
    """key of the signatures; only in the environment: FRAUDSTREAM_NOTICES__SIGNING_KEY"""
    signing_key_file: Path | None = None
    """file that contains only the key"""
    attempts: AtLeastOne = 5
    """maximum number of delivery attempts"""
    alert_rate_factor: Annotated[float, Field(gt=1)] = 2.0
    """ratio to the usual alert rate that counts as a spike, up or down"""
    window_s: Annotated[float, Field(gt=0)] = 60.0
    """window of the alert rate, in seconds"""

    @model_validator(mode="after")
    def _complete(self) -> NoticeSettings:
        check_one_source("webhook_url", self.webhook_url, self.webhook_url_file)
        check_one_source("signing_key", self.signing_key, self.signing_key_file)
        return self


class PathSettings(Section):
    """Folders."""

    state: LocalPath = Path(".fraudstream")
    """folder of topics, checkpoints and logs of the embedded services"""


class Settings(BaseSettings):
    """All settings: from `fraudstream.toml`, over it `FRAUDSTREAM_SECTION__KEY` of the environment.

    Use `load_settings`, which also checks names and formats the errors.
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
    serving: ServingSettings = ServingSettings()

    @property
    def file_limits(self) -> FileLimits:
        """Limits on the rows of files: the job's own on amounts, and the years of `files`."""
        return FileLimits(records=self.job.limits, first_year=self.files.first_year, last_year=self.files.last_year)

    @property
    def state(self) -> StateFolder:
        """The state folder, as an absolute path."""
        return StateFolder(root=self.paths.state.expanduser().absolute())

    @property
    def declaration(self) -> Declaration | None:
        """The declaration of `job.declaration`, None without one.

        Raises
        ------
        DeclarationError
            It is missing, or has mistakes.
        """
        path = self.job.declaration
        if path is None:
            return None
        # Imported on demand: most commands have no need of Arrow.
        from fraudstream.settings.checked_declaration import read_checked_declaration  # noqa: PLC0415

        return read_checked_declaration(path.expanduser())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (ours also reads former names)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (no .env file: one file is enough)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources by precedence: arguments, environment, file."""
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
        Values by section, for example `paths={"state": folder}`; they override environment and file.

    Raises
    ------
    UserError
        The file can't be read, a name is unknown or a value is invalid. The message has all mistakes, one per line.
    """
    file = config or Path(DEFAULT_FILE)
    if config is not None and not config.is_file():
        raise UserError(f"expected a settings file at {config}, found none. Name another with --config")
    sources = file if file.is_file() else None, os.environ
    mistakes = check_names(Settings, *sources)
    given_twice, former = find_former_names(Settings, *sources)
    if mistakes or given_twice:
        raise UserError("\n".join(mistakes + given_twice))
    for text in former:
        warn(text)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        found: Settings = FromFile(**sections)
    except ValidationError as error:
        raise UserError("\n".join(explain(row, file) for row in error.errors())) from error
    except (UnreadableVariable, RecursionError):
        raise UserError(
            f"environment: expected lists and tables in {PREFIX}... as JSON, got something else. Write them as "
            f"{PREFIX}RETRAIN__SIGNALS='[\"error\"]'"
        ) from None
    return found
