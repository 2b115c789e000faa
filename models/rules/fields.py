"""Names that conditions may use: every feature, the score, the local time, and the texts of the transaction."""

import numpy as np

from models.features.table import FEATURES
from models.rules.local_time import LOCAL_FLAGS, LOCAL_NUMBERS

SCORE = "score"
"""The model's fraud probability."""

TEXTS = ("customer_id", "merchant_id", "merchant_category", "transaction_type", "currency", "device_id")
"""Columns of TRANSACTION_ARROW."""

FEATURE_COLUMNS = {feature.name: column for column, feature in enumerate(FEATURES)}

FLAGS = frozenset(feature.name for feature in FEATURES if feature.unit == "flag") | frozenset(LOCAL_FLAGS)
"""Names that are conditions by themselves."""

NUMBERS = frozenset((*FEATURE_COLUMNS, SCORE, *LOCAL_NUMBERS))
"""Names that give numbers; the features among them that are flags are conditions instead."""

MARKED_MISSING = np.array([feature.missing == -1 for feature in FEATURES])
"""Of each feature whether -1 stands for having nothing to work on; no such feature is ever negative otherwise."""

NAMES = (*FEATURE_COLUMNS, SCORE, *LOCAL_NUMBERS, *LOCAL_FLAGS, *TEXTS)
