"""Option --timezone of the commands that read a file of transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fraudstream.settings.settings import Settings

Timezone = Annotated[
    str | None,
    typer.Option(
        help="IANA time zone of local times in the file, for example Europe/Berlin; overrides files.timezone."
    ),
]


def with_timezone(settings: Settings, timezone: str | None) -> Settings:
    """Return the settings with files.timezone replaced by the option, if given."""
    if timezone is None:
        return settings
    return settings.model_copy(update={"files": settings.files.model_copy(update={"timezone": timezone})})
