from models.features.operation import Operation
from models.features.table import FEATURE_NAMES
from models.scoring.reason_code import CODES, FEATURE_CODES, TEXTS, ReasonCode

# What each code has stood for since it was given. Alerts are kept, and rules and reports downstream name the codes:
# a new feature may join a code whose text holds for it; nothing leaves a code, and no text comes to say something else.
MEANINGS = {
    "AMOUNT": (
        "The amount, compared with what the customer usually pays",
        {"amount", "z_score", "to_mean", "to_maximum", "to_genuine_mean", "to_genuine_maximum", "genuine_z_score"},
    ),
    "AMOUNT_AT_MERCHANT": (
        "The amount, compared with what is usually paid at this merchant",
        {"merchant_mean", "to_merchant_mean"},
    ),
    "SPENDING": ("How much the customer has spent lately", {"sum", "mean", "deviation", "maximum"}),
    "FREQUENCY": ("How many transactions the customer has made lately", {"count", "usual_gap"}),
    "PACE": ("The time since the customer's last transaction", {"since_last"}),
    "MERCHANTS": ("How many merchants the customer has paid lately", {"merchants"}),
    "SAME_MERCHANT": ("How often the customer has paid this merchant lately", {"same_merchant"}),
    "NEW_MERCHANT": ("Whether the customer has paid this merchant before", {"new_merchant"}),
    "NEW_DEVICE": ("Whether the customer has used this device before", {"new_device"}),
    "TRAVEL": ("The distance from the customer's last transaction", {"distance", "speed"}),
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
}  # fmt: skip


def test_codes_keep_their_meaning():
    for name, (text, operations) in MEANINGS.items():
        code = ReasonCode(name)
        assert code.text == text
        assert operations <= {operation.value for operation, given in CODES.items() if given is code}


def test_every_code_is_written_down_here_once_it_is_given():
    assert {code.value for code in ReasonCode} == set(MEANINGS) == {code.value for code in TEXTS}


def test_every_operation_and_so_every_feature_has_a_code():
    assert set(CODES) == set(Operation)
    assert len(FEATURE_CODES) == len(FEATURE_NAMES)
