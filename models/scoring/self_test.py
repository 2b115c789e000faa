from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

SELF_TEST_ROWS = 32


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
    scores: tuple[float, ...]

    @classmethod
    def of(cls, x: NDArray[np.float32], expected: NDArray[np.float64]) -> SelfTest:
        """Choose SELF_TEST_ROWS of n rows, n > 0, from the lowest score to the highest."""
        places = np.linspace(0, len(x) - 1, min(len(x), SELF_TEST_ROWS)).astype(np.int64)
        chosen = np.argsort(expected, kind="stable")[places]
        rows = base64.b64encode(x[chosen].astype("<f4").tobytes()).decode()
        return cls(rows=rows, scores=tuple(expected[chosen].tolist()))

    def x(self) -> NDArray[np.float32]:
        """Return the rows, (n, F)."""
        numbers = np.frombuffer(base64.b64decode(self.rows), "<f4").astype(np.float32)
        return numbers.reshape(len(self.scores), -1)
