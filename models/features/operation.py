from enum import StrEnum


class Operation(StrEnum):
    """What can be asked of a customer's history at one transaction.

    "Earlier" means kept transactions of the customer with event_time < t, in the window where there is one.
    An operation whose operands do not exist yields the feature's own `missing` value.
    """

    # over a window
    COUNT = "count"  # number of earlier transactions (0 when none)
    SUM = "sum"  # sum of their amounts (0 when none)
    MEAN = "mean"  # mean of their amounts
    DEVIATION = "deviation"  # population standard deviation of their amounts (0 for one transaction)
    MAXIMUM = "maximum"  # largest of their amounts
    MERCHANTS = "merchants"  # number of distinct merchants among them (0 when none)
    SAME_MERCHANT = "same_merchant"  # how many of them were at this transaction's merchant (0 when none)
    Z_SCORE = "z_score"  # (amount - mean) / (deviation + 1 major unit)
    TO_MEAN = "to_mean"  # (amount + 1) / (mean + 1), in major units
    TO_MAXIMUM = "to_maximum"  # (amount + 1) / (maximum + 1), in major units

    # over everything kept
    AMOUNT = "amount"  # amount of this transaction
    HISTORY_COUNT = "history_count"  # number of earlier transactions kept, at most K
    USUAL_GAP = "usual_gap"  # mean seconds between transactions: (t - oldest earlier one's time) / their number
    SINCE_LAST = "since_last"  # seconds since the newest earlier transaction
    NEW_MERCHANT = "new_merchant"  # 1 when no earlier transaction was at this merchant (so 1 for the first), else 0
    NEW_DEVICE = "new_device"  # 1 when no earlier one used this device (so 1 for the first), else 0; needs a device
    DISTANCE = "distance"  # great-circle km from the newest earlier transaction that has a place
    SPEED = "speed"  # that distance over the hours since then (at least 60 s), at most 10,000 km/h
    HOUR = "hour"  # hour of the day in UTC, 0 to 23
    NIGHT = "night"  # 1 from 00:00 to 05:59 UTC, else 0
    WEEKEND = "weekend"  # 1 on Saturday and Sunday in UTC, else 0
    CATEGORY_RISK = "category_risk"  # fraud rate of the merchant category in training, smoothed
    TYPE_RISK = "type_risk"  # fraud rate of the transaction type in training, smoothed
