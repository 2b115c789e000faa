"""Reason codes."""

from models.features.entity import ENTITIES
from models.features.operation import Operation
from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.reason_code import CODES, ENTITY_CODES, FEATURE_CODES, TEXTS, ReasonCode

# Meaning of each code since its introduction. Stored alerts, and rules and reports downstream, use the codes:
# a new feature may join a code with a fitting text; no feature leaves a code, and no text changes its meaning.
MEANINGS = {
    "AMOUNT": (
        "The amount, compared with what the customer usually pays",
        {
            "amount", "z_score", "to_mean", "to_maximum", "to_same_mean", "to_joint_mean",
            "to_genuine_mean", "to_genuine_maximum", "genuine_z_score",
        },
    ),
    "AMOUNT_AT_MERCHANT": (
        "The amount, compared with what is usually paid at this merchant",
        {
            "merchant_mean", "to_merchant_mean", "merchant entity_mean", "merchant entity_deviation",
            "merchant entity_maximum", "merchant entity_z_score", "merchant entity_to_mean",
        },
    ),
    "SPENDING": ("How much the customer has spent lately", {"sum", "mean", "deviation", "maximum"}),
    "FREQUENCY": ("How many transactions the customer has made lately", {"count", "usual_gap"}),
    "PACE": ("The time since the customer's last transaction", {"since_last"}),
    "MERCHANTS": ("How many merchants the customer has paid lately", {"merchants", "new_merchants"}),
    "SAME_MERCHANT": ("How often the customer has paid this merchant lately", {"same_merchant"}),
    "NEW_MERCHANT": (
        "Whether the customer has paid this merchant before", {"new_merchant", "merchant entity_is_new_customer"}
    ),
    "NEW_DEVICE": (
        "Whether the customer has used this device before",
        {"new_device", "since_device", "device entity_is_new_customer"},
    ),
    "DEVICES": ("How many devices the customer has used lately", {"devices"}),
    "TRAVEL": ("The distance from the customer's last transaction", {"distance", "speed", "away_speed"}),
    "LOCATION": ("How often the customer has paid near this location", {"near_share"}),
    "TIME_OF_DAY": ("The time of the day or of the week, by UTC", {"hour", "night", "weekend"}),
    "CATEGORY": ("How frequent fraud is at merchants of this kind", {"category_risk"}),
    "PAYMENT_TYPE": ("How frequent fraud is with payments of this kind", {"type_risk"}),
    "MERCHANT_FRAUDS": (
        "What is known of fraud at this merchant",
        {
            "merchant_known", "merchant_frauds", "merchant_fraud_share", "fraud_run", "fraud_run_age",
            "since_merchant_fraud", "since_merchant_genuine",
        },
    ),
    "CUSTOMER_FRAUDS": ("Known frauds on this customer's card", {"known_frauds", "since_known_fraud"}),
    "CUSTOMER_RECORD": (
        "How much is known of this customer",
        {"history_count", "known_genuine", "genuine_mean", "genuine_maximum"},
    ),
    "MERCHANT_ACTIVITY": (
        "How many payments this merchant has received lately",
        {
            "merchant entity_count", "merchant entity_sum", "merchant entity_since_last",
            "merchant entity_similar_known", "merchant entity_similar_new",
        },
    ),
    "MERCHANT_CUSTOMERS": (
        "How many customers have paid this merchant lately, and how many are new to it",
        {"merchant entity_customers", "merchant entity_new_share"},
    ),
    "MERCHANT_AGE": ("How long this merchant has been known", {"merchant entity_age"}),
    "DEVICE_ACTIVITY": (
        "How many payments this device has made lately",
        {
            "device entity_count", "device entity_sum", "device entity_since_last", "device entity_similar_known",
            "device entity_similar_new",
        },
    ),
    "DEVICE_CUSTOMERS": (
        "How many customers have used this device lately, and how many are new to it",
        {"device entity_customers", "device entity_new_share"},
    ),
    "DEVICE_AGE": ("How long this device has been known", {"device entity_age"}),
    "AMOUNT_ON_DEVICE": (
        "The amount compared with what is usually paid on this device",
        {
            "device entity_mean", "device entity_deviation", "device entity_maximum", "device entity_z_score",
            "device entity_to_mean", "device merchant_mean", "device to_merchant_mean",
        },
    ),
    "DEVICE_FRAUDS": (
        "What is known of fraud on this device",
        {
            "device merchant_known", "device merchant_frauds", "device merchant_fraud_share", "device fraud_run",
            "device fraud_run_age", "device since_merchant_fraud", "device since_merchant_genuine",
        },
    ),
    "OWN_COLUMNS": ("What the deployment's own columns say of the transaction", set()),
}  # fmt: skip


GIVEN = {operation.value: code for operation, code in CODES.items()} | {
    f"{entity} {operation.value}": code for entity, codes in ENTITY_CODES.items() for operation, code in codes.items()
}


def test_codes_keep_their_meaning():
    for name, (text, operations) in MEANINGS.items():
        code = ReasonCode(name)
        assert code.text == text
        assert operations <= {operation for operation, given in GIVEN.items() if given is code}


def test_every_code_is_listed_here():
    assert {code.value for code in ReasonCode} == set(MEANINGS) == {code.value for code in TEXTS}


def test_every_operation_has_a_code():
    operations = {
        entity.name: {feature.operation for feature in FEATURES if feature.entity == entity.name} for entity in ENTITIES
    }
    assert CODES.keys() | set().union(*operations.values()) == set(Operation)
    assert operations == {name: set(codes) for name, codes in ENTITY_CODES.items()}
    assert len(FEATURE_CODES) == len(FEATURE_NAMES)
