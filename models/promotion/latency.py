"""Scoring time of a model."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import Artifact
from models.scoring.model import OnnxModel

ROWS, RUNS = 256, 40
"""Size of a batch of the job under load, and number of times it is scored."""


def us_per_row(artifact: Artifact, clock: Callable[[], float]) -> float:
    """Return the scoring time of a row of a batch, without features, in microseconds.

    The minimum of `RUNS`: other work on the machine makes a run longer, never shorter.

    Parameters
    ----------
    clock : callable
        Clock in seconds.
    """
    model, x = OnnxModel(artifact.onnx, features=artifact.manifest.width), reference_rows(artifact)
    model.score(x)
    spent = []
    for _ in range(RUNS):
        start = clock()
        model.score(x)
        spent.append(clock() - start)
    return min(spent) / ROWS * 1e6


def reference_rows(artifact: Artifact) -> NDArray[np.float32]:
    """Return `ROWS` rows whose features have the marginal distributions of the artifact's validation rows."""
    generator = np.random.default_rng(0)
    reference, levels = artifact.manifest.reference, np.linspace(0, 1, 11)
    columns = [
        np.interp(generator.random(ROWS), levels, reference[name].deciles) if name in reference else np.zeros(ROWS)
        for name in artifact.manifest.feature_names
    ]
    return np.ascontiguousarray(np.column_stack(columns), np.float32)
