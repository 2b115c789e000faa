"""Web application of a SageMaker container: /ping, /invocations and /execution-parameters."""

from __future__ import annotations

import os
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from fraudstream.api.body_limit import BodyLimit
from fraudstream.api.problem import FieldProblem, ProblemError, answer_with_problems
from fraudstream.serving.content import accepted_type, content_type, read_instances, refused, write_scores
from fraudstream.serving.instance import InstanceError
from fraudstream.serving.instance_scorer import InstanceScorer, ScoredInstance
from fraudstream.settings.serving_settings import ServingSettings
from fraudstream.system.failures import RuntimeFailure

BATCH_PAYLOAD_MB = 6
"""Size of a batch transform's requests, SageMaker's own default."""


def create_application(scorer: InstanceScorer, settings: ServingSettings) -> FastAPI:
    """Make the web application of a loaded model.

    The container has no logins: SageMaker authenticates callers, and reaches it by a network of its own.
    """
    app = FastAPI(title="fraudstream on SageMaker", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(
        BodyLimit, max_bytes=settings.max_body_bytes, timeout_s=settings.body_timeout_s, section="serving"
    )
    answer_with_problems(app, see="docs/serving.md")

    @app.get("/ping")
    def ping() -> Response:
        """Answer that the model is loaded; the port is not open before."""
        return Response(status_code=HTTPStatus.OK)

    @app.get("/execution-parameters")
    def execution_parameters() -> Response:
        """Return what a batch transform may send."""
        parameters = {
            "MaxConcurrentTransforms": os.cpu_count() or 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": BATCH_PAYLOAD_MB,
        }
        return Response(orjson.dumps(parameters), media_type="application/json")

    @app.post("/invocations")
    async def invocations(request: Request) -> Response:
        """Score the items of the body."""
        kind = content_type(request.headers.get("content-type", ""))
        answered = accepted_type(request.headers.get("accept", ""), kind)
        body = await request.body()
        return Response(await run_in_threadpool(_answer, scorer, body, kind, answered), media_type=answered)

    return app


def _answer(scorer: InstanceScorer, body: bytes, kind: str, answered: str) -> bytes:
    """Return the scores of a body: of all its items, or of none."""
    scores = scorer.score(read_instances(body, kind, scorer))
    errors = [
        FieldProblem(pointer=f"/{number}{found.pointer}", expected=found.expected, was=found.was)
        for number, found in enumerate(scores)
        if isinstance(found, InstanceError)
    ]
    if errors:
        raise refused(errors)
    failed = next((found for found in scores if isinstance(found, RuntimeFailure)), None)
    if failed is not None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            expected="the online store to answer",
            was=str(failed),
            what_to_do="send the request again, or send the features with the transactions",
            headers={"Retry-After": "1"},
        )
    return write_scores([found for found in scores if isinstance(found, ScoredInstance)], answered)
