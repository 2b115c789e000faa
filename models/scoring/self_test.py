"""Rows and probabilities that verify a model after loading."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

SELF_TEST_ROWS = 32

MAX_ROWS = 1_000
"""More would not be read within the time that loading a model may take."""


class SelfTest(BaseModel):
    """Some of the rows that parity was proved on, with the probabilities of the library that trained the model.

    Parameters
    ----------
    rows : str
        (n, F) float32, little-endian, in base64.
    scores : tuple of float, (n,)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: str
    scores: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(min_length=1, max_length=MAX_ROWS)

    @model_validator(mode="after")
    def _check_rows(self) -> SelfTest:
        try:
            size = len(base64.b64decode(self.rows, validate=True))
        except (ValueError, binascii.Error):
            raise ValueError("rows are base64") from None
        if size == 0 or size % (4 * len(self.scores)):
            raise ValueError(f"rows are as many as scores: {len(self.scores)} of float32, got {size} bytes")
        return self

    @classmethod
    def of(cls, x: NDArray[np.float32], expected: NDArray[np.float64]) -> SelfTest:
        """Choose SELF_TEST_ROWS of n rows, n > 0, from the lowest score to the highest."""
        indices = np.linspace(0, len(x) - 1, min(len(x), SELF_TEST_ROWS)).astype(np.int64)
        chosen = np.argsort(expected, kind="stable")[indices]
        rows = base64.b64encode(x[chosen].astype("<f4").tobytes()).decode()
        return cls(rows=rows, scores=tuple(expected[chosen].tolist()))

    def x(self) -> NDArray[np.float32]:
        """Return the rows, (n, F)."""
        numbers = np.frombuffer(base64.b64decode(self.rows), "<f4").astype(np.float32)
        return numbers.reshape(len(self.scores), -1)
