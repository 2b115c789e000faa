"""Reason codes of alerts."""

from enum import StrEnum

from models.features.operation import Operation as Op
from models.features.table import FEATURES


class ReasonCode(StrEnum):
    """Why a transaction was alerted, for reviewers, and for rules and reports downstream.

    A code keeps its meaning: what means something else gets a new one. It covers all features that
    say the same of a transaction, over whichever window; how strong each is shifts with each training.
    """

    AMOUNT = "AMOUNT"
    AMOUNT_AT_MERCHANT = "AMOUNT_AT_MERCHANT"
    SPENDING = "SPENDING"
    FREQUENCY = "FREQUENCY"
    PACE = "PACE"
    MERCHANTS = "MERCHANTS"
    SAME_MERCHANT = "SAME_MERCHANT"
    NEW_MERCHANT = "NEW_MERCHANT"
    NEW_DEVICE = "NEW_DEVICE"
    DEVICES = "DEVICES"
    TRAVEL = "TRAVEL"
    LOCATION = "LOCATION"
    TIME_OF_DAY = "TIME_OF_DAY"
    CATEGORY = "CATEGORY"
    PAYMENT_TYPE = "PAYMENT_TYPE"
    MERCHANT_FRAUDS = "MERCHANT_FRAUDS"
    CUSTOMER_FRAUDS = "CUSTOMER_FRAUDS"
    CUSTOMER_RECORD = "CUSTOMER_RECORD"
    MERCHANT_ACTIVITY = "MERCHANT_ACTIVITY"
    MERCHANT_CUSTOMERS = "MERCHANT_CUSTOMERS"
    MERCHANT_AGE = "MERCHANT_AGE"
    DEVICE_ACTIVITY = "DEVICE_ACTIVITY"
    DEVICE_CUSTOMERS = "DEVICE_CUSTOMERS"
    DEVICE_AGE = "DEVICE_AGE"
    AMOUNT_ON_DEVICE = "AMOUNT_ON_DEVICE"
    DEVICE_FRAUDS = "DEVICE_FRAUDS"
    OWN_COLUMNS = "OWN_COLUMNS"

    @property
    def text(self) -> str:
        """The code in words that a reviewer understands."""
        return TEXTS[self]


TEXTS = {
    ReasonCode.AMOUNT: "The amount, compared with what the customer usually pays",
    ReasonCode.AMOUNT_AT_MERCHANT: "The amount, compared with what is usually paid at this merchant",
    ReasonCode.SPENDING: "How much the customer has spent lately",
    ReasonCode.FREQUENCY: "How many transactions the customer has made lately",
    ReasonCode.PACE: "The time since the customer's last transaction",
    ReasonCode.MERCHANTS: "How many merchants the customer has paid lately",
    ReasonCode.SAME_MERCHANT: "How often the customer has paid this merchant lately",
    ReasonCode.NEW_MERCHANT: "Whether the customer has paid this merchant before",
    ReasonCode.NEW_DEVICE: "Whether the customer has used this device before",
    ReasonCode.DEVICES: "How many devices the customer has used lately",
    ReasonCode.TRAVEL: "The distance from the customer's last transaction",
    ReasonCode.LOCATION: "How often the customer has paid near this location",
    ReasonCode.TIME_OF_DAY: "The time of the day or of the week, by UTC",
    ReasonCode.CATEGORY: "How frequent fraud is at merchants of this kind",
    ReasonCode.PAYMENT_TYPE: "How frequent fraud is with payments of this kind",
    ReasonCode.MERCHANT_FRAUDS: "What is known of fraud at this merchant",
    ReasonCode.CUSTOMER_FRAUDS: "Known frauds on this customer's card",
    ReasonCode.CUSTOMER_RECORD: "How much is known of this customer",
    ReasonCode.MERCHANT_ACTIVITY: "How many payments this merchant has received lately",
    ReasonCode.MERCHANT_CUSTOMERS: "How many customers have paid this merchant lately, and how many are new to it",
    ReasonCode.MERCHANT_AGE: "How long this merchant has been known",
    ReasonCode.DEVICE_ACTIVITY: "How many payments this device has made lately",
    ReasonCode.DEVICE_CUSTOMERS: "How many customers have used this device lately, and how many are new to it",
    ReasonCode.DEVICE_AGE: "How long this device has been known",
    ReasonCode.AMOUNT_ON_DEVICE: "The amount compared with what is usually paid on this device",
    ReasonCode.DEVICE_FRAUDS: "What is known of fraud on this device",
    ReasonCode.OWN_COLUMNS: "What the deployment's own columns say of the transaction",
}


def _label_codes(frauds: ReasonCode, amount: ReasonCode) -> dict[Op, ReasonCode]:
    return {
        **dict.fromkeys((Op.ENTITY_LABELS, Op.ENTITY_FRAUDS, Op.ENTITY_FRAUD_RATE), frauds),
        **dict.fromkeys((Op.FRAUD_STREAK, Op.FRAUD_STREAK_AGE), frauds),
        **dict.fromkeys((Op.SINCE_ENTITY_FRAUD, Op.SINCE_ENTITY_GENUINE), frauds),
        **dict.fromkeys((Op.ENTITY_LABELLED_MEAN, Op.ENTITY_TO_LABELLED_MEAN), amount),
    }


CODES: dict[Op, ReasonCode] = {
    Op.AMOUNT: ReasonCode.AMOUNT,
    Op.Z_SCORE: ReasonCode.AMOUNT,
    Op.TO_MEAN: ReasonCode.AMOUNT,
    Op.TO_MAXIMUM: ReasonCode.AMOUNT,
    Op.TO_SAME_MEAN: ReasonCode.AMOUNT,
    Op.TO_JOINT_MEAN: ReasonCode.AMOUNT,
    Op.TO_GENUINE_MEAN: ReasonCode.AMOUNT,
    Op.TO_GENUINE_MAXIMUM: ReasonCode.AMOUNT,
    Op.GENUINE_Z_SCORE: ReasonCode.AMOUNT,
    Op.SUM: ReasonCode.SPENDING,
    Op.MEAN: ReasonCode.SPENDING,
    Op.DEVIATION: ReasonCode.SPENDING,
    Op.MAXIMUM: ReasonCode.SPENDING,
    Op.COUNT: ReasonCode.FREQUENCY,
    Op.USUAL_GAP: ReasonCode.FREQUENCY,
    Op.SINCE_LAST: ReasonCode.PACE,
    Op.MERCHANTS: ReasonCode.MERCHANTS,
    Op.SAME_MERCHANT: ReasonCode.SAME_MERCHANT,
    Op.NEW_MERCHANT: ReasonCode.NEW_MERCHANT,
    Op.NEW_MERCHANTS: ReasonCode.MERCHANTS,
    Op.NEW_DEVICE: ReasonCode.NEW_DEVICE,
    Op.SINCE_DEVICE: ReasonCode.NEW_DEVICE,
    Op.DEVICES: ReasonCode.DEVICES,
    Op.DISTANCE: ReasonCode.TRAVEL,
    Op.SPEED: ReasonCode.TRAVEL,
    Op.AWAY_SPEED: ReasonCode.TRAVEL,
    Op.NEAR_SHARE: ReasonCode.LOCATION,
    Op.HOUR: ReasonCode.TIME_OF_DAY,
    Op.NIGHT: ReasonCode.TIME_OF_DAY,
    Op.WEEKEND: ReasonCode.TIME_OF_DAY,
    Op.CATEGORY_RISK: ReasonCode.CATEGORY,
    Op.TYPE_RISK: ReasonCode.PAYMENT_TYPE,
    Op.KNOWN_FRAUDS: ReasonCode.CUSTOMER_FRAUDS,
    Op.SINCE_KNOWN_FRAUD: ReasonCode.CUSTOMER_FRAUDS,
    Op.HISTORY_COUNT: ReasonCode.CUSTOMER_RECORD,
    Op.KNOWN_GENUINE: ReasonCode.CUSTOMER_RECORD,
    Op.GENUINE_MEAN: ReasonCode.CUSTOMER_RECORD,
    Op.GENUINE_MAXIMUM: ReasonCode.CUSTOMER_RECORD,
    **_label_codes(ReasonCode.MERCHANT_FRAUDS, ReasonCode.AMOUNT_AT_MERCHANT),
}
"""The code of each operation on a customer's history, and on labels of the customer and the merchant."""


def _entity_codes(
    activity: ReasonCode, customers: ReasonCode, age: ReasonCode, amount: ReasonCode, is_new: ReasonCode
) -> dict[Op, ReasonCode]:
    return {
        **dict.fromkeys((Op.ENTITY_COUNT, Op.ENTITY_SUM, Op.ENTITY_SINCE_LAST), activity),
        **dict.fromkeys((Op.ENTITY_SIMILAR_KNOWN, Op.ENTITY_SIMILAR_NEW), activity),
        **dict.fromkeys((Op.ENTITY_CUSTOMERS, Op.ENTITY_NEW_SHARE), customers),
        **dict.fromkeys((Op.ENTITY_MEAN, Op.ENTITY_DEVIATION, Op.ENTITY_MAXIMUM), amount),
        **dict.fromkeys((Op.ENTITY_Z_SCORE, Op.ENTITY_TO_MEAN), amount),
        Op.ENTITY_AGE: age,
        Op.ENTITY_IS_NEW_CUSTOMER: is_new,
    }


ENTITY_CODES: dict[str, dict[Op, ReasonCode]] = {
    "merchant": _entity_codes(
        ReasonCode.MERCHANT_ACTIVITY,
        ReasonCode.MERCHANT_CUSTOMERS,
        ReasonCode.MERCHANT_AGE,
        ReasonCode.AMOUNT_AT_MERCHANT,
        ReasonCode.NEW_MERCHANT,
    ),
    "device": {
        **_entity_codes(
            ReasonCode.DEVICE_ACTIVITY,
            ReasonCode.DEVICE_CUSTOMERS,
            ReasonCode.DEVICE_AGE,
            ReasonCode.AMOUNT_ON_DEVICE,
            ReasonCode.NEW_DEVICE,
        ),
        **_label_codes(ReasonCode.DEVICE_FRAUDS, ReasonCode.AMOUNT_ON_DEVICE),
    },
}
"""By entity, the code of each operation on its transactions, and on its labels."""

FEATURE_CODES: tuple[ReasonCode, ...] = tuple(
    (ENTITY_CODES[feature.entity] if feature.entity else CODES)[feature.operation] for feature in FEATURES
)
"""The code of each feature, in the order of `FEATURES`."""


def code_of(column: int) -> ReasonCode:
    """Return the code of a column of x: those of declared columns follow `FEATURES`."""
    return FEATURE_CODES[column] if column < len(FEATURE_CODES) else ReasonCode.OWN_COLUMNS
