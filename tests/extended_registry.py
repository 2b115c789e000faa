"""A schema registry without a server."""

from collections.abc import Mapping

from schemas.registry import FileRegistry


class ExtendedRegistry(FileRegistry):
    """The committed schemas, and further ones by id.

    Parameters
    ----------
    further : mapping of int to str
    """

    def __init__(self, further: Mapping[int, str]) -> None:
        super().__init__()
        self._further = further

    def schema_for(self, schema_id: int) -> str:
        return self._further[schema_id] if schema_id in self._further else super().schema_for(schema_id)
