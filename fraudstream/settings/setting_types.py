"""Types of settings."""

from typing import Annotated

from pydantic import AfterValidator, Field

from fraudstream.settings.login import mistake
from schemas.time_zone import time_zone_problem


def _time_zone(value: str) -> str:
    problem = time_zone_problem(value)
    if problem:
        raise mistake(f"an IANA time zone, got {problem}")
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]
AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
