"""Sentences on an alert's reasons for an analyst: what happened, what is normal there, how strong it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models.features.former_names import by_present_name, present_name
from models.features.operation import Operation as Op
from models.features.table import FEATURES, Feature, Window
from schemas.currency import exponent_of

STRONG, MODERATE = 1.5, 0.5
"""Log-odds from which a reason is strong or moderate: they multiply the odds of fraud by 4.5 and by 1.6."""

FLAGS: Mapping[Op, tuple[str, str]] = {
    Op.NEW_MERCHANT: ("First payment at this merchant", "Has paid at this merchant before"),
    Op.NEW_DEVICE: ("First use of this device", "Has used this device before"),
    Op.NIGHT: ("Paid at night, 00:00 to 05:59 UTC", "Paid outside the night hours, 06:00 to 23:59 UTC"),
    Op.WEEKEND: ("Paid on a weekend, UTC", "Paid on a weekday, UTC"),
    Op.ENTITY_IS_NEW_CUSTOMER: ("First payment of this customer {at}", "Customer has paid {at} before"),
}
"""Sentence of a flag that is set, and of one that is not."""


@dataclass(frozen=True)
class Sentence:
    """Sentence on a feature, with `{value}`, `{window}` and, of an entity, `{at}`.

    Parameters
    ----------
    noun
        Noun that a count is given with, in the singular.
    compares
        Whether it names what is normal itself, so that the usual value says nothing more.
    """

    text: str
    noun: str = ""
    compares: bool = False


SENTENCES: Mapping[Op, Sentence] = {
    Op.COUNT: Sentence("{value} in the last {window} before this one", "transaction"),
    Op.SUM: Sentence("Spent {value} in the last {window}"),
    Op.MEAN: Sentence("Spent {value} on average in the last {window}"),
    Op.DEVIATION: Sentence("Amounts of the last {window} vary by {value}"),
    Op.MAXIMUM: Sentence("Largest amount of the last {window} is {value}"),
    Op.MERCHANTS: Sentence("Paid at {value} in the last {window}", "merchant"),
    Op.DEVICES: Sentence("Used {value} in the last {window}", "device"),
    Op.SAME_MERCHANT: Sentence("{value} at this merchant in the last {window}", "transaction"),
    Op.Z_SCORE: Sentence("Amount is {value} standard deviations from the average of the last {window}", compares=True),
    Op.TO_MEAN: Sentence("Amount is {value} times the customer's average of the last {window}", compares=True),
    Op.TO_MAXIMUM: Sentence("Amount is {value} times the customer's maximum of the last {window}", compares=True),
    Op.AMOUNT: Sentence("Amount is {value}"),
    Op.HISTORY_COUNT: Sentence("{value} of the customer in the history", "transaction"),
    Op.USUAL_GAP: Sentence("One transaction every {value} on average"),
    Op.SINCE_LAST: Sentence("{value} after the customer's last transaction"),
    Op.DISTANCE: Sentence("{value} from the customer's last transaction"),
    Op.SPEED: Sentence("Moved at {value} since the customer's last transaction"),
    Op.NEAR_SHARE: Sentence("{value} of the customer's located transactions are within 100 km of this one"),
    Op.AWAY_SPEED: Sentence("Moved at {value} since the customer's last transaction more than 100 km away"),
    Op.TO_SAME_MEAN: Sentence("Amount is {value} times the customer's average at this merchant", compares=True),
    Op.TO_JOINT_MEAN: Sentence(
        "Amount is {value} times what the customer and this merchant's customers pay on average", compares=True
    ),
    Op.NEW_MERCHANTS: Sentence("{value} in the last hour where the customer had not paid before", "transaction"),
    Op.SINCE_DEVICE: Sentence("{value} after the customer's last transaction with this device"),
    Op.HOUR: Sentence("Paid in hour {value} of the day, UTC"),
    Op.CATEGORY_RISK: Sentence("Fraud rate of this merchant category is {value}"),
    Op.TYPE_RISK: Sentence("Fraud rate of this payment type is {value}"),
    Op.ENTITY_LABELS: Sentence("{value} {at} in the last {window}", "label"),
    Op.ENTITY_FRAUDS: Sentence("{value} {at} in the last {window}", "known fraud"),
    Op.ENTITY_FRAUD_RATE: Sentence("{value} of the labels of the last {window} {at} are fraud"),
    Op.ENTITY_LABELLED_MEAN: Sentence("Average labelled amount {at} is {value} in the last {window}"),
    Op.ENTITY_TO_LABELLED_MEAN: Sentence(
        "Amount is {value} times the average labelled amount {at} in the last {window}", compares=True
    ),
    Op.FRAUD_STREAK: Sentence("{value} in a row {at}, up to the newest label", "known fraud"),
    Op.FRAUD_STREAK_AGE: Sentence("Streak of known frauds {at} began {value} ago"),
    Op.SINCE_ENTITY_FRAUD: Sentence("Last known fraud {at} was {value} ago"),
    Op.SINCE_ENTITY_GENUINE: Sentence("Last known genuine payment {at} was {value} ago"),
    Op.KNOWN_FRAUDS: Sentence("{value} of this customer", "known fraud"),
    Op.SINCE_KNOWN_FRAUD: Sentence("Last known fraud of this customer was {value} ago"),
    Op.KNOWN_GENUINE: Sentence("{value} of this customer", "known genuine transaction"),
    Op.GENUINE_MEAN: Sentence("Average of the customer's known genuine amounts is {value}"),
    Op.GENUINE_MAXIMUM: Sentence("Largest of the customer's known genuine amounts is {value}"),
    Op.TO_GENUINE_MEAN: Sentence("Amount is {value} times the customer's average genuine amount", compares=True),
    Op.TO_GENUINE_MAXIMUM: Sentence("Amount is {value} times the customer's largest genuine amount", compares=True),
    Op.GENUINE_Z_SCORE: Sentence(
        "Amount is {value} standard deviations from the customer's average genuine amount", compares=True
    ),
    Op.ENTITY_COUNT: Sentence("{value} {at} in the last {window}", "transaction"),
    Op.ENTITY_SUM: Sentence("{value} paid {at} in the last {window}"),
    Op.ENTITY_MEAN: Sentence("Average amount {at} is {value} in the last {window}"),
    Op.ENTITY_DEVIATION: Sentence("Amounts {at} vary by {value} in the last {window}"),
    Op.ENTITY_MAXIMUM: Sentence("Largest amount {at} is {value} in the last {window}"),
    Op.ENTITY_CUSTOMERS: Sentence("{value} {at} in the last {window}", "customer"),
    Op.ENTITY_NEW_SHARE: Sentence("{value} of the transactions {at} in the last {window} are by new customers"),
    Op.ENTITY_Z_SCORE: Sentence(
        "Amount is {value} standard deviations from the average {at} in the last {window}", compares=True
    ),
    Op.ENTITY_TO_MEAN: Sentence("Amount is {value} times the average {at} in the last {window}", compares=True),
    Op.ENTITY_SIMILAR_KNOWN: Sentence(
        "{value} of a similar amount {at} in the last hour, by known customers", "payment"
    ),
    Op.ENTITY_SIMILAR_NEW: Sentence("{value} of a similar amount {at} in the last hour, by new customers", "payment"),
    Op.ENTITY_AGE: Sentence("First transaction {at} was {value} ago"),
    Op.ENTITY_SINCE_LAST: Sentence("Last transaction {at} was {value} ago"),
}

AT: Mapping[str | None, str] = {
    None: "at this merchant",  # features of its labels name no entity
    "merchant": "at this merchant",
    "device": "on this device",
}
"""Words for an entity."""

TIMES_USUAL = 2
"""Ratio of an entity's activity to its usual one from which the sentence names it."""

_ACTIVITY = {Op.ENTITY_COUNT, Op.ENTITY_SUM, Op.ENTITY_CUSTOMERS}

NO_FEATURES: Mapping[str, float] = MappingProxyType({})

_FEATURES = {feature.name: feature for feature in FEATURES}
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def summarized(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert, each of its reasons with a `summary` and `strength`; its features have their present names."""
    features = by_present_name(alert.get("features", NO_FEATURES))
    reasons = [summarize(reason, alert["currency"], features) for reason in alert["reasons"]]
    return {**alert, "features": features, "reasons": reasons}


def summarize(reason: Mapping[str, Any], currency: str, features: Mapping[str, float] = NO_FEATURES) -> dict[str, Any]:
    """Return a reason with its `summary` and `strength`; the parameters are those of `summary`.

    Its feature has its present name.
    """
    reason = {**reason, "feature": present_name(reason["feature"])}
    found = summary(reason, currency, features)
    return {**reason, "summary": found, "strength": strength(reason["contribution"])}


def strength(contribution: float | None) -> str | None:
    """Return how strong a reason is; None of a rule, and where the model gives no contributions."""
    if contribution is None:
        return None
    return "strong" if contribution >= STRONG else "moderate" if contribution >= MODERATE else "weak"


def summary(reason: Mapping[str, Any], currency: str, features: Mapping[str, float] = NO_FEATURES) -> str:
    """Return a sentence on a reason: what happened, and in brackets what is usual.

    Of a rule it is the rule's own text, and of a feature that this version does not have its name with the value.

    Parameters
    ----------
    reason : mapping
        As in `schemas/avro/alert.avsc`.
    features : mapping of str to float
        The alert's features by name, as far as they are known.
    """
    if reason["code"].startswith("rule:"):
        return str(reason.get("text") or reason["code"])
    feature, value, usual = _FEATURES.get(reason["feature"]), reason["value"], reason["usual"]
    if feature is None:
        return f"{reason['feature']} is {value:.4g}" + ("" if usual is None else f" (usually {usual:.4g})")
    if value == feature.missing and (feature.missing < 0 or _is_absent(feature, features)):
        known = f"transaction without a {feature.entity}" if _is_absent(feature, features) else "nothing known yet"
        return f"{reason.get('text') or feature.name}: {known}"
    at = AT[feature.entity]
    if feature.operation in FLAGS:
        return FLAGS[feature.operation][0 if value else 1].format(at=at)
    sentence = SENTENCES[feature.operation]
    noun = _noun(feature, sentence, features)
    text = sentence.text.format(value=_worded(feature, value, currency, noun), window=_window(feature.window), at=at)
    return text if usual is None or sentence.compares else text + _compared(feature, value, usual, currency)


def _is_absent(feature: Feature, features: Mapping[str, float]) -> bool:
    """Return whether the transaction has no entity of the feature's kind."""
    return features.get(f"{feature.entity}_new_customer") == -1


def _compared(feature: Feature, value: float, usual: float, currency: str) -> str:
    normal = _worded(feature, usual, currency)
    own = feature.operation in _ACTIVITY and feature.usual is not None and feature.usual.feature is not None
    if own and usual >= 1 and value >= TIMES_USUAL * usual:
        return f", {value / usual:,.0f} times the usual {normal}"
    return f" (usually {normal})"


def _noun(feature: Feature, sentence: Sentence, features: Mapping[str, float]) -> str:
    """Return the noun of a count: a customer who is new to an entity is not among those counted there."""
    is_new = features.get(f"{feature.entity}_new_customer") == 1
    return "other customer" if feature.operation is Op.ENTITY_CUSTOMERS and is_new else sentence.noun


def _worded(feature: Feature, value: float, currency: str, noun: str = "") -> str:
    match feature.unit:
        case "major units":
            return f"{value:,.{exponent_of(currency)}f} {currency}"
        case "s":
            return _span(value)
        case "probability" | "share":
            return f"{value:.2%}"
        case "km" | "km/h":
            return f"{value:,.0f} {feature.unit}"
        case "ratio" | "deviations":
            return f"{value:,.1f}"
    return _count(value, noun, is_estimated=feature.operation is Op.ENTITY_CUSTOMERS and not float(value).is_integer())


def _count(value: float, noun: str, *, is_estimated: bool) -> str:
    if is_estimated and noun and value >= 1:  # by a sketch
        return f"About {_count(round(value), noun, is_estimated=False)}"
    number = f"{value:,.0f}" if value >= 10 or float(value).is_integer() else f"{value:.2g}"
    return number if not noun else f"{number} {noun}{'' if value == 1 else 's'}"


def _window(window: Window | None) -> str:
    if window is None:
        return ""
    text = _span(window.length_ms / 1_000)
    return {"1 hour": "hour", "1 day": "24 hours"}.get(text, text)


def _span(seconds: float) -> str:
    """Return a span of time in its largest unit that fits, as "3 hours"."""
    size, unit = next(((size, unit) for size, unit in _SPANS if seconds >= size), _SPANS[-1])
    number = f"{seconds / size:.1f}".removesuffix(".0")
    return f"{number} {unit}{'' if number == '1' else 's'}"
