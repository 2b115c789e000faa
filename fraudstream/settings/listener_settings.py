"""Settings of a server's port and of its connections."""

from typing import Annotated

from pydantic import Field

from fraudstream.settings.section import Section


class ListenerSettings(Section):
    """Address of a server, and limits of its connections."""

    host: str = "127.0.0.1"
    """address to listen on"""
    port: Annotated[int, Field(ge=0, le=65535)]
    """port to listen on; 0 picks a free port"""
    max_connections: Annotated[int, Field(ge=1)] = 10_000
    """maximum number of open connections; one more closes the oldest without a complete request"""
    head_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """timeout of the request line and headers, in seconds"""
    body_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """timeout of the request body, in seconds"""
    send_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """timeout of a client that reads nothing of a response, in seconds"""
