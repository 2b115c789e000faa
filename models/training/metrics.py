import numpy as np
from numpy.typing import NDArray


def pr_auc(is_fraud: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """Return the area under the precision-recall curve as average precision; 0 without frauds.

    Average precision is the mean over the frauds of the precision at their score, ties taken together: no
    interpolation, which would flatter.
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
        The distinct scores, falling.
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
        Looked at where ``is_fraud``.
    """
    names = scenario[is_fraud].astype(str)
    caught = scores[is_fraud] >= np.float32(threshold)
    return {str(name): float(np.mean(caught[names == name])) for name in np.unique(names)}
