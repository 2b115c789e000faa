"""JSON responses."""

from typing import Any

import orjson
from fastapi import Response


def as_json(data: Any) -> Response:
    """Make an answer that no cache keeps."""
    body = orjson.dumps(data, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
