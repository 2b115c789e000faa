"""Tree ensembles as flat arrays."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.scoring.artifact import ArtifactError
from models.scoring.tree_nodes import RETRAIN, TreeNodes

NONE = -1
"""Marks the absence of a split."""

COVER_TOLERANCE = 1e-4
"""Maximum difference of a node's cover from the sum of its branches', relative to it: covers are float32."""


class TreeEnsemble(NamedTuple):
    """The trees of an ONNX graph as flat arrays over their S splits, each tree's parents before their children.

    Indices of splits count from the tree's first; a tree of s splits has s + 1 leaves, whose indices follow those of
    the splits. A split's sides are 0, the left, for rows with ``feature <= threshold``, and 1, the right.

    Attributes
    ----------
    starts : ndarray of int32, (T + 1,)
        Each tree's first split. Its first leaf in ``value`` is at this number plus the tree's own.
    feature, threshold, nan_left : ndarray of int32, float32 and uint8, (S,)
        Condition of the split, and 1 where NaN goes to the left.
    child : ndarray of int32, (S, 2)
        Index of what is on either side: of a split, or of a leaf.
    parent, side : ndarray of int32 and uint8, (S,)
        The split before, `NONE` for a tree's first, and on which side of it this one is.
    share : ndarray of float64, (S, 2)
        Fraction of the training rows that goes to either side, if only splits on this feature decided: the product,
        over those on the path so far, of a branch's cover by its parent's.
    share_in : ndarray of float64, (S,)
        The parent's share of this side.
    above, above_side : ndarray of int32 and uint8, (S,)
        The nearest split on the path so far on the same feature, `NONE` for none, and on which side of it this one is.
    value : ndarray of float64, (S + T,)
        Contribution of each leaf to the log-odds.
    features_in_path : ndarray of int32, (T,)
        The maximum number of features that a path of the tree splits on.
    expected : float
        Mean of the trees' sum over the training rows, by cover.
    """

    starts: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    nan_left: NDArray[np.uint8]
    child: NDArray[np.int32]
    parent: NDArray[np.int32]
    side: NDArray[np.uint8]
    share: NDArray[np.float64]
    share_in: NDArray[np.float64]
    above: NDArray[np.int32]
    above_side: NDArray[np.uint8]
    value: NDArray[np.float64]
    features_in_path: NDArray[np.int32]
    expected: float


class _OnPath(NamedTuple):
    """State of a feature on a path: the last split on it, the side taken, the share of rows that took it."""

    split: int = NONE
    side: int = 0
    share: float = 1.0


class _Split(NamedTuple):
    """One row of the ensemble's arrays; its index and its children's are those of `TreeNodes`."""

    node: int
    children: tuple[int, int]
    shares: tuple[float, float]
    parent: _OnPath
    above: _OnPath


def read_trees(nodes: TreeNodes) -> TreeEnsemble:
    """Flatten trees.

    Raises
    ------
    ArtifactError
        The covers do not add up.
    """
    trees = [_Tree(nodes, root) for root in nodes.roots]
    splits = [split for tree in trees for split in tree.splits]
    return TreeEnsemble(
        starts=np.cumsum([0, *(len(tree.splits) for tree in trees)], dtype=np.int32),
        feature=np.array([nodes.feature[split.node] for split in splits], np.int32),
        threshold=np.array([nodes.threshold[split.node] for split in splits], np.float32),
        nan_left=np.array([nodes.nan_left[split.node] for split in splits], np.uint8),
        child=np.array([pair for tree in trees for pair in tree.children()], np.int32).reshape(-1, 2),
        parent=np.array([split.parent.split for split in splits], np.int32),
        side=np.array([split.parent.side for split in splits], np.uint8),
        share=np.array([split.shares for split in splits], np.float64).reshape(-1, 2),
        share_in=np.array([split.parent.share for split in splits], np.float64),
        above=np.array([split.above.split for split in splits], np.int32),
        above_side=np.array([split.above.side for split in splits], np.uint8),
        value=np.array([nodes.value[leaf] for tree in trees for leaf in tree.leaves], np.float64),
        features_in_path=np.array([tree.features_in_path for tree in trees], np.int32),
        expected=nodes.base + sum(_mean_value(nodes, tree.leaves) for tree in trees),
    )


def _mean_value(nodes: TreeNodes, leaves: list[int]) -> float:
    return float(np.average([nodes.value[leaf] for leaf in leaves], weights=[nodes.cover[leaf] for leaf in leaves]))


def _parts(nodes: TreeNodes, split: int) -> tuple[float, float]:
    """Return each branch's part of a split's cover."""
    left, right = (nodes.cover[child] for child in nodes.children[split])
    cover, both = nodes.cover[split], left + right
    if not min(left, right) > 0 or abs(both - cover) > COVER_TOLERANCE * cover:
        raise ArtifactError(
            f"ONNX model: expected covers of two branches that add up to {cover}, got {both}. {RETRAIN}"
        )
    return left / both, right / both


class _Tree:
    """One tree, laid flat depth first."""

    def __init__(self, nodes: TreeNodes, root: int) -> None:
        self.splits: list[_Split] = []
        self.leaves: list[int] = []
        self.features_in_path = 0
        waiting: list[tuple[int, _OnPath, dict[int, _OnPath]]] = [(root, _OnPath(), {})]
        while waiting:
            node, parent, path = waiting.pop()
            if nodes.is_leaf[node]:
                self.leaves.append(node)
                self.features_in_path = max(self.features_in_path, len(path))
                continue
            feature = nodes.feature[node]
            above = path.get(feature, _OnPath())
            children, parts = nodes.children[node], _parts(nodes, node)
            shares = (above.share * parts[0], above.share * parts[1])
            for side in (1, 0):
                taken = _OnPath(len(self.splits), side, shares[side])
                waiting.append((children[side], taken, path | {feature: taken}))
            self.splits.append(_Split(node, children, shares, parent, above))

    def children(self) -> Iterator[tuple[int, int]]:
        """Yield the indices of each split's children."""
        indices = {node: index for index, node in enumerate([*(split.node for split in self.splits), *self.leaves])}
        for left, right in (split.children for split in self.splits):
            yield indices[left], indices[right]
