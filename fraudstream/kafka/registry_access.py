"""Schema registry in use."""

from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady
from fraudstream.system.run_state import RunState
from schemas.open_registry import open_registry
from schemas.registry import SchemaRegistry
from schemas.registry_access import RegistryAccess


def registry_access(settings: Settings) -> RegistryAccess | None:
    """Return the schema registry in use: that of the settings, else the embedded one; None for the committed file.

    Raises
    ------
    NotReady
        When there should be an embedded one, and it does not run: ids from the file would be other ids.
    """
    url = settings.kafka.schema_registry_url or _embedded_url(settings)
    if url is None:
        return None
    login = settings.kafka.registry
    return RegistryAccess(
        url=url,
        username=login.username,
        password=login.password.get_secret_value() if login.password else None,
        password_file=str(login.password_file.expanduser().absolute()) if login.password_file else None,
        ca=str(login.ca.expanduser().absolute()) if login.ca else None,
    )


def registry_of(settings: Settings) -> SchemaRegistry:
    """Open the schema registry in use."""
    return open_registry(registry_access(settings))


def _embedded_url(settings: Settings) -> str | None:
    run = RunState.load(settings.state)
    if run.registry_url is None and not settings.kafka.embedded_registry:
        return None
    if not run.running("registry"):
        raise NotReady(
            f"expected the embedded schema registry of {settings.state.root} to run, but it does not: "
            "start it with `fraudstream up --registry`"
        )
    return run.registry_url
