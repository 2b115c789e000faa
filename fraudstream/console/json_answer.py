"""JSON responses."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Response


def as_json(told: Any) -> Response:
    """Make an answer that no cache keeps."""
    body = orjson.dumps(told, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
