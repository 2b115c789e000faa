"""Parity of an exported graph with its library, and the rows that it is checked on."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import Parity
from models.scoring.decision import decide
from models.training.export import floor_float32, split_nodes
from schemas.errors import UserError

BOUND = 1e-6
"""Largest difference of probability allowed; rounding to float32 makes 3e-8."""

_LIMITS = np.finfo(np.float32)
ODD_VALUES = np.array(
    [np.nan, 0.0, -0.0, np.inf, -np.inf, _LIMITS.smallest_subnormal, -_LIMITS.tiny, _LIMITS.max, _LIMITS.min, -1.0],
    np.float32,
)
"""Values that no training set has: NaN, both zeros, both infinities, the smallest and the largest float32, and -1."""


class Split(NamedTuple):
    """Split of a tree: index of its feature, its float32 threshold, and the tree's leaves below it."""

    tree: int
    feature: int
    threshold: np.float32
    leaves: list[int]


def check_parity(
    *,
    expected: NDArray[np.float64],
    scores: NDArray[np.float32],
    threshold_rows: int,
    review: float,
    block: float,
    bound: float = BOUND,
) -> Parity:
    """Compare two scorers' probabilities of the same rows.

    Parameters
    ----------
    expected : ndarray of float64, (n,)
        The training library's own probabilities.
    scores : ndarray of float32, (n,)
        Probabilities of the ONNX model.
    threshold_rows : int
        Number of rows that sit at a split's threshold: for the manifest.
    review, block : float
        Decision thresholds.
    bound : float
        Largest difference allowed.

    Raises
    ------
    UserError
        They differ by more than `bound`, or a decision differs.
    """
    difference = float(np.max(np.abs(expected - scores), initial=0.0))
    ours, theirs = decide(scores, review, block), decide(expected.astype(np.float32), review, block)
    flips = int(np.count_nonzero(ours != theirs))
    if not difference <= bound or flips:
        raise UserError(
            f"ONNX parity: expected at most {bound:.3g} of difference and no other decision, got {difference:.3g}"
            f" and {flips} of {len(scores)} decisions. Nothing was written: report this with the history file"
        )
    return Parity(
        rows=len(scores), threshold_rows=threshold_rows, max_difference=difference, bound=bound, decision_flips=flips
    )


def threshold_rows(booster: lgb.Booster, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows that sit on every split of every tree: at its threshold and one float32 to each side.

    Each is an ordinary row that passes through the split, with the split's feature set. So the row still
    comes to that split (its threshold is between those of the splits above it on the same feature).

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
        Ordinary rows to start from. A split that none of them passes starts from the first.

    Returns
    -------
    ndarray of float32, (3 * splits, F)
    """
    leaves = np.asarray(booster.predict(x, pred_leaf=True)).reshape(len(x), -1)
    splits = (
        Split(number, node["split_feature"], floor_float32(node["threshold"]), _leaf_indices(node))
        for number, tree in enumerate(booster.dump_model()["tree_info"])
        for node in split_nodes(tree["tree_structure"])
    )
    return rows_at_splits(x, leaves, splits)


def rows_at_splits(x: NDArray[np.float32], leaves: NDArray[np.int64], splits: Iterable[Split]) -> NDArray[np.float32]:
    """Return for each split three rows that pass through it: below its threshold, at it, and above.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
    leaves : ndarray of int64, (n, trees)
        Leaf of each row in each tree.

    Returns
    -------
    ndarray of float32, (3 * splits, F)
    """
    rows = []
    for split in splits:
        start = int(np.isin(leaves[:, split.tree], split.leaves).argmax())
        near = np.repeat(x[start : start + 1], 3, axis=0)
        near[:, split.feature] = _with_neighbours(split.threshold)
        rows.append(near)
    return np.concatenate(rows) if rows else x[:0]


def edge_case_rows(x: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return rows with values that no training set has.

    Every feature alone and all together at NaN, both zeros, both infinities, the smallest and the largest
    float32, and -1; then mixtures with one value in ten NaN, and values drawn far beyond those seen.

    Parameters
    ----------
    x : ndarray of float32, (n, F), n > 0
        Ordinary rows to start from.
    """
    generator, odd = np.random.default_rng(seed), ODD_VALUES
    width = x.shape[1]
    alone = np.repeat(x[generator.integers(0, len(x), len(odd))], width, axis=0)
    alone[np.arange(len(alone)), np.tile(np.arange(width), len(odd))] = np.repeat(odd, width)
    together = np.repeat(odd[:, None], width, axis=1)
    mixed = x[generator.integers(0, len(x), 2_000)].copy()
    mixed[generator.random(mixed.shape) < 0.1] = np.nan
    spread = 3 * np.abs(x).max(axis=0) + 1
    far = (generator.uniform(-1, 1, (2_000, width)) * spread).astype(np.float32)
    return np.concatenate([alone, together, mixed, far])


def _with_neighbours(value: np.float32) -> list[np.float32]:
    with np.errstate(over="ignore"):  # above the largest float32 is infinity
        return [np.nextafter(value, np.float32(-np.inf)), value, np.nextafter(value, np.float32(np.inf))]


def _leaf_indices(node: dict[str, Any]) -> list[int]:
    waiting, found = [node], []
    while waiting:
        below = waiting.pop()
        if "split_feature" in below:
            waiting += [below["left_child"], below["right_child"]]
        else:
            found.append(below["leaf_index"])
    return found
