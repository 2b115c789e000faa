"""Settings of a server."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import SecretStr, model_validator

from fraudstream.settings.listener_settings import ListenerSettings
from fraudstream.settings.login import mistake, read_password
from schemas.errors import UserError

MIN_TOKEN_LENGTH = 16
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class ServerSettings(ListenerSettings):
    """Address and tokens of a server."""

    section: ClassVar[str]
    """name of the section, for messages"""

    host: str = "127.0.0.1"
    """address to listen on; other than loopback needs tokens"""
    tokens: SecretStr | None = None
    """bearer tokens, separated by commas; only in the environment: FRAUDSTREAM_SECTION__TOKENS"""
    tokens_file: Path | None = None
    """file of bearer tokens, one per line"""

    @model_validator(mode="after")
    def _tokens_once(self) -> ServerSettings:
        if self.tokens is not None and self.tokens_file is not None:
            raise mistake("tokens once, got them twice. Unset the variable or leave out tokens_file")
        return self

    def read_tokens(self) -> list[str]:
        """Return the tokens; none if requests need no token.

        Raises
        ------
        UserError
            The file can't be read or has no token, a token is too short, or a non-loopback address has none.
        """
        if self.tokens is None and self.tokens_file is None:
            if self.host not in LOOPBACK_NAMES:
                raise UserError(
                    f"expected bearer tokens to listen on {self.host}, found none. Set "
                    f"FRAUDSTREAM_{self.section.upper()}__TOKENS or {self.section}.tokens_file, or leave "
                    f"{self.section}.host at 127.0.0.1"
                )
            return []
        found = self._file_tokens() if self.tokens_file else read_password(self.tokens, None).split(",")
        tokens = [token.strip() for token in found if token.strip()]
        if not tokens or min(map(len, tokens)) < MIN_TOKEN_LENGTH:
            got = "none" if not tokens else f"one of {min(map(len, tokens))}"
            raise UserError(
                f"expected bearer tokens of at least {MIN_TOKEN_LENGTH} characters, got {got}. "
                "Generate one with `openssl rand -hex 32`"
            )
        return tokens

    def _file_tokens(self) -> list[str]:
        path = (self.tokens_file or Path()).expanduser()
        try:
            return path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"expected bearer tokens in {path}, got: {error}. Correct {self.section}.tokens_file"
            ) from None
