from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURE_NAMES
from models.scoring.artifact import Artifact
from models.scoring.model import OnnxModel

ROWS, RUNS = 256, 40
"""A batch as the job has them under load, and how often it is scored."""


def us_per_row(artifact: Artifact, clock: Callable[[], float]) -> float:
    """Return what scoring one of a batch's rows takes, features aside, in microseconds.

    The least of `RUNS`: whatever else the machine does makes a run longer, never shorter.

    Parameters
    ----------
    artifact : Artifact
    clock : callable
        Gives seconds.
    """
    model, x = OnnxModel(artifact.onnx), reference_rows(artifact)
    model.score(x)
    taken = []
    for _ in range(RUNS):
        start = clock()
        model.score(x)
        taken.append(clock() - start)
    return min(taken) / ROWS * 1e6


def reference_rows(artifact: Artifact) -> NDArray[np.float32]:
    """Return `ROWS` rows whose features are, each for itself, distributed as in the artifact's validation rows."""
    generator = np.random.default_rng(0)
    reference, places = artifact.manifest.reference, np.linspace(0, 1, 11)
    columns = [
        np.interp(generator.random(ROWS), places, reference[name].deciles) if name in reference else np.zeros(ROWS)
        for name in FEATURE_NAMES
    ]
    return np.ascontiguousarray(np.column_stack(columns), np.float32)
