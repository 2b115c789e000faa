from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from models.scoring.artifact import ArtifactError

NONE = -1
"""Stands for no split."""

_RETRAIN = "Train the model anew: fraudstream train"

COVER_TOLERANCE = 1e-4
"""By how much of its cover a node's may differ from the sum of its branches': covers are float32."""


class TreeEnsemble(NamedTuple):
    """The trees of an ONNX graph as flat arrays over their S splits, each tree's parents before their children.

    Places of splits count from the tree's first; a tree of s splits has s + 1 leaves, whose places follow those of
    the splits. A split's sides are 0, the left, for rows with ``feature <= threshold``, and 1, the right.

    Attributes
    ----------
    starts : ndarray of int32, (T + 1,)
        Each tree's first split. Its first leaf in ``value`` is at this number plus the tree's own.
    feature, threshold, nan_left : ndarray of int32, float32 and uint8, (S,)
        What the split asks for, and 1 where NaN goes to the left.
    child : ndarray of int32, (S, 2)
        Place of what is on either side: of a split, or of a leaf.
    parent, side : ndarray of int32 and uint8, (S,)
        The split before, `NONE` for a tree's first, and on which side of it this one is.
    share : ndarray of float64, (S, 2)
        Which part of the training rows goes to either side, if the splits on this feature alone decided: the product,
        over those on the path so far, of a branch's cover by its parent's.
    share_in : ndarray of float64, (S,)
        The parent's share of this side.
    above, above_side : ndarray of int32 and uint8, (S,)
        The nearest split on the path so far on the same feature, `NONE` for none, and on which side of it this one is.
    value : ndarray of float64, (S + T,)
        What each leaf adds to the log-odds.
    features_in_path : ndarray of int32, (T,)
        The most different features that a path of the tree splits on.
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
    """What a path knows of a feature: the last split on it, the side taken there, the share that took it."""

    split: int = NONE
    side: int = 0
    share: float = 1.0


class _Split(NamedTuple):
    """One row of the ensemble's arrays; its place and its children's are those of ONNX's nodes."""

    node: int
    children: tuple[int, int]
    shares: tuple[float, float]
    parent: _OnPath
    above: _OnPath


def read_trees(ensemble: onnx.NodeProto) -> TreeEnsemble:
    """Return the trees of a TreeEnsembleClassifier whose ``nodes_hitrates`` are the nodes' covers.

    Parameters
    ----------
    ensemble : onnx.NodeProto
        With one output, in log-odds.

    Raises
    ------
    ArtifactError
        The covers do not add up, or a split is of a kind that no exporter of ours writes.
    """
    nodes = _Nodes(ensemble)
    trees = [_Tree(nodes, root) for root in nodes.roots]
    splits = [split for tree in trees for split in tree.splits]
    return TreeEnsemble(
        starts=np.cumsum([0, *(len(tree.splits) for tree in trees)], dtype=np.int32),
        feature=np.array([nodes.feature[split.node] for split in splits], np.int32),
        threshold=np.array([nodes.threshold(split.node) for split in splits], np.float32),
        nan_left=np.array([nodes.nan_is_true[split.node] for split in splits], np.uint8),
        child=np.array([places for tree in trees for places in tree.children()], np.int32).reshape(-1, 2),
        parent=np.array([split.parent.split for split in splits], np.int32),
        side=np.array([split.parent.side for split in splits], np.uint8),
        share=np.array([split.shares for split in splits], np.float64).reshape(-1, 2),
        share_in=np.array([split.parent.share for split in splits], np.float64),
        above=np.array([split.above.split for split in splits], np.int32),
        above_side=np.array([split.above.side for split in splits], np.uint8),
        value=np.array([nodes.value(leaf) for tree in trees for leaf in tree.leaves], np.float64),
        features_in_path=np.array([tree.features_in_path for tree in trees], np.int32),
        expected=nodes.base + sum(nodes.mean_value(tree.leaves) for tree in trees),
    )


class _Nodes:
    """The attributes of a tree ensemble; nodes go by their place in its arrays."""

    def __init__(self, ensemble: onnx.NodeProto) -> None:
        attributes = {item.name: onnx.helper.get_attribute_value(item) for item in ensemble.attribute}
        self._ids = list(zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True))
        self._places = {name: place for place, name in enumerate(self._ids)}
        self._true, self._false = attributes["nodes_truenodeids"], attributes["nodes_falsenodeids"]
        self._modes = attributes["nodes_modes"]
        self._thresholds = np.array(attributes["nodes_values"], np.float32)
        self._cover = attributes["nodes_hitrates"]
        leaves = zip(attributes["class_treeids"], attributes["class_nodeids"], strict=True)
        self._values = dict(zip(leaves, attributes["class_weights"], strict=True))
        self.feature: list[int] = attributes["nodes_featureids"]
        self.nan_is_true: list[int] = attributes["nodes_missing_value_tracks_true"]
        self.roots = [place for place, (_, node) in enumerate(self._ids) if node == 0]
        self.base = float(sum(attributes.get("base_values", [])))

    def is_leaf(self, node: int) -> bool:
        return bool(self._modes[node] == b"LEAF")

    def value(self, leaf: int) -> float:
        return float(self._values.get(self._ids[leaf], 0.0))

    def mean_value(self, leaves: list[int]) -> float:
        covers = [self._cover[leaf] for leaf in leaves]
        return float(np.average([self.value(leaf) for leaf in leaves], weights=covers))

    def threshold(self, node: int) -> np.float32:
        """Return the threshold with which ``<=`` splits float32 values as the node does."""
        mode, threshold = self._modes[node], np.float32(self._thresholds[node])
        if mode == b"BRANCH_LT":
            return np.float32(np.nextafter(threshold, np.float32(-np.inf)))
        if mode != b"BRANCH_LEQ":
            raise ArtifactError(f"ONNX model: expected splits by <= or <, was {mode.decode()}. {_RETRAIN}")
        return threshold

    def branches(self, node: int) -> tuple[tuple[int, int], tuple[float, float]]:
        """Return the nodes to the left and to the right, and each one's part of the split's cover."""
        tree, cover = self._ids[node][0], self._cover[node]
        left, right = self._places[tree, self._true[node]], self._places[tree, self._false[node]]
        both = self._cover[left] + self._cover[right]
        if not min(self._cover[left], self._cover[right]) > 0 or abs(both - cover) > COVER_TOLERANCE * cover:
            raise ArtifactError(
                f"ONNX model: expected covers of two branches that add up to {cover}, was {both}. {_RETRAIN}"
            )
        return (left, right), (self._cover[left] / both, self._cover[right] / both)


class _Tree:
    """One tree, laid flat depth first."""

    def __init__(self, nodes: _Nodes, root: int) -> None:
        self.splits: list[_Split] = []
        self.leaves: list[int] = []
        self.features_in_path = 0
        waiting: list[tuple[int, _OnPath, dict[int, _OnPath]]] = [(root, _OnPath(), {})]
        while waiting:
            node, parent, path = waiting.pop()
            if nodes.is_leaf(node):
                self.leaves.append(node)
                self.features_in_path = max(self.features_in_path, len(path))
                continue
            feature = nodes.feature[node]
            above = path.get(feature, _OnPath())
            children, parts = nodes.branches(node)
            shares = (above.share * parts[0], above.share * parts[1])
            for side in (1, 0):
                taken = _OnPath(len(self.splits), side, shares[side])
                waiting.append((children[side], taken, path | {feature: taken}))
            self.splits.append(_Split(node, children, shares, parent, above))

    def children(self) -> Iterator[tuple[int, int]]:
        """Yield the places of each split's children."""
        places = {node: place for place, node in enumerate([*(split.node for split in self.splits), *self.leaves])}
        for left, right in (split.children for split in self.splits):
            yield places[left], places[right]
