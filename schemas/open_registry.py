"""Opening of the schema registry that the settings name."""

from schemas.registry import FileRegistry, SchemaRegistry
from schemas.registry_access import RegistryAccess


def open_registry(access: RegistryAccess | None) -> SchemaRegistry:
    """Return the registry at `access`, or the committed file registry when there is none."""
    if access is None:
        return FileRegistry()
    # Imported on demand: the client brings an HTTP stack (half a second) that the file registry does without.
    from schemas.http_registry import HttpRegistry  # noqa: PLC0415

    return HttpRegistry(access)
