"""Columns of the features from an entity's known labels."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.features.entity import LABELLED_ENTITIES
from models.features.feature_layout import FeatureLayout
from models.features.label_facts import ENTITY_FACTS, WINDOWED_FACTS
from models.features.table import LABEL_WINDOWS

_IN_TABLE = FeatureLayout.of(WINDOWED_FACTS, ENTITY_FACTS, LABEL_WINDOWS)

LABEL_WIDTH = len(_IN_TABLE.columns) // len(LABELLED_ENTITIES)
"""Label features of one entity."""

LABEL_COLUMNS = tuple(slice(first, first + LABEL_WIDTH) for first in _IN_TABLE.columns[::LABEL_WIDTH].tolist())
"""Columns of x with the label features of each labelled entity."""

LABEL_LAYOUT = replace(
    _IN_TABLE,
    columns=np.arange(LABEL_WIDTH),
    fact_indices=_IN_TABLE.fact_indices[:LABEL_WIDTH],
    missing=_IN_TABLE.missing[:LABEL_WIDTH],
)
"""Columns of one entity's label features, from 0 on: all entities have the same."""


def missing_label_features(n: int) -> NDArray[np.float32]:
    """Return the label features of n transactions without known labels, (n, labelled entities * LABEL_WIDTH)."""
    return np.tile(LABEL_LAYOUT.missing, (n, len(LABELLED_ENTITIES)))
