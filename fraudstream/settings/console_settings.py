from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from fraudstream.settings.api_settings import rate
from fraudstream.settings.server_settings import ServerSettings


class ConsoleSettings(ServerSettings):
    """The page for reviewers: where it listens, who may use it, and how much it keeps."""

    section: ClassVar[str] = "console"

    port: Annotated[int, Field(ge=0, le=65535)] = 8500
    """port that it listens on; 0: a free one"""
    rate_limit: Annotated[str, AfterValidator(rate)] = "100/second"
    """requests of one token, or of one address where there are no tokens"""
    alerts_kept: Annotated[int, Field(ge=1)] = 5_000
    """newest alerts that can be listed and searched"""
    max_streams: Annotated[int, Field(ge=1)] = 50
    """pages that may be open at once"""
