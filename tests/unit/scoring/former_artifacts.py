"""Artifact of the version before entities: a model of the customer's features alone."""

from functools import cache
from pathlib import Path

import numpy as np

from models.features.table import CUSTOMER_FEATURES, spec_hash
from models.promotion.latency import reference_rows
from models.scoring.artifact import Artifact, checksum, write_artifact
from models.scoring.self_test import SelfTest
from models.training.export import export_onnx
from models.training.fit import LearnerSettings, fit
from tests.unit.training.histories import artifact

WIDTH = len(CUSTOMER_FEATURES)
NAMES = tuple(feature.name for feature in CUSTOMER_FEATURES)


@cache
def former_artifact() -> Artifact:
    """Train on the columns of the former table, with the manifest that its version wrote."""
    x = np.ascontiguousarray(reference_rows(artifact())[:, :WIDTH])
    amount = x[:, NAMES.index("amount")] + 10 * x[:, NAMES.index("count_1h")]
    settings = LearnerSettings(trees=20, min_child_samples=5)
    booster = fit(x, amount > np.quantile(amount, 0.8), settings, seed=0, threads=1)
    onnx = export_onnx(booster).SerializeToString(deterministic=True)
    newer = artifact().manifest
    manifest = newer.model_copy(
        update={
            "model_id": "fraud-former",
            "feature_spec_hash": spec_hash(CUSTOMER_FEATURES),
            "feature_names": NAMES,
            "onnx_sha256": checksum(onnx),
            "self_test": SelfTest.of(x, np.asarray(booster.predict(x))),
            "usual_spread": {name: value for name, value in newer.usual_spread.items() if name in NAMES},
            "reference": {name: value for name, value in newer.reference.items() if name in {*NAMES, "score"}},
        }
    )
    return Artifact(manifest=manifest, onnx=onnx)


def former_folder(folder: Path) -> Path:
    """Write the artifact to a folder."""
    write_artifact(folder, former_artifact())
    return folder
