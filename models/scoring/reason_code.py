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
    TRAVEL = "TRAVEL"
    TIME_OF_DAY = "TIME_OF_DAY"
    CATEGORY = "CATEGORY"
    PAYMENT_TYPE = "PAYMENT_TYPE"
    MERCHANT_FRAUDS = "MERCHANT_FRAUDS"
    CUSTOMER_FRAUDS = "CUSTOMER_FRAUDS"
    CUSTOMER_RECORD = "CUSTOMER_RECORD"

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
    ReasonCode.TRAVEL: "The distance from the customer's last transaction",
    ReasonCode.TIME_OF_DAY: "The time of the day or of the week, by UTC",
    ReasonCode.CATEGORY: "How frequent fraud is at merchants of this kind",
    ReasonCode.PAYMENT_TYPE: "How frequent fraud is with payments of this kind",
    ReasonCode.MERCHANT_FRAUDS: "What is known of fraud at this merchant",
    ReasonCode.CUSTOMER_FRAUDS: "Known frauds on this customer's card",
    ReasonCode.CUSTOMER_RECORD: "How much is known of this customer",
}

CODES: dict[Op, ReasonCode] = {
    Op.AMOUNT: ReasonCode.AMOUNT,
    Op.Z_SCORE: ReasonCode.AMOUNT,
    Op.TO_MEAN: ReasonCode.AMOUNT,
    Op.TO_MAXIMUM: ReasonCode.AMOUNT,
    Op.TO_GENUINE_MEAN: ReasonCode.AMOUNT,
    Op.TO_GENUINE_MAXIMUM: ReasonCode.AMOUNT,
    Op.GENUINE_Z_SCORE: ReasonCode.AMOUNT,
    Op.MERCHANT_MEAN: ReasonCode.AMOUNT_AT_MERCHANT,
    Op.TO_MERCHANT_MEAN: ReasonCode.AMOUNT_AT_MERCHANT,
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
    Op.NEW_DEVICE: ReasonCode.NEW_DEVICE,
    Op.DISTANCE: ReasonCode.TRAVEL,
    Op.SPEED: ReasonCode.TRAVEL,
    Op.HOUR: ReasonCode.TIME_OF_DAY,
    Op.NIGHT: ReasonCode.TIME_OF_DAY,
    Op.WEEKEND: ReasonCode.TIME_OF_DAY,
    Op.CATEGORY_RISK: ReasonCode.CATEGORY,
    Op.TYPE_RISK: ReasonCode.PAYMENT_TYPE,
    Op.MERCHANT_KNOWN: ReasonCode.MERCHANT_FRAUDS,
    Op.MERCHANT_FRAUDS: ReasonCode.MERCHANT_FRAUDS,
    Op.MERCHANT_FRAUD_SHARE: ReasonCode.MERCHANT_FRAUDS,
    Op.FRAUD_RUN: ReasonCode.MERCHANT_FRAUDS,
    Op.FRAUD_RUN_AGE: ReasonCode.MERCHANT_FRAUDS,
    Op.SINCE_MERCHANT_FRAUD: ReasonCode.MERCHANT_FRAUDS,
    Op.SINCE_MERCHANT_GENUINE: ReasonCode.MERCHANT_FRAUDS,
    Op.KNOWN_FRAUDS: ReasonCode.CUSTOMER_FRAUDS,
    Op.SINCE_KNOWN_FRAUD: ReasonCode.CUSTOMER_FRAUDS,
    Op.HISTORY_COUNT: ReasonCode.CUSTOMER_RECORD,
    Op.KNOWN_GENUINE: ReasonCode.CUSTOMER_RECORD,
    Op.GENUINE_MEAN: ReasonCode.CUSTOMER_RECORD,
    Op.GENUINE_MAXIMUM: ReasonCode.CUSTOMER_RECORD,
}
"""The code of each operation."""

FEATURE_CODES: tuple[ReasonCode, ...] = tuple(CODES[feature.operation] for feature in FEATURES)
"""The code of each feature, in the order of `FEATURES`."""
