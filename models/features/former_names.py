"""Former names of features, which artifacts, rules, archives and alerts of earlier versions have."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")

_BY_WINDOW = (
    ("sum", "amount_sum", "10m 1h 24h 7d 30d"),
    ("mean", "amount_mean", "10m 1h 24h 7d 30d"),
    ("deviation", "amount_std", "10m 1h 24h 7d 30d"),
    ("max", "amount_max", "10m 1h 24h 7d 30d"),
    ("same", "same_merchant_count", "10m 1h 24h 7d 30d"),
    ("z", "amount_z", "10m 1h 24h 7d 30d"),
    ("to_mean", "amount_to_mean", "10m 1h 24h 7d 30d"),
    ("to_max", "amount_to_max", "7d 30d"),
    ("merchant_known", "merchant_labels", "1d 2d 7d 28d 30d"),
    ("merchant_fraud_share", "merchant_fraud_rate", "1d 2d 7d 28d 30d"),
    ("merchant_mean", "merchant_labelled_amount_mean", "7d 28d"),
    ("to_merchant_mean", "merchant_labelled_amount_to_mean", "28d"),
    ("merchant_amount_deviation", "merchant_amount_std", "10m 1h 24h 7d 30d"),
    ("merchant_new_share", "merchant_new_customer_share", "10m 1h 24h 7d 30d"),
    ("device_amount_deviation", "device_amount_std", "10m 1h 24h 7d 30d"),
    ("device_new_share", "device_new_customer_share", "10m 1h 24h 7d 30d"),
)

FORMER_NAMES: Mapping[str, str] = {
    **{f"{former}_{w}": f"{present}_{w}" for former, present, windows in _BY_WINDOW for w in windows.split()},
    "usual_gap_s": "mean_gap_s",
    "fraud_run": "fraud_streak",
    "fraud_run_age_s": "fraud_streak_age_s",
    "genuine_mean": "genuine_amount_mean",
    "genuine_max": "genuine_amount_max",
    "to_genuine_mean": "genuine_amount_to_mean",
    "to_genuine_max": "genuine_amount_to_max",
    "genuine_z": "genuine_amount_z",
}
"""Present names by former ones. The values of a feature have the same meaning under both."""


def present_name(name: str) -> str:
    """Return the present name of a feature."""
    return FORMER_NAMES.get(name, name)


def present_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the present names of features, in the same sequence."""
    return tuple(map(present_name, names))


def by_present_name(values: Mapping[str, T]) -> dict[str, T]:
    """Return values by feature, each under the feature's present name."""
    return {present_name(name): value for name, value in values.items()}
