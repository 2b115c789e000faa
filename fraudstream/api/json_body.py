"""JSON bodies of requests, for the scoring API and the console."""

import json
import math
from collections import Counter
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import HTTPException
from fastapi.routing import APIRoute

from fraudstream.api.problem import SHOWN_CHARACTERS, FieldProblem, ProblemError

MAX_NUMBER_CHARACTERS = 100
"""Maximum digits of a number as it is written. Python itself refuses to read integers of more than 4,300 digits."""
MAX_DEPTH = 32
"""Arrays and objects inside each other."""
_WHAT_TO_DO = "send one JSON object with each name once"


class BodyError(HTTPException):
    """A body that is no acceptable JSON. FastAPI passes on HTTPException alone from where it reads a body."""

    def __init__(self, problem: ProblemError) -> None:
        super().__init__(problem.problem.status, problem.problem.detail)
        self.problem = problem


class JsonRoute(APIRoute):
    """Route whose body is read by `parse_json`; the class of every router that accepts bodies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with a request that reads JSON strictly."""
        answer = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            return await answer(JsonRequest(request.scope, request.receive))

        return read_strictly


class JsonRequest(Request):
    """Request whose JSON is read by `parse_json`."""

    async def json(self) -> Any:
        """Return the parsed body."""
        return parse_json(await self.body())


def parse_json(body: bytes) -> Any:
    """Return a JSON value, of which every reader makes the same.

    Raises
    ------
    BodyError
        Invalid UTF-8 (400). No JSON, a name twice in an object, NaN or an infinity, a number too long, nesting too
        deep, or a surrogate without its other half (422).
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError as error:
        raise _utf8_problem(f"byte 0x{body[error.start]:02x} at position {error.start}") from None
    except json.JSONDecodeError as error:
        raise _problem("a JSON object", f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _too_deep() from None
    # Each opens with a character of its own: with few of those no value is too deep.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise _too_deep()
    if b"\\u" in body:
        _require_whole_characters(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _problem("each name once in an object", f"{_shown(twice)} twice")
    return found


def _refuse_constant(text: str) -> Any:
    raise _problem("a number of JSON", text)


def _integer(text: str) -> int:
    _require_short(text)
    return int(text)


def _float(text: str) -> float:
    _require_short(text)
    number = float(text)
    if not math.isfinite(number):
        raise _problem("a number within the range of a 64-bit float", _shown(text))
    return number


def _require_short(text: str) -> None:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise _problem(f"numbers of at most {MAX_NUMBER_CHARACTERS} characters", f"one of {len(text):,}")


def _is_deeper(value: Any, max_depth: int) -> bool:
    """Return whether more than `max_depth` arrays and objects are nested; level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        nested = [outer.values() if isinstance(outer, dict) else outer for outer in level]
        level = [item for inner in nested for item in inner if isinstance(item, dict | list)]
    return bool(level)


def _require_whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise _problem("characters of Unicode", f"half a surrogate pair, \\u{code:04x}") from None


def _shown(text: str) -> str:
    return ascii(text)[:SHOWN_CHARACTERS]


def _too_deep() -> BodyError:
    return _problem(f"at most {MAX_DEPTH} arrays and objects inside each other", "more")


def _problem(expected: str, got: str) -> BodyError:
    return BodyError(
        ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            expected=f"{expected} in the body",
            was=got,
            what_to_do=_WHAT_TO_DO,
            errors=[FieldProblem(pointer="", expected=expected, was=got)],
        )
    )


def _utf8_problem(got: str) -> BodyError:
    return BodyError(
        ProblemError(HTTPStatus.BAD_REQUEST, expected="a JSON object in UTF-8", was=got, what_to_do=_WHAT_TO_DO)
    )
