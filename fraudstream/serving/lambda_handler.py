"""Entry point of the AWS Lambda function: `fraudstream.serving.lambda_handler.handler`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from fraudstream.serving.feature_source import feature_source
from fraudstream.serving.instance_scorer import InstanceScorer
from fraudstream.serving.kinesis_scoring import KinesisScoring
from fraudstream.serving.kinesis_writer import KinesisWriter
from fraudstream.settings.settings import load_settings
from fraudstream.system.environment import QUIET
from schemas.errors import UserError


@cache
def scoring() -> KinesisScoring:
    """Load model and settings; once in a process, which Lambda keeps for the next events.

    Raises
    ------
    UserError
        The settings name no stream for the scores, or the model can't serve.
    """
    os.environ.update(QUIET)
    settings = load_settings()
    serving = settings.serving
    if serving.output_stream is None:
        raise UserError(
            "expected serving.output_stream, the Kinesis stream of the scores, found none. "
            "Set FRAUDSTREAM_SERVING__OUTPUT_STREAM"
        )
    return KinesisScoring(
        scorer=InstanceScorer.load(settings.model.artifact, feature_source(serving)),
        writer=KinesisWriter(),
        output_stream=serving.output_stream,
        dead_letter_stream=serving.dead_letter_stream,
    )


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 (of Lambda's signature)
    """Score the records of a Kinesis event, see `KinesisScoring.handle`."""
    return scoring().handle(event)
