import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from models.features.history import HISTORY_VERSION, K
from models.features.operation import Operation as Op
from models.features.window import DAY, HOUR, WEEK, WINDOWS, Window

__all__ = [
    "FEATURES",
    "FEATURE_NAMES",
    "SEMANTICS_VERSION",
    "WINDOWS",
    "Feature",
    "Usual",
    "Window",
    "spec_hash",
]

SEMANTICS_VERSION = 1
"""Raised when an operation's meaning changes, so that a model trained on the old meaning is refused."""


class Usual(NamedTuple):
    """A feature's value when the customer behaves as usual: ``factor`` times another feature's value.

    With ``feature`` None the usual value is ``factor`` itself.
    """

    feature: str | None
    factor: float


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the model's input. Positional, as it is one row of the table below.

    Parameters
    ----------
    name : str
        Name in manifests, alerts and dashboards.
    source : str
        Column of the transaction that the operation reads.
    operation : Operation
        What is computed.
    window : Window or None
        Which earlier transactions count; None for all that are kept (the last K).
    unit : str
        Unit of the value; ``flag`` is 0 or 1.
    missing : float
        Value where the operation has nothing to work on. No feature is ever NaN.
    usual : Usual or None
        The customer's own usual value, for the reasons of an alert; None where there is no such thing. It is
        not part of `spec_hash`, as no score depends on it.
    """

    name: str
    source: str
    operation: Op
    window: Window | None
    unit: str
    missing: float
    usual: Usual | None


_HOURS, _DAYS = 1 / 168, 1 / 7  # the share of one hour, of one day in a week

# The one place where the features are listed. A feature's place here is its column in x and in the ONNX
# model. Windows are exact over the customer's last K transactions: a busier customer's counts stop at K.
FEATURES: tuple[Feature, ...] = (
    Feature("count_1h", "event_time", Op.COUNT, HOUR, "transactions", 0, Usual("count_7d", _HOURS)),
    Feature("count_24h", "event_time", Op.COUNT, DAY, "transactions", 0, Usual("count_7d", _DAYS)),
    Feature("count_7d", "event_time", Op.COUNT, WEEK, "transactions", 0, None),
    Feature("sum_1h", "amount_minor", Op.SUM, HOUR, "major units", 0, Usual("sum_7d", _HOURS)),
    Feature("sum_24h", "amount_minor", Op.SUM, DAY, "major units", 0, Usual("sum_7d", _DAYS)),
    Feature("sum_7d", "amount_minor", Op.SUM, WEEK, "major units", 0, None),
    Feature("mean_1h", "amount_minor", Op.MEAN, HOUR, "major units", -1, Usual("mean_7d", 1)),
    Feature("mean_24h", "amount_minor", Op.MEAN, DAY, "major units", -1, Usual("mean_7d", 1)),
    Feature("mean_7d", "amount_minor", Op.MEAN, WEEK, "major units", -1, None),
    Feature("deviation_1h", "amount_minor", Op.DEVIATION, HOUR, "major units", -1, Usual("deviation_7d", 1)),
    Feature("deviation_24h", "amount_minor", Op.DEVIATION, DAY, "major units", -1, Usual("deviation_7d", 1)),
    Feature("deviation_7d", "amount_minor", Op.DEVIATION, WEEK, "major units", -1, None),
    Feature("max_1h", "amount_minor", Op.MAXIMUM, HOUR, "major units", -1, Usual("max_7d", 1)),
    Feature("max_24h", "amount_minor", Op.MAXIMUM, DAY, "major units", -1, Usual("max_7d", 1)),
    Feature("max_7d", "amount_minor", Op.MAXIMUM, WEEK, "major units", -1, None),
    Feature("merchants_1h", "merchant_id", Op.MERCHANTS, HOUR, "merchants", 0, Usual("merchants_7d", _HOURS)),
    Feature("merchants_24h", "merchant_id", Op.MERCHANTS, DAY, "merchants", 0, Usual("merchants_7d", _DAYS)),
    Feature("merchants_7d", "merchant_id", Op.MERCHANTS, WEEK, "merchants", 0, None),
    Feature("same_1h", "merchant_id", Op.SAME_MERCHANT, HOUR, "transactions", 0, Usual("same_7d", _HOURS)),
    Feature("same_24h", "merchant_id", Op.SAME_MERCHANT, DAY, "transactions", 0, Usual("same_7d", _DAYS)),
    Feature("same_7d", "merchant_id", Op.SAME_MERCHANT, WEEK, "transactions", 0, None),
    Feature("z_1h", "amount_minor", Op.Z_SCORE, HOUR, "deviations", 0, Usual(None, 0)),
    Feature("z_24h", "amount_minor", Op.Z_SCORE, DAY, "deviations", 0, Usual(None, 0)),
    Feature("z_7d", "amount_minor", Op.Z_SCORE, WEEK, "deviations", 0, Usual(None, 0)),
    Feature("to_mean_1h", "amount_minor", Op.TO_MEAN, HOUR, "ratio", -1, Usual(None, 1)),
    Feature("to_mean_24h", "amount_minor", Op.TO_MEAN, DAY, "ratio", -1, Usual(None, 1)),
    Feature("to_mean_7d", "amount_minor", Op.TO_MEAN, WEEK, "ratio", -1, Usual(None, 1)),
    Feature("to_max_7d", "amount_minor", Op.TO_MAXIMUM, WEEK, "ratio", -1, Usual(None, 1)),
    Feature("amount", "amount_minor", Op.AMOUNT, None, "major units", 0, Usual("mean_7d", 1)),
    Feature("history_count", "event_time", Op.HISTORY_COUNT, None, "transactions", 0, None),
    Feature("usual_gap_s", "event_time", Op.USUAL_GAP, None, "s", -1, None),
    Feature("since_last_s", "event_time", Op.SINCE_LAST, None, "s", -1, Usual("usual_gap_s", 1)),
    Feature("new_merchant", "merchant_id", Op.NEW_MERCHANT, None, "flag", 0, Usual(None, 0)),
    Feature("new_device", "device_id", Op.NEW_DEVICE, None, "flag", -1, Usual(None, 0)),
    Feature("distance_km", "latitude", Op.DISTANCE, None, "km", -1, Usual(None, 0)),
    Feature("speed_kmh", "latitude", Op.SPEED, None, "km/h", -1, Usual(None, 0)),
    Feature("hour", "event_time", Op.HOUR, None, "h", 0, None),
    Feature("is_night", "event_time", Op.NIGHT, None, "flag", 0, None),
    Feature("is_weekend", "event_time", Op.WEEKEND, None, "flag", 0, None),
    Feature("category_risk", "merchant_category", Op.CATEGORY_RISK, None, "probability", 0, None),
    Feature("type_risk", "transaction_type", Op.TYPE_RISK, None, "probability", 0, None),
)

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


def spec_hash() -> str:
    """Return the fingerprint of everything that gives x its meaning.

    Returns
    -------
    str
        First 16 hex digits of the SHA-256 over the table (without `usual`), K, the history version and
        `SEMANTICS_VERSION`. A model is bound to it: the scorer refuses an artifact that has another.
    """
    rows = [
        (
            f.name,
            f.source,
            f.operation.value,
            f.window.length_ms if f.window else None,
            f.unit,
            float(f.missing),
        )
        for f in FEATURES
    ]
    spec = {"features": rows, "k": K, "history": HISTORY_VERSION, "semantics": SEMANTICS_VERSION}
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
