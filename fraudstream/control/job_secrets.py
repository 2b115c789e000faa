"""Secrets that the job reads from files."""

from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from fraudstream.kafka.registry_access import registry_access
from fraudstream.settings.login import keep_secret, quotable, read_password
from fraudstream.settings.settings import Settings
from schemas.errors import UserError
from schemas.registry_access import RegistryAccess


def kafka_password_file(settings: Settings) -> Path | None:
    """Return the file with the password for Kafka; None when the job needs none.

    Raises
    ------
    UserError
        When the job could not use it.
    """
    security = settings.kafka.security
    if not security.authenticated:
        return None
    quotable(read_password(security.password, security.password_file))
    return _file(settings, "security", security.password, security.password_file)


def job_registry(settings: Settings) -> RegistryAccess | None:
    """Return the access to the schema registry for the job, with a file in place of the password."""
    access, login = registry_access(settings), settings.kafka.registry
    if access is None or access.username is None:
        return access
    file = _file(settings, "registry", login.password, login.password_file)
    return replace(access, password=None, password_file=str(file))


def _file(settings: Settings, part: str, password: SecretStr | None, password_file: Path | None) -> Path:
    if password_file is not None:
        return password_file.expanduser().absolute()
    if settings.flink.rest_url is not None:
        raise UserError(
            f"expected kafka.{part}.password_file with a cluster of your own (flink.rest_url), but the password is in "
            "the environment: put it into a file, at the same path on every machine of the cluster"
        )
    return keep_secret(settings.state.secrets / f"kafka-{part}", password.get_secret_value() if password else "")
