from enum import StrEnum


class Model(StrEnum):
    """Names in `LEARNERS`."""

    LIGHTGBM = "lightgbm"
    XGBOOST = "xgboost"
    LOGISTIC = "logistic"
    FOREST = "forest"


class Balance(StrEnum):
    """What is done about frauds being rare."""

    NONE = "none"
    WEIGHTS = "weights"
    SMOTE = "smote"
