"""Limits on the values of files that settings set."""

from dataclasses import dataclass, field

from schemas.validation import Limits

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Years that the job takes event times of; a deployment's own bounds are within."""


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """Limits on the rows of a file.

    Attributes
    ----------
    records : Limits
        The job's own, of which those on amounts hold for files too.
    first_year, last_year : int
        Years that event times and label times may lie in, both included.
    """

    records: Limits = field(default_factory=Limits)
    first_year: int = FIRST_YEAR
    last_year: int = LAST_YEAR


USUAL_LIMITS = FileLimits()
