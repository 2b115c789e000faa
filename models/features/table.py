"""Table of the features."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from models.features.entities.entity_record import BLOOM_ADDS, BLOOM_WORDS, RECENT, REGISTERS
from models.features.entity import ENTITIES, LABELLED_ENTITIES, Entity
from models.features.former_names import FORMER_NAMES
from models.features.history import K
from models.features.label_record import KEPT_LABELS
from models.features.operation import Operation as Op
from models.features.window import (
    DAY,
    HORIZON_MS,
    HOUR,
    LABEL_WINDOWS,
    MONTH,
    TEN_MINUTES,
    WEEK,
    WINDOWS,
    Window,
)

__all__ = [
    "CUSTOMER_FEATURES",
    "FEATURES",
    "FEATURE_NAMES",
    "FORMER_FEATURES",
    "LABEL_WINDOWS",
    "LIVE_FEATURES",
    "RISK_SOURCES",
    "SEMANTICS_VERSION",
    "TABLE_WIDTHS",
    "WINDOWS",
    "Feature",
    "Usual",
    "Window",
    "spec_hash",
]

SEMANTICS_VERSION = 2
_RECORDS_OF_SEMANTICS = (2, 1)  # the records' versions at that time: a later layout gives features no other meaning
"""Raised when an operation's meaning changes, so that a model trained on the old meaning is refused."""


class Usual(NamedTuple):
    """A feature's value when the customer, or entity, behaves as usual: ``factor`` times another feature's value.

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
        Column of the transaction that the operation reads, or ``is_fraud`` of the labels.
    operation : Operation
        Computation.
    window : Window or None
        Earlier transactions or labels that count; None for all that are kept.
    unit : str
        Unit of the value; ``flag`` is 0 or 1.
    missing : float
        Value where the operation has nothing to work on. No feature is ever NaN.
    usual : Usual or None
        The customer's, or entity's, own usual value, for the reasons of an alert; None where there is no such thing.
        It is not part of `spec_hash`, as no score depends on it.
    entity : str or None
        Name of the `Entity` whose transactions or labels are counted; None: the customer, or labels of the merchant.
    """

    name: str
    source: str
    operation: Op
    window: Window | None
    unit: str
    missing: float
    usual: Usual | None
    entity: str | None = None


_TENTHS, _HOURS, _DAYS = 1 / 1008, 1 / 168, 1 / 7  # the share of ten minutes, of one hour, of one day in a week
_SHARES = {TEN_MINUTES: _TENTHS, HOUR: _HOURS, DAY: _DAYS}
_, _D2, _D7, _D28, _ = LABEL_WINDOWS
_NONE = Usual(None, 0)
_ENTITY_COLUMNS = {entity.name: entity.column for entity in ENTITIES}


def _entity_features(entity: Entity) -> tuple[Feature, ...]:
    name = entity.name
    return (
        *(feature for window in WINDOWS for feature in _entity_window(entity, window)),
        Feature(f"{name}_age_s", "event_time", Op.ENTITY_AGE, None, "s", -1, None, name),
        Feature(f"{name}_since_last_s", "event_time", Op.ENTITY_SINCE_LAST, None, "s", -1, None, name),
        Feature(f"{name}_new_customer", "customer_id", Op.ENTITY_IS_NEW_CUSTOMER, None, "flag", -1, _NONE, name),
        Feature(
            f"{name}_similar_known_1h", "amount_minor", Op.ENTITY_SIMILAR_KNOWN, None, "transactions", 0, None, name
        ),
        Feature(f"{name}_similar_new_1h", "amount_minor", Op.ENTITY_SIMILAR_NEW, None, "transactions", 0, None, name),
    )


def _entity_window(entity: Entity, window: Window) -> tuple[Feature, ...]:
    name = entity.name

    def of(fact: str, source: str, operation: Op, unit: str, missing: float, usual: Usual | None) -> Feature:
        return Feature(f"{name}_{fact}_{window.name}", source, operation, window, unit, missing, usual, name)

    def past_week(fact: str, factor: float | None) -> Usual | None:
        return Usual(f"{name}_{fact}_7d", factor) if factor and window in _SHARES else None

    share, same = _SHARES.get(window), 1.0
    customers = Usual(None, 1) if entity.is_personal else past_week("customers", share)
    new_share = None if entity.is_personal else past_week("new_customer_share", same)
    return (
        of("count", "event_time", Op.ENTITY_COUNT, "transactions", 0, past_week("count", share)),
        of("amount_sum", "amount_minor", Op.ENTITY_SUM, "major units", 0, past_week("amount_sum", share)),
        of("amount_mean", "amount_minor", Op.ENTITY_MEAN, "major units", -1, past_week("amount_mean", same)),
        of("amount_std", "amount_minor", Op.ENTITY_DEVIATION, "major units", -1, past_week("amount_std", same)),
        of("amount_max", "amount_minor", Op.ENTITY_MAXIMUM, "major units", -1, past_week("amount_max", same)),
        of("customers", "customer_id", Op.ENTITY_CUSTOMERS, "customers", 0, customers),
        of("new_customer_share", "customer_id", Op.ENTITY_NEW_SHARE, "share", -1, new_share),
        of("amount_z", "amount_minor", Op.ENTITY_Z_SCORE, "deviations", 0, _NONE),
        of("amount_to_mean", "amount_minor", Op.ENTITY_TO_MEAN, "ratio", -1, Usual(None, 1)),
    )


def _label_features(name: str, entity: str | None = None) -> tuple[Feature, ...]:
    """Return the features from the known labels of an entity."""

    def of(fact: str, operation: Op, window: Window | None, unit: str, missing: float, usual: Usual | None) -> Feature:
        source = "amount_minor" if unit in {"major units", "ratio"} else "is_fraud"
        return Feature(fact, source, operation, window, unit, missing, usual, entity)

    amount, streak = f"{name}_labelled_amount", "fraud_streak" if entity is None else f"{name}_fraud_streak"
    return (
        *(of(f"{name}_labels_{w.name}", Op.ENTITY_LABELS, w, "labels", 0, None) for w in LABEL_WINDOWS),
        *(of(f"{name}_frauds_{w.name}", Op.ENTITY_FRAUDS, w, "labels", 0, _NONE) for w in (_D2, _D7, _D28)),
        *(of(f"{name}_fraud_rate_{w.name}", Op.ENTITY_FRAUD_RATE, w, "share", 0, _NONE) for w in LABEL_WINDOWS),
        *(of(f"{amount}_mean_{w.name}", Op.ENTITY_LABELLED_MEAN, w, "major units", -1, None) for w in (_D7, _D28)),
        of(f"{amount}_to_mean_28d", Op.ENTITY_TO_LABELLED_MEAN, _D28, "ratio", -1, Usual(None, 1)),
        of(streak, Op.FRAUD_STREAK, None, "labels", 0, _NONE),
        of(f"{streak}_age_s", Op.FRAUD_STREAK_AGE, None, "s", -1, None),
        of(f"since_{name}_fraud_s", Op.SINCE_ENTITY_FRAUD, None, "s", -1, None),
        of(f"since_{name}_genuine_s", Op.SINCE_ENTITY_GENUINE, None, "s", -1, None),
    )


# The only list of the features. A feature's index here is its column in x and in the ONNX
# model. Windows are exact over the customer's last K transactions and count by tiles what is beyond them.
FORMER_FEATURES: tuple[Feature, ...] = (
    # transactions of the customer in a window
    Feature("count_10m", "event_time", Op.COUNT, TEN_MINUTES, "transactions", 0, Usual("count_7d", _TENTHS)),
    Feature("count_1h", "event_time", Op.COUNT, HOUR, "transactions", 0, Usual("count_7d", _HOURS)),
    Feature("count_24h", "event_time", Op.COUNT, DAY, "transactions", 0, Usual("count_7d", _DAYS)),
    Feature("count_7d", "event_time", Op.COUNT, WEEK, "transactions", 0, None),
    Feature("count_30d", "event_time", Op.COUNT, MONTH, "transactions", 0, None),
    Feature("amount_sum_10m", "amount_minor", Op.SUM, TEN_MINUTES, "major units", 0, Usual("amount_sum_7d", _TENTHS)),
    Feature("amount_sum_1h", "amount_minor", Op.SUM, HOUR, "major units", 0, Usual("amount_sum_7d", _HOURS)),
    Feature("amount_sum_24h", "amount_minor", Op.SUM, DAY, "major units", 0, Usual("amount_sum_7d", _DAYS)),
    Feature("amount_sum_7d", "amount_minor", Op.SUM, WEEK, "major units", 0, None),
    Feature("amount_sum_30d", "amount_minor", Op.SUM, MONTH, "major units", 0, None),
    Feature("amount_mean_10m", "amount_minor", Op.MEAN, TEN_MINUTES, "major units", -1, Usual("amount_mean_7d", 1)),
    Feature("amount_mean_1h", "amount_minor", Op.MEAN, HOUR, "major units", -1, Usual("amount_mean_7d", 1)),
    Feature("amount_mean_24h", "amount_minor", Op.MEAN, DAY, "major units", -1, Usual("amount_mean_7d", 1)),
    Feature("amount_mean_7d", "amount_minor", Op.MEAN, WEEK, "major units", -1, None),
    Feature("amount_mean_30d", "amount_minor", Op.MEAN, MONTH, "major units", -1, None),
    Feature("amount_std_10m", "amount_minor", Op.DEVIATION, TEN_MINUTES, "major units", -1, Usual("amount_std_7d", 1)),
    Feature("amount_std_1h", "amount_minor", Op.DEVIATION, HOUR, "major units", -1, Usual("amount_std_7d", 1)),
    Feature("amount_std_24h", "amount_minor", Op.DEVIATION, DAY, "major units", -1, Usual("amount_std_7d", 1)),
    Feature("amount_std_7d", "amount_minor", Op.DEVIATION, WEEK, "major units", -1, None),
    Feature("amount_std_30d", "amount_minor", Op.DEVIATION, MONTH, "major units", -1, None),
    Feature("amount_max_10m", "amount_minor", Op.MAXIMUM, TEN_MINUTES, "major units", -1, Usual("amount_max_7d", 1)),
    Feature("amount_max_1h", "amount_minor", Op.MAXIMUM, HOUR, "major units", -1, Usual("amount_max_7d", 1)),
    Feature("amount_max_24h", "amount_minor", Op.MAXIMUM, DAY, "major units", -1, Usual("amount_max_7d", 1)),
    Feature("amount_max_7d", "amount_minor", Op.MAXIMUM, WEEK, "major units", -1, None),
    Feature("amount_max_30d", "amount_minor", Op.MAXIMUM, MONTH, "major units", -1, None),
    Feature("merchants_10m", "merchant_id", Op.MERCHANTS, TEN_MINUTES, "merchants", 0, Usual("merchants_7d", _TENTHS)),
    Feature("merchants_1h", "merchant_id", Op.MERCHANTS, HOUR, "merchants", 0, Usual("merchants_7d", _HOURS)),
    Feature("merchants_24h", "merchant_id", Op.MERCHANTS, DAY, "merchants", 0, Usual("merchants_7d", _DAYS)),
    Feature("merchants_7d", "merchant_id", Op.MERCHANTS, WEEK, "merchants", 0, None),
    Feature("merchants_30d", "merchant_id", Op.MERCHANTS, MONTH, "merchants", 0, None),
    Feature(
        "same_merchant_count_10m",
        "merchant_id",
        Op.SAME_MERCHANT,
        TEN_MINUTES,
        "transactions",
        0,
        Usual("same_merchant_count_7d", _TENTHS),
    ),
    Feature(
        "same_merchant_count_1h",
        "merchant_id",
        Op.SAME_MERCHANT,
        HOUR,
        "transactions",
        0,
        Usual("same_merchant_count_7d", _HOURS),
    ),
    Feature(
        "same_merchant_count_24h",
        "merchant_id",
        Op.SAME_MERCHANT,
        DAY,
        "transactions",
        0,
        Usual("same_merchant_count_7d", _DAYS),
    ),
    Feature("same_merchant_count_7d", "merchant_id", Op.SAME_MERCHANT, WEEK, "transactions", 0, None),
    Feature("same_merchant_count_30d", "merchant_id", Op.SAME_MERCHANT, MONTH, "transactions", 0, None),
    Feature("amount_z_10m", "amount_minor", Op.Z_SCORE, TEN_MINUTES, "deviations", 0, Usual(None, 0)),
    Feature("amount_z_1h", "amount_minor", Op.Z_SCORE, HOUR, "deviations", 0, Usual(None, 0)),
    Feature("amount_z_24h", "amount_minor", Op.Z_SCORE, DAY, "deviations", 0, Usual(None, 0)),
    Feature("amount_z_7d", "amount_minor", Op.Z_SCORE, WEEK, "deviations", 0, Usual(None, 0)),
    Feature("amount_z_30d", "amount_minor", Op.Z_SCORE, MONTH, "deviations", 0, Usual(None, 0)),
    Feature("amount_to_mean_10m", "amount_minor", Op.TO_MEAN, TEN_MINUTES, "ratio", -1, Usual(None, 1)),
    Feature("amount_to_mean_1h", "amount_minor", Op.TO_MEAN, HOUR, "ratio", -1, Usual(None, 1)),
    Feature("amount_to_mean_24h", "amount_minor", Op.TO_MEAN, DAY, "ratio", -1, Usual(None, 1)),
    Feature("amount_to_mean_7d", "amount_minor", Op.TO_MEAN, WEEK, "ratio", -1, Usual(None, 1)),
    Feature("amount_to_mean_30d", "amount_minor", Op.TO_MEAN, MONTH, "ratio", -1, Usual(None, 1)),
    Feature("amount_to_max_7d", "amount_minor", Op.TO_MAXIMUM, WEEK, "ratio", -1, Usual(None, 1)),
    Feature("amount_to_max_30d", "amount_minor", Op.TO_MAXIMUM, MONTH, "ratio", -1, Usual(None, 1)),
    # all transactions of the customer, and this one
    Feature("amount", "amount_minor", Op.AMOUNT, None, "major units", 0, Usual("amount_mean_7d", 1)),
    Feature("history_count", "event_time", Op.HISTORY_COUNT, None, "transactions", 0, None),
    Feature("mean_gap_s", "event_time", Op.USUAL_GAP, None, "s", -1, None),
    Feature("since_last_s", "event_time", Op.SINCE_LAST, None, "s", -1, Usual("mean_gap_s", 1)),
    Feature("new_merchant", "merchant_id", Op.NEW_MERCHANT, None, "flag", 0, Usual(None, 0)),
    Feature("new_device", "device_id", Op.NEW_DEVICE, None, "flag", -1, Usual(None, 0)),
    Feature("distance_km", "latitude", Op.DISTANCE, None, "km", -1, Usual(None, 0)),
    Feature("speed_kmh", "latitude", Op.SPEED, None, "km/h", -1, Usual(None, 0)),
    Feature("hour", "event_time", Op.HOUR, None, "h", 0, None),
    Feature("is_night", "event_time", Op.NIGHT, None, "flag", 0, None),
    Feature("is_weekend", "event_time", Op.WEEKEND, None, "flag", 0, None),
    Feature("category_risk", "merchant_category", Op.CATEGORY_RISK, None, "probability", 0, None),
    Feature("type_risk", "transaction_type", Op.TYPE_RISK, None, "probability", 0, None),
    *_label_features("merchant"),
    # known labels of the customer
    Feature("known_frauds", "is_fraud", Op.KNOWN_FRAUDS, None, "labels", 0, Usual(None, 0)),
    Feature("since_known_fraud_s", "is_fraud", Op.SINCE_KNOWN_FRAUD, None, "s", -1, None),
    Feature("known_genuine", "is_fraud", Op.KNOWN_GENUINE, None, "labels", 0, None),
    Feature("genuine_amount_mean", "amount_minor", Op.GENUINE_MEAN, None, "major units", -1, None),
    Feature("genuine_amount_max", "amount_minor", Op.GENUINE_MAXIMUM, None, "major units", -1, None),
    Feature("genuine_amount_to_mean", "amount_minor", Op.TO_GENUINE_MEAN, None, "ratio", -1, Usual(None, 1)),
    Feature("genuine_amount_to_max", "amount_minor", Op.TO_GENUINE_MAXIMUM, None, "ratio", -1, None),
    Feature("genuine_amount_z", "amount_minor", Op.GENUINE_Z_SCORE, None, "deviations", 0, Usual(None, 0)),
)
"""Table of version 0.1.0, whose models are read: the first columns of x."""

CUSTOMER_FEATURES: tuple[Feature, ...] = (
    *FORMER_FEATURES,
    Feature("near_share", "latitude", Op.NEAR_SHARE, None, "share", -1, Usual(None, 1)),
    Feature("away_speed_kmh", "latitude", Op.AWAY_SPEED, None, "km/h", -1, Usual(None, 0)),
    Feature("same_merchant_amount_to_mean", "amount_minor", Op.TO_SAME_MEAN, None, "ratio", -1, Usual(None, 1)),
    Feature("new_merchants_1h", "merchant_id", Op.NEW_MERCHANTS, None, "merchants", 0, Usual(None, 0)),
    Feature("since_same_device_s", "device_id", Op.SINCE_DEVICE, None, "s", -1, None),
)
"""Features of a transaction, its customer, and known labels."""

LIVE_FEATURES: tuple[Feature, ...] = (
    *CUSTOMER_FEATURES,
    *(feature for entity in ENTITIES for feature in _entity_features(entity)),
    Feature("amount_to_joint_mean_30d", "amount_minor", Op.TO_JOINT_MEAN, MONTH, "ratio", -1, Usual(None, 1)),
)
"""The customer's features, those of each entity, and of both: a former table, whose models are read."""

FEATURES: tuple[Feature, ...] = (
    *LIVE_FEATURES,
    *(
        feature
        for entity in LABELLED_ENTITIES
        if entity.name != "merchant"  # its label features are among the former ones
        for feature in _label_features(entity.name, entity.name)
    ),
    Feature("devices_24h", "device_id", Op.DEVICES, DAY, "devices", 0, Usual(None, 1)),
    Feature("devices_30d", "device_id", Op.DEVICES, MONTH, "devices", 0, Usual(None, 1)),
)
"""All features in the order of their columns in x."""

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)

RISK_SOURCES = {
    feature.name: feature.source for feature in FEATURES if feature.operation in {Op.CATEGORY_RISK, Op.TYPE_RISK}
}
"""Features that are fraud rates of a model's own, and the field of each."""


def spec_hash(features: Sequence[Feature] | None = None) -> str:
    """Return the fingerprint of everything that gives x its meaning.

    Parameters
    ----------
    features : sequence of Feature, optional
        The columns of x; by default all `FEATURES`.

    Returns
    -------
    str
        First 16 hex digits of the SHA-256 over the table (without `usual`), what is kept, and
        `SEMANTICS_VERSION`. A model is bound to it: the scorer refuses an artifact that has another.
    """
    features = FEATURES if features is None else features
    spec: dict[str, object] = {
        "features": [_spec_row(feature) for feature in features],
        "k": K,
        "labels": KEPT_LABELS,
        "horizon_ms": HORIZON_MS,
        "versions": [SEMANTICS_VERSION, *_RECORDS_OF_SEMANTICS],
    }
    if any(feature.entity for feature in features):
        spec["entities"] = [RECENT, REGISTERS, BLOOM_WORDS, BLOOM_ADDS]
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def _spec_row(feature: Feature) -> list[object]:
    window_ms = feature.window.length_ms if feature.window else None
    row: list[object] = [
        feature.name,
        feature.source,
        feature.operation.value,
        window_ms,
        feature.unit,
        float(feature.missing),
    ]
    return row if feature.entity is None else [*row, _ENTITY_COLUMNS[feature.entity]]


def _formerly_named(features: Sequence[Feature]) -> tuple[Feature, ...]:
    former = {present: name for name, present in FORMER_NAMES.items()}
    return tuple(replace(feature, name=former.get(feature.name, feature.name)) for feature in features)


TABLE_WIDTHS: Mapping[str, int] = {
    spec_hash(table): len(table)
    for table in (_formerly_named(FORMER_FEATURES), FORMER_FEATURES, CUSTOMER_FEATURES, LIVE_FEATURES, FEATURES)
}
"""Width of x by spec hash, for the tables whose models and records are read: a former one begins as `FEATURES` does.

Under their former names the features have the same meaning.
"""
