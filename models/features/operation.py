"""Operations that a feature can apply to a history."""

from enum import StrEnum


class Operation(StrEnum):
    """Operation on a customer's history, or on the known labels, at one transaction.

    "Earlier" means transactions of the customer with ``t - HORIZON_MS <= event_time < t``, in the window where
    there is one. The last K are kept one by one. What left them is in tiles: it counts for the operations marked
    (tiles), by whole tiles, for the others not at all. "Known" means labels with label_time <= t.
    An operation whose operands do not exist yields the feature's own `missing` value.
    """

    # over a window of the customer's transactions
    COUNT = "count"  # number of earlier transactions, 0 when none (tiles)
    SUM = "sum"  # sum of their amounts, 0 when none (tiles)
    MEAN = "mean"  # mean of their amounts (tiles)
    DEVIATION = "deviation"  # population standard deviation of their amounts, 0 for one transaction (tiles)
    MAXIMUM = "maximum"  # largest of their amounts (tiles)
    MERCHANTS = "merchants"  # number of distinct merchants among them (0 when none)
    DEVICES = "devices"  # number of distinct devices among them, 0 when none (tiles: by linear counting)
    SAME_MERCHANT = "same_merchant"  # how many of them were at this transaction's merchant (0 when none)
    Z_SCORE = "z_score"  # (amount - mean) / (deviation + 1 major unit) (tiles)
    TO_MEAN = "to_mean"  # (amount + 1) / (mean + 1), in major units (tiles)
    TO_MAXIMUM = "to_maximum"  # (amount + 1) / (maximum + 1), in major units (tiles)

    # over all that is kept of the customer
    AMOUNT = "amount"  # amount of this transaction
    HISTORY_COUNT = "history_count"  # number of earlier transactions kept, at most K
    USUAL_GAP = "usual_gap"  # mean seconds between transactions: (t - oldest earlier one's time) / their number
    SINCE_LAST = "since_last"  # seconds since the newest earlier transaction
    NEW_MERCHANT = "new_merchant"  # 1 when no earlier transaction was at this merchant (so 1 for the first), else 0
    NEW_DEVICE = "new_device"  # 1 when no earlier one used this device (so 1 for the first), else 0; needs a device
    DISTANCE = "distance"  # great-circle km from the newest earlier transaction that has a location
    SPEED = "speed"  # that distance over the hours since then (at least 60 s), at most 10,000 km/h
    NEAR_SHARE = "near_share"  # share of the earlier ones with a location that are within 100 km of this one's
    AWAY_SPEED = "away_speed"  # as SPEED, from the newest earlier transaction that is further away than that
    TO_SAME_MEAN = "to_same_mean"  # (amount + 1) / (mean amount of the earlier ones at this merchant + 1)
    NEW_MERCHANTS = "new_merchants"  # number of those of the last hour at a merchant of none before (0 when none)
    SINCE_DEVICE = "since_device"  # seconds since the newest earlier transaction with this device
    HOUR = "hour"  # hour of the day in UTC, 0 to 23
    NIGHT = "night"  # 1 from 00:00 to 05:59 UTC, else 0
    WEEKEND = "weekend"  # 1 on Saturday and Sunday in UTC, else 0
    CATEGORY_RISK = "category_risk"  # fraud rate of the merchant category in training, smoothed
    TYPE_RISK = "type_risk"  # fraud rate of the transaction type in training, smoothed

    # over a window of an entity's known labels; windows are by label time. The values are of a time when merchants
    # alone had labels: a model's table depends on them
    ENTITY_LABELS = "merchant_known"  # number of known labels (0 when none)
    ENTITY_FRAUDS = "merchant_frauds"  # number of known frauds (0 when none)
    ENTITY_FRAUD_RATE = "merchant_fraud_share"  # frauds / known labels (0 when none)
    ENTITY_LABELLED_MEAN = "merchant_mean"  # mean amount of the transactions whose labels are known
    ENTITY_TO_LABELLED_MEAN = "to_merchant_mean"  # (amount + 1) / (that mean + 1), in major units

    # over all known labels of an entity; a streak is the longest end of the newest KEPT_LABELS that is all fraud
    FRAUD_STREAK = "fraud_run"  # number of frauds in the current streak (0 when none)
    FRAUD_STREAK_AGE = "fraud_run_age"  # seconds since the label time of the streak's first fraud
    SINCE_ENTITY_FRAUD = "since_merchant_fraud"  # seconds since the newest known fraud's label time
    SINCE_ENTITY_GENUINE = "since_merchant_genuine"  # seconds since the newest known genuine one's label time

    # over all known labels of the customer
    KNOWN_FRAUDS = "known_frauds"  # number of known frauds (0 when none)
    SINCE_KNOWN_FRAUD = "since_known_fraud"  # seconds since the newest known fraud's label time
    KNOWN_GENUINE = "known_genuine"  # number of known genuine transactions (0 when none)
    GENUINE_MEAN = "genuine_mean"  # mean amount of the known genuine transactions
    GENUINE_MAXIMUM = "genuine_maximum"  # largest amount of them
    TO_GENUINE_MEAN = "to_genuine_mean"  # (amount + 1) / (that mean + 1), in major units
    TO_GENUINE_MAXIMUM = "to_genuine_maximum"  # (amount + 1) / (that maximum + 1), in major units
    GENUINE_Z_SCORE = "genuine_z_score"  # (amount - mean) / (deviation + 1) of the genuine ones among the newest kept

    # of the transactions of an entity, of any customer: a merchant, a device ("entity" in the feature's row);
    # exact over its newest 32, whole tiles beyond
    ENTITY_COUNT = "entity_count"  # number of earlier transactions in the window, 0 when none
    ENTITY_SUM = "entity_sum"  # sum of their amounts, 0 when none
    ENTITY_MEAN = "entity_mean"  # mean of their amounts
    ENTITY_DEVIATION = "entity_deviation"  # population standard deviation of their amounts, 0 for one transaction
    ENTITY_MAXIMUM = "entity_maximum"  # largest of their amounts
    ENTITY_CUSTOMERS = "entity_customers"  # number of distinct customers among them; beyond the newest 32 within 13 %
    ENTITY_NEW_SHARE = "entity_new_share"  # share of them whose customer was new to the entity
    ENTITY_Z_SCORE = "entity_z_score"  # (amount - mean) / (deviation + 1 major unit)
    ENTITY_TO_MEAN = "entity_to_mean"  # (amount + 1) / (mean + 1), in major units

    # of the customer and the merchant, from other features
    TO_JOINT_MEAN = "to_joint_mean"  # (amount + 1) / geometric mean of the MEAN + 1 and the merchant's ENTITY_MEAN + 1

    # over all that is kept of the entity
    ENTITY_AGE = "entity_age"  # seconds since its first transaction
    ENTITY_SINCE_LAST = "entity_since_last"  # seconds since its newest earlier transaction
    ENTITY_SIMILAR_KNOWN = "entity_similar_known"  # of its newest 32, number of those of the last hour with an amount
    # within 25 % whose customer was not new to the entity
    ENTITY_SIMILAR_NEW = "entity_similar_new"  # the same, whose customer was new
    ENTITY_IS_NEW_CUSTOMER = "entity_is_new_customer"  # 1 when the customer is new to the entity, else 0
