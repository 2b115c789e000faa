"""Settings of the serving contracts of AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from fraudstream.settings.listener_settings import ListenerSettings
from fraudstream.settings.login import check_one_source, mistake, read_password

PORT = 8080
"""Port that SageMaker calls."""


class ServingSettings(ListenerSettings):
    """SageMaker container and Lambda function: address, limits, source of features, streams."""

    port: Annotated[int, Field(ge=0, le=65535)] = PORT
    """port to listen on; 0 picks a free port; SageMaker calls 8080"""
    max_body_bytes: Annotated[int, Field(ge=1)] = 26_214_400
    """maximum size of a request body in bytes; SageMaker sends up to 25 MB"""
    features_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$")] | None = None
    """address of a scoring API, which is asked for the features of transactions that come without; unset: refused"""
    features_token: SecretStr | None = None
    """bearer token of that API; only in the environment: FRAUDSTREAM_SERVING__FEATURES_TOKEN"""
    features_token_file: Path | None = None
    """file that contains only the token"""
    features_timeout_s: Annotated[float, Field(gt=0)] = 2.0
    """timeout of a request for features, in seconds"""
    features_connections: Annotated[int, Field(ge=1, le=256)] = 16
    """maximum number of simultaneous requests for features"""
    output_stream: str | None = None
    """Kinesis stream of the Lambda function's scores"""
    dead_letter_stream: str | None = None
    """Kinesis stream of records that can't be scored; unset: reported to Lambda as failed"""

    @model_validator(mode="after")
    def _consistent(self) -> ServingSettings:
        check_one_source("features_token", self.features_token, self.features_token_file)
        given = self.features_token is not None or self.features_token_file is not None
        if given and self.features_url is None:
            raise mistake("features_url with the token, got none. Add features_url, or leave out the token")
        return self

    def read_features_token(self) -> str:
        """Return the token of the scoring API; empty where it needs none.

        Raises
        ------
        UserError
            The file can't be read, or has not exactly one line.
        """
        return read_password(self.features_token, self.features_token_file, name="token")
