"""Columns of an entity's features."""

import numpy as np
from numpy.typing import NDArray

from models.features.entities.entity_facts import OTHER_FACTS, WINDOWED_FACTS
from models.features.entity import ENTITIES
from models.features.feature_layout import FeatureLayout, fact_index
from models.features.table import CUSTOMER_FEATURES, LIVE_FEATURES
from models.features.window import WINDOWS

_OF_ONE = [feature for feature in LIVE_FEATURES if feature.entity == ENTITIES[0].name]

ENTITY_LAYOUT = FeatureLayout(
    windows_ms=np.array([window.length_ms for window in WINDOWS], np.int64),
    columns=np.arange(len(_OF_ONE)),
    fact_indices=np.array([fact_index(feature, WINDOWED_FACTS, OTHER_FACTS, WINDOWS) for feature in _OF_ONE], np.int64),
    missing=np.array([feature.missing for feature in _OF_ONE], np.float32),
)
"""Columns of one entity's features, from 0 on: all entities have the same."""

ENTITY_WIDTH = len(_OF_ONE)
"""Features of one entity."""

FIRST_ENTITY_COLUMN = len(CUSTOMER_FEATURES)
"""Column of x at which the entities' features begin."""

ENTITY_COLUMNS = slice(FIRST_ENTITY_COLUMN, FIRST_ENTITY_COLUMN + len(ENTITIES) * ENTITY_WIDTH)
"""Columns of x of all entities' features."""


def missing_entity_features(n: int) -> NDArray[np.float32]:
    """Return the entities' features of n transactions that have no entity, (n, entities * ENTITY_WIDTH)."""
    return np.tile(ENTITY_LAYOUT.missing, (n, len(ENTITIES)))
