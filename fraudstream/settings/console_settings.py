"""Settings of the reviewers' console."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from fraudstream.settings.api_settings import rate
from fraudstream.settings.server_settings import ServerSettings


class ConsoleSettings(ServerSettings):
    """Console of the reviewers: address, tokens and limits."""

    section: ClassVar[str] = "console"

    port: Annotated[int, Field(ge=0, le=65535)] = 8500
    """port to listen on; 0 picks a free port"""
    rate_limit: Annotated[str, AfterValidator(rate)] = "100/second"
    """rate limit per token, or per address without tokens"""
    alerts_kept: Annotated[int, Field(ge=1)] = 5_000
    """number of newest alerts that can be listed and searched"""
    max_streams: Annotated[int, Field(ge=1)] = 50
    """maximum number of open pages"""
