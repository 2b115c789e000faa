"""Content types of requests and answers: JSON, JSON lines and CSV, as SageMaker documents them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson

from fraudstream.api.json_body import BodyError, parse_json
from fraudstream.api.problem import FieldProblem, ProblemError
from fraudstream.serving.instance import Instance, InstanceError, feature_row
from fraudstream.serving.instance_scorer import InstanceScorer, ScoredInstance

JSON, JSON_LINES, CSV = "application/json", "application/jsonlines", "text/csv"
TYPES: Mapping[str, str] = MappingProxyType(
    {JSON: JSON, JSON_LINES: JSON_LINES, "application/x-jsonlines": JSON_LINES, CSV: CSV}
)
"""Accepted names of the content types."""

INSTANCES, PREDICTIONS = "instances", "predictions"
MAX_ERRORS = 20
"""Maximum number of errors in an answer."""

_WHAT_TO_DO = "correct what `errors` lists and send the request again; docs/serving.md has examples"

Read = tuple[str, Callable[[], Instance]]


def content_type(header: str) -> str:
    """Return the type of a request's body.

    Raises
    ------
    ProblemError
        It is none of `TYPES` (415).
    """
    name = header.partition(";")[0].strip().lower()
    if name not in TYPES:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            expected=f"Content-Type {', '.join(sorted(set(TYPES.values())))}",
            was=name[:80] or "none",
            what_to_do="name the type of the body",
        )
    return TYPES[name]


def accepted_type(header: str, usual: str) -> str:
    """Return the type of an answer: the first accepted one, or that of the request.

    Raises
    ------
    ProblemError
        None of `TYPES` is accepted (406).
    """
    names = [part.partition(";")[0].strip().lower() for part in header.split(",") if part.strip()]
    if not names or "*/*" in names:
        return usual
    found = next((TYPES[name] for name in names if name in TYPES), None)
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_ACCEPTABLE,
            expected=f"Accept {', '.join(sorted(set(TYPES.values())))}",
            was=header[:80],
            what_to_do="accept one of these types",
        )
    return found


def read_instances(body: bytes, kind: str, scorer: InstanceScorer) -> list[Instance]:
    """Return the items of a body.

    Raises
    ------
    ProblemError
        An item is wrong, or there is none (400): nothing of the request is scored.
    """
    instances, errors = [], []
    for pointer, read in {JSON: _of_json, JSON_LINES: _of_lines, CSV: _of_csv}[kind](body, scorer):
        try:
            instances.append(read())
        except InstanceError as error:
            errors.append(FieldProblem(pointer=pointer + error.pointer, expected=error.expected, was=error.was))
        except BodyError as error:
            problem = error.problem.problem
            errors.append(FieldProblem(pointer=pointer, expected=problem.expected, was=problem.was))
        if len(errors) == MAX_ERRORS:
            break
    if not instances and not errors:
        errors.append(FieldProblem(pointer="", expected="at least one item", was="an empty body"))
    if errors:
        raise refused(errors)
    return instances


def refused(errors: Sequence[FieldProblem]) -> ProblemError:
    """Return the problem of a request with wrong items."""
    return ProblemError(
        HTTPStatus.BAD_REQUEST,
        expected=f"{errors[0].expected} in {errors[0].pointer or 'the body'}",
        was=errors[0].was,
        what_to_do=_WHAT_TO_DO,
        errors=errors,
    )


def write_scores(scores: Sequence[ScoredInstance], kind: str) -> bytes:
    """Return an answer's body: each item's score in the order of the request."""
    if kind == CSV:
        return "".join(f"{item.score!r},{item.decision.name}\n" for item in scores).encode()
    items = [item.to_json() for item in scores]
    if kind == JSON:
        return orjson.dumps({PREDICTIONS: items})
    return b"".join(orjson.dumps(item) + b"\n" for item in items)


def _of_json(body: bytes, scorer: InstanceScorer) -> Iterator[Read]:
    value = _parsed(body)
    if isinstance(value, dict) and value.keys() == {INSTANCES}:
        items = value[INSTANCES]
        if not isinstance(items, list):
            raise refused([FieldProblem(pointer=f"/{INSTANCES}", expected="an array", was=type(items).__name__)])
        for number, item in enumerate(items):
            yield f"/{INSTANCES}/{number}", _parser(scorer, item)
    else:  # one item
        yield "", _parser(scorer, value)


def _of_lines(body: bytes, scorer: InstanceScorer) -> Iterator[Read]:
    for number, line in _lines(body):
        yield f"/{number}", lambda line=line: scorer.parse(parse_json(line))  # type: ignore[misc]


def _of_csv(body: bytes, scorer: InstanceScorer) -> Iterator[Read]:
    for number, line in _lines(body):
        yield f"/{number}", lambda line=line: _csv_row(line, scorer)  # type: ignore[misc]


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, numbered from 0 on."""
    return enumerate(line for line in body.splitlines() if line.strip())


def _csv_row(line: bytes, scorer: InstanceScorer) -> Instance:
    try:
        values = [float(cell) for cell in line.decode("ascii").split(",")]
    except ValueError:
        raise InstanceError("", "numbers separated by commas, without a header", repr(line[:60])) from None
    return Instance(transaction=None, fields={}, features=feature_row(values, scorer.manifest.width))


def _parser(scorer: InstanceScorer, item: Any) -> Callable[[], Instance]:
    return lambda: scorer.parse(item)


def _parsed(body: bytes) -> Any:
    try:
        return parse_json(body)
    except BodyError as error:
        problem = error.problem.problem
        raise refused([FieldProblem(pointer="", expected=problem.expected, was=problem.was)]) from None
