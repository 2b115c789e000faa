"""The option --timezone of the commands that read a file of transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fraudstream.settings.settings import Settings

Timezone = Annotated[
    str | None,
    typer.Option(help="IANA time zone of times in the file that have none, for example Europe/Berlin; files.timezone."),
]


def with_timezone(settings: Settings, timezone: str | None) -> Settings:
    """Return the settings with the option in the place of files.timezone, where it is given."""
    if timezone is None:
        return settings
    return settings.model_copy(update={"files": settings.files.model_copy(update={"timezone": timezone})})
