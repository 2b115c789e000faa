from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from fraudstream.settings.login import mistake, read_password
from fraudstream.settings.section import Section
from schemas.errors import UserError

SHORTEST_TOKEN = 16
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class ServerSettings(Section):
    """Where a server of ours listens, and who may ask."""

    section: ClassVar[str]
    """its name in the settings, for messages"""

    host: str = "127.0.0.1"
    """address that it listens on; one that is not loopback needs tokens"""
    port: Annotated[int, Field(ge=0, le=65535)]
    """port that it listens on; 0: a free one"""
    tokens: SecretStr | None = None
    """bearer tokens, one or several by commas; only in the environment: FRAUDSTREAM_SECTION__TOKENS"""
    tokens_file: Path | None = None
    """holds the tokens, one a line"""
    max_connections: Annotated[int, Field(ge=1)] = 10_000
    """connections open at once; one more closes the oldest that has sent no whole request"""
    head_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """time for the request line and headers of a request, in seconds"""
    body_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """time for the body of a request, in seconds"""
    send_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """time in which a client has to take something of an answer, in seconds"""

    @model_validator(mode="after")
    def _tokens_once(self) -> ServerSettings:
        if self.tokens is not None and self.tokens_file is not None:
            raise mistake("tokens once, but they are given twice: unset the variable or leave out tokens_file")
        return self

    def read_tokens(self) -> list[str]:
        """Return the tokens; none where anyone who reaches the port may ask.

        Raises
        ------
        UserError
            The file can't be read or holds no token, a token is short, or there are none beyond loopback.
        """
        if self.tokens is None and self.tokens_file is None:
            if self.host not in LOOPBACK_NAMES:
                raise UserError(
                    f"expected bearer tokens to listen on {self.host}, but there are none: set "
                    f"FRAUDSTREAM_{self.section.upper()}__TOKENS or {self.section}.tokens_file, or leave "
                    f"{self.section}.host at 127.0.0.1"
                )
            return []
        found = self._file_tokens() if self.tokens_file else read_password(self.tokens, None).split(",")
        tokens = [token.strip() for token in found if token.strip()]
        if not tokens or min(map(len, tokens)) < SHORTEST_TOKEN:
            was = "none" if not tokens else f"one of {min(map(len, tokens))}"
            raise UserError(
                f"expected bearer tokens of at least {SHORTEST_TOKEN} characters, was {was}: "
                "make one with `openssl rand -hex 32`"
            )
        return tokens

    def _file_tokens(self) -> list[str]:
        path = (self.tokens_file or Path()).expanduser()
        try:
            return path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"expected bearer tokens in {path}, but: {error}: correct {self.section}.tokens_file"
            ) from None
