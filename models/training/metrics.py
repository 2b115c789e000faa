"""Metrics of scores against labels."""

import numpy as np
from numpy.typing import NDArray

REVIEW_COST = 5.0
"""Cost of reviewing an alert, in major units: some minutes of an analyst's time."""

ALERT_RATE = 0.01
"""Share of the transactions that can be reviewed, at which recalls are compared."""


def pr_auc(is_fraud: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """Return the area under the precision-recall curve as average precision; 0 without frauds.

    Average precision is the mean over the frauds of the precision at their score, ties together: without
    interpolation, which would overestimate.
    """
    _, caught, flagged = operating_points(is_fraud, scores)
    if not caught.size or not caught[-1]:
        return 0.0
    gained = np.diff(caught, prepend=0)
    return float(np.sum(gained * caught / flagged) / caught[-1])


def operating_points(
    is_fraud: NDArray[np.bool_], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return every way to set a threshold, the strictest first.

    Parameters
    ----------
    is_fraud : ndarray of bool, (n,)
    scores : ndarray of float32, (n,)

    Returns
    -------
    thresholds : ndarray of float32, (m,)
        Distinct scores, descending.
    caught : ndarray of int64, (m,)
        Frauds with a score at or above each.
    flagged : ndarray of int64, (m,)
        Transactions with a score at or above each.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))[: len(falling)]
    return falling[ends], np.cumsum(is_fraud[order], dtype=np.int64)[ends], ends + 1


def precision_recall(is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], threshold: float) -> tuple[float, float]:
    """Return precision and recall of the rows at or above ``threshold``; 0 where there are none."""
    flagged = scores >= np.float32(threshold)
    caught = int(np.count_nonzero(flagged & is_fraud))
    return caught / max(int(np.count_nonzero(flagged)), 1), caught / max(int(np.count_nonzero(is_fraud)), 1)


def recall_by_scenario(
    is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], scenario: NDArray[np.object_], threshold: float
) -> dict[str, float]:
    """Return the recall of each fraud scenario's frauds, by name.

    Parameters
    ----------
    scenario : ndarray of str or None, (n,)
        Used where ``is_fraud``.
    """
    names = scenario[is_fraud].astype(str)
    caught = scores[is_fraud] >= np.float32(threshold)
    return {str(name): float(np.mean(caught[names == name])) for name in np.unique(names)}


def alert_threshold(scores: NDArray[np.float32], rate: float = ALERT_RATE) -> float:
    """Return the lowest threshold that alerts a share ``rate`` of the scores (n,) or fewer.

    It is a score, or infinity where equal scores at the top are more than that.
    """
    points, _, flagged = operating_points(np.zeros(len(scores), np.bool_), scores)
    allowed = np.flatnonzero(flagged <= rate * len(scores))
    return float(points[allowed[-1]]) if allowed.size else float("inf")


def auc_roc(is_fraud: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """Return the probability that a fraud scores above a genuine transaction, ties for half; 0.5 with one class."""
    _, caught, flagged = operating_points(is_fraud, scores)
    if not caught.size or caught[-1] in {0, flagged[-1]}:
        return 0.5
    recall = np.append(0, caught / caught[-1])
    false_positive_rate = np.append(0, (flagged - caught) / (flagged[-1] - caught[-1]))
    return float(np.trapezoid(recall, false_positive_rate))


def precision_at_recall(is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], recall: float = 0.9) -> float:
    """Return the best precision among the thresholds that catch a share ``recall`` of the frauds or more."""
    _, caught, flagged = operating_points(is_fraud, scores)
    if not caught.size or not caught[-1]:
        return 0.0
    enough = caught >= recall * caught[-1]
    return float(np.max(caught[enough] / flagged[enough]))


def recall_at_false_positive_rate(
    is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], rate: float = 0.01
) -> float:
    """Return the best recall among the thresholds that flag a share ``rate`` of the genuine rows or fewer."""
    _, caught, flagged = operating_points(is_fraud, scores)
    if not caught.size or not caught[-1]:
        return 0.0
    allowed = flagged - caught <= rate * (flagged[-1] - caught[-1])
    return float(np.max(caught[allowed], initial=0) / caught[-1])


def value_recall_at_false_positive_rate(
    is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], amount: NDArray[np.float32], rate: float = 0.01
) -> float:
    """Return the best share of the frauds' amount among the thresholds that flag a share ``rate`` of the genuine rows.

    Parameters
    ----------
    amount : ndarray of float32, (n,)
        In major units of one currency; frauds of a large amount count more.
    """
    falling = np.argsort(-scores, kind="stable")
    lost = np.where(is_fraud, amount, 0).astype(np.float64)
    _, caught, flagged = operating_points(is_fraud, scores)
    if not caught.size or not lost.any():
        return 0.0
    saved = np.cumsum(lost[falling])[flagged - 1]
    allowed = flagged - caught <= rate * (flagged[-1] - caught[-1])
    return float(np.max(saved[allowed], initial=0) / lost.sum())


def target_metrics(
    is_fraud: NDArray[np.bool_], scores: NDArray[np.float32], amount: NDArray[np.float32]
) -> dict[str, float]:
    """Return the metrics that systems of this kind publish, besides the average precision."""
    return {
        "auc_roc": auc_roc(is_fraud, scores),
        "precision_at_90_recall": precision_at_recall(is_fraud, scores),
        "recall_at_1_fpr": recall_at_false_positive_rate(is_fraud, scores),
        "value_recall_at_1_fpr": value_recall_at_false_positive_rate(is_fraud, scores, amount),
    }


def best_f1(is_fraud: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """Return the best harmonic mean of precision and recall over all thresholds; 0 without frauds."""
    _, caught, flagged = operating_points(is_fraud, scores)
    if not caught.size or not caught[-1]:
        return 0.0
    return float(np.max(2 * caught / (flagged + caught[-1])))


def lowest_cost(
    is_fraud: NDArray[np.bool_],
    scores: NDArray[np.float32],
    amount: NDArray[np.float32],
    *,
    review_cost: float = REVIEW_COST,
) -> float:
    """Return the minimum cost of missed frauds and reviews over all thresholds.

    A missed fraud costs its amount, each alert ``review_cost``; raising no alert is among the choices. The
    threshold is chosen in hindsight: a lower bound for one set beforehand.

    Parameters
    ----------
    amount : ndarray of float32, (n,)
        In major units, as is ``review_cost``.
    """
    falling = np.argsort(-scores, kind="stable")
    lost = np.where(is_fraud, amount, 0).astype(np.float64)
    saved = np.append(0.0, np.cumsum(lost[falling]))
    _, _, flagged = operating_points(is_fraud, scores)
    alerts = np.append(0, flagged)
    return float(np.min(lost.sum() - saved[alerts] + review_cost * alerts))


def card_precision(
    day: NDArray[np.int64],
    card: NDArray[np.int64],
    is_fraud: NDArray[np.bool_],
    scores: NDArray[np.float32],
    k: int = 100,
) -> float:
    """Return the share of compromised cards among the ``k`` with the highest scores, mean over the days.

    A day's card has the highest score and the highest label of its transactions of that day. Cards found, a
    compromised one among the first ``k``, are known from then on and left out on later days. A day with fewer
    than ``k`` cards counts as if the rest were genuine. Equal scores are ranked by ``card``.

    Parameters
    ----------
    day, card : ndarray of int64, (n,)
        Day and number of the card of each transaction.
    is_fraud : ndarray of bool, (n,)
    scores : ndarray of float32, (n,)
    k : int
        Cards that can be checked in a day.
    """
    found: NDArray[np.int64] = np.empty(0, np.int64)
    precisions = []
    for today in np.unique(day):
        rows = np.flatnonzero((day == today) & ~np.isin(card, found))
        cards, of_row = np.unique(card[rows], return_inverse=True)
        highest = np.full(len(cards), -np.inf, np.float32)
        np.maximum.at(highest, of_row, scores[rows])
        compromised = np.zeros(len(cards), np.bool_)
        np.logical_or.at(compromised, of_row, is_fraud[rows])
        first = np.argsort(-highest, kind="stable")[:k]
        caught = cards[first[compromised[first]]]
        precisions.append(len(caught) / k)
        found = np.concatenate([found, caught])
    return float(np.mean(precisions)) if precisions else 0.0


def brier_score(is_fraud: NDArray[np.bool_], probability: NDArray[np.float32]) -> float:
    """Return the mean squared difference of probability and outcome; 0 is perfect."""
    return float(np.mean((probability.astype(np.float64) - is_fraud) ** 2)) if len(is_fraud) else 0.0


def calibration_bins(
    is_fraud: NDArray[np.bool_], probability: NDArray[np.float32], bins: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return promised and observed fraud rate by bins of probability.

    Returns
    -------
    promised, observed : ndarray of float64, (m,)
        Mean probability and share of frauds of each of the ``bins`` equal parts of [0, 1] that has rows.
    rows : ndarray of int64, (m,)
    """
    bin_of_row = np.clip((probability.astype(np.float64) * bins).astype(np.int64), 0, bins - 1)
    rows = np.bincount(bin_of_row, minlength=bins)
    used = rows > 0
    promised = np.bincount(bin_of_row, weights=probability, minlength=bins)[used] / rows[used]
    observed = np.bincount(bin_of_row, weights=is_fraud, minlength=bins)[used] / rows[used]
    return promised, observed, rows[used]


def calibration_error(is_fraud: NDArray[np.bool_], probability: NDArray[np.float32], bins: int = 10) -> float:
    """Return the expected calibration error: the mean over the rows of their bin's |promised - observed|."""
    promised, observed, rows = calibration_bins(is_fraud, probability, bins)
    return float(np.sum(rows * np.abs(promised - observed)) / max(int(rows.sum()), 1))
