"""Values of the options --model and --balance."""

from enum import StrEnum


class Model(StrEnum):
    """Learners that can be trained."""

    LIGHTGBM = "lightgbm"
    XGBOOST = "xgboost"
    LOGISTIC = "logistic"
    FOREST = "forest"


class Balance(StrEnum):
    """Class balancing."""

    NONE = "none"
    WEIGHTS = "weights"
    SMOTE = "smote"
