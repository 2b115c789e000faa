from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from runtime.folders import StateFolder
from runtime.setting_names import PREFIX, check_names, explain
from schemas.errors import UserError
from schemas.topics import Topics

DEFAULT_FILE = "fraudstream.toml"


class SettingsError(UserError):
    """The settings file or an environment variable says something that can't be followed."""


def _address_list(value: str | None) -> str | None:
    for part in (value or "").split(",") if value is not None else []:
        host, _, port = part.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"an address is host:port, not {part.strip()!r}; separate several by commas")
    return value


def _web_address(value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError("an address here begins with http:// or https://")
    return value


Servers = Annotated[str | None, AfterValidator(_address_list)]
WebAddress = Annotated[str | None, AfterValidator(_web_address)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A part of the settings: frozen, and a name that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Section):
    """Which broker. Without `bootstrap_servers`, `up` starts one on this machine."""

    bootstrap_servers: Servers = Field(
        None, description="your broker's host:port,...; unset: an embedded one"
    )
    port: Port | None = Field(None, description="port of the embedded broker; unset: 9092, or a free one")
    schema_registry_url: WebAddress = Field(None, description="schema registry; unset: the committed file")
    properties: dict[str, str] = Field(
        {}, description="passed to every Kafka client: security.protocol, sasl.*, ssl.*"
    )
    partitions: int = Field(4, ge=1, description="partitions of a topic that `topics create` makes")
    replication: int = Field(1, ge=1, description="copies of each partition")


class FlinkSettings(Section):
    """Which cluster. Without `rest_url`, `up` starts one on this machine."""

    rest_url: WebAddress = Field(None, description="your cluster's REST address; unset: an embedded one")
    rest_port: Port | None = Field(
        None, description="REST port of the embedded cluster; unset: 8081, or a free one"
    )
    taskmanagers: int = Field(1, ge=1, description="TaskManagers of the embedded cluster, one slot each")
    config: dict[str, str] = Field({}, description="Flink's own settings, passed through")


class JobSettings(Section):
    """How the scoring job runs; `submit` makes the job's settings file of it."""

    mode: Literal["thread", "process"] = Field("thread", description="how Flink runs Python")
    parallelism: int = Field(1, ge=1, description="slots that the job takes")
    shards: int = Field(
        8, ge=1, le=1024, description="fixed at the first deployment: the ceiling of parallelism"
    )
    batch_ms: int = Field(10, ge=1, le=1000, description="how long a batch collects, in milliseconds")
    buffer_timeout_ms: int = Field(
        2, ge=0, le=1000, description="longest wait of a record between two operators"
    )
    checkpoint_interval_s: float = Field(5.0, gt=0, description="seconds between checkpoints")
    state_backend: Literal["hashmap", "rocksdb"] = Field(
        "hashmap", description="memory, or disk for large state"
    )
    guarantee: Literal["at-least-once", "exactly-once"] = Field(
        "at-least-once", description="of the Kafka sinks"
    )
    emit_scores: bool = Field(True, description="write every transaction's decision to the scores topic")
    start_from: Literal["earliest", "latest", "committed"] = Field(
        "earliest", description="where a new job begins to read"
    )


class ModelSettings(Section):
    """Which model."""

    artifact: Path = Field(
        Path("artifacts/model"), description="folder that `train` writes and the job reads"
    )


class PathSettings(Section):
    """Where things are kept."""

    state: Path = Field(
        Path(".fraudstream"), description="topics, checkpoints and logs of the embedded services"
    )


TopicSettings = create_model(
    "TopicSettings", __base__=Section, **{name: (str, default) for name, default in vars(Topics()).items()}
)


class Settings(BaseSettings):
    """All settings: from `fraudstream.toml`, over it `FRAUDSTREAM_SECTION__KEY` of the environment.

    Build it by `load_settings`, which refuses unknown names and words the errors.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    kafka: KafkaSettings = KafkaSettings()
    topics: TopicSettings = TopicSettings()  # type: ignore[valid-type]
    flink: FlinkSettings = FlinkSettings()
    job: JobSettings = JobSettings()
    model: ModelSettings = ModelSettings()
    paths: PathSettings = PathSettings()

    @property
    def state(self) -> StateFolder:
        """The state folder, as an absolute path."""
        return StateFolder(root=self.paths.state.expanduser().absolute())

    @property
    def topic_names(self) -> Topics:
        """The topics, as the other packages take them."""
        return Topics(**self.topics.model_dump())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (no .env file: one file is enough)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=settings_cls.model_config.get("toml_file"))
        return init_settings, env_settings, file


def load_settings(config: Path | None = None, **sections: Any) -> Settings:
    """Read the settings.

    Parameters
    ----------
    config
        The file; None means `fraudstream.toml` in the working folder, which may be absent.
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
        raise SettingsError(
            f"expected a settings file at {config}, but there is none: name another with --config"
        )
    mistakes = check_names(Settings, file if file.is_file() else None, os.environ)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    from_file = type(
        "Settings", (Settings,), {"model_config": SettingsConfigDict(toml_file=file), "__module__": __name__}
    )
    try:
        return from_file(**sections)
    except ValidationError as error:
        raise SettingsError("\n".join(explain(row, file) for row in error.errors())) from error
