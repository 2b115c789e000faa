"""Addresses in the settings."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from fraudstream.settings.login import mistake

MAX_PORT = 65_535


def address_list(value: str | None) -> str | None:
    """Check addresses of brokers: host:port, separated by commas."""
    for part in (value or "").split(",") if value is not None else []:
        host, _, port = part.strip().rpartition(":")
        if not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > MAX_PORT:
            raise ValueError(f"an address is host:port, not {part.strip()!r}; separate several by commas")
    return value


def web_address(value: str | None) -> str | None:
    """Check a web address."""
    if value is None:
        return None
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address here begins with http:// or https://")
    try:
        parts = urlsplit(value)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port beyond 65535, or of brackets without an address
        named = False
    if not named:
        raise ValueError("an address with a host, and a port of 1 to 65535 where it names one")
    return value


def without_login(value: str | None) -> str | None:
    """Check the address of the schema registry."""
    if value is not None and "@" in value.partition("://")[2].partition("/")[0]:
        raise mistake("an address without user and password: the user goes to [kafka.registry]")
    return web_address(value)


def store_address(value: str | None) -> str | None:
    """Check the address of MLflow."""
    if value is not None and value.partition("://")[0] not in {"http", "https", "sqlite"}:
        raise ValueError("an address of MLflow begins with http://, https:// or sqlite:///")
    if value is not None and "@" in value.partition("://")[2].partition("/")[0]:
        raise mistake("an address without user and password: set MLFLOW_TRACKING_USERNAME and "
                      "MLFLOW_TRACKING_PASSWORD in the environment")  # fmt: skip
    return value


Servers = Annotated[str | None, AfterValidator(address_list)]
WebAddress = Annotated[str | None, AfterValidator(web_address)]
RegistryAddress = Annotated[str | None, AfterValidator(without_login)]
StoreAddress = Annotated[str | None, AfterValidator(store_address)]
