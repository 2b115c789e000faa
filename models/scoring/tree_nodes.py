"""Nodes of the trees in an ONNX graph."""

from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from models.scoring.artifact import ArtifactError

LEAF_COVERS = "leaf_covers"
"""Property of a model: how many training rows came to each leaf of its TreeEnsemble, parted by spaces. The operator
has an attribute for it, which onnxruntime refuses next to float64 weights."""

RETRAIN = "Train the model again: fraudstream train"


class TreeNodes(NamedTuple):
    """The nodes of all trees of an ONNX graph, splits and leaves, by their index in these N rows.

    Attributes
    ----------
    roots : list of int
        Index of each tree's first node.
    feature, nan_left : list of int
        Condition of a split, and 1 where NaN goes to the left.
    threshold : ndarray of float32
        Rows with ``feature <= threshold`` go to the left.
    children : list of (int, int)
        Indices of the nodes to the left and to the right of a split.
    cover : list of float
        Number of training rows that came to the node, or their weight in the library.
    value : list of float
        Contribution of a leaf to the log-odds.
    base : float
        Log-odds before any tree.
    """

    roots: list[int]
    is_leaf: list[bool]
    feature: list[int]
    nan_left: list[int]
    threshold: NDArray[np.float32]
    children: list[tuple[int, int]]
    cover: list[float]
    value: list[float]
    base: float


def read_nodes(model: onnx.ModelProto) -> TreeNodes | None:
    """Read the trees of a graph that adds up log-odds, with covers; None for any other graph.

    Raises
    ------
    ArtifactError
        A split is of a kind that no exporter of ours writes.
    """
    for node in model.graph.node:
        attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type == "TreeEnsembleClassifier" and _explains(attributes):
            return _of_classifier(attributes)
        if node.op_type == "TreeEnsemble":
            covers = [item.value for item in model.metadata_props if item.key == LEAF_COVERS]
            return _of_ensemble(attributes, [float(word) for word in covers[0].split()]) if covers else None
    return None


def _explains(attributes: dict[str, Any]) -> bool:
    """Whether it adds up log-odds, and its hit rates are covers: a converter that knows none writes 1, or nothing."""
    hitrates = attributes.get("nodes_hitrates", [])
    return attributes.get("post_transform") == b"LOGISTIC" and bool(set(hitrates) - {1.0})


def _of_ensemble(attributes: dict[str, Any], leaf_covers: list[float]) -> TreeNodes:
    """Read what `models.training.export` writes of LightGBM: each split comes before what is below it."""
    splits, leaves = len(attributes["nodes_featureids"]), len(attributes["leaf_targetids"])
    thresholds, weights = (numpy_helper.to_array(attributes[name]) for name in ("nodes_splits", "leaf_weights"))
    sides = [
        [index + splits * is_leaf for index, is_leaf in zip(attributes[ids], attributes[leafs], strict=True)]
        for ids, leafs in (("nodes_truenodeids", "nodes_trueleafs"), ("nodes_falsenodeids", "nodes_falseleafs"))
    ]
    children = list(zip(*sides, strict=True))
    cover = [0.0] * splits + leaf_covers
    for split in reversed(range(splits)):
        cover[split] = sum(cover[child] for child in children[split])
    none = [0] * leaves
    return TreeNodes(
        roots=list(attributes["tree_roots"]),
        is_leaf=[False] * splits + [True] * leaves,
        feature=[*attributes["nodes_featureids"], *none],
        nan_left=[*attributes["nodes_missing_value_tracks_true"], *none],
        threshold=np.concatenate([thresholds, none]).astype(np.float32),
        children=children + [(0, 0)] * leaves,
        cover=cover,
        value=[0.0] * splits + weights.tolist(),
        base=0.0,
    )


def _of_classifier(attributes: dict[str, Any]) -> TreeNodes:
    """Read what a converter makes of XGBoost, or made of LightGBM in artifacts of earlier versions."""
    ids = list(zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True))
    indices = {name: index for index, name in enumerate(ids)}
    leaves = zip(attributes["class_treeids"], attributes["class_nodeids"], strict=True)
    values = dict(zip(leaves, attributes["class_weights"], strict=True))
    is_leaf = [mode == b"LEAF" for mode in attributes["nodes_modes"]]
    branches = zip(ids, attributes["nodes_truenodeids"], attributes["nodes_falsenodeids"], is_leaf, strict=True)
    return TreeNodes(
        roots=[index for index, (_, node) in enumerate(ids) if node == 0],
        is_leaf=is_leaf,
        feature=attributes["nodes_featureids"],
        nan_left=attributes["nodes_missing_value_tracks_true"],
        threshold=_less_or_equal(attributes["nodes_modes"], np.array(attributes["nodes_values"], np.float32)),
        children=[
            (0, 0) if leaf else (indices[tree, left], indices[tree, right]) for (tree, _), left, right, leaf in branches
        ],
        cover=attributes["nodes_hitrates"],
        value=[float(values.get(name, 0.0)) for name in ids],
        base=float(sum(attributes.get("base_values", []))),
    )


def _less_or_equal(modes: list[bytes], thresholds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the thresholds with which ``<=`` splits float32 values as the nodes do; of a leaf any number."""
    if other := set(modes) - {b"BRANCH_LEQ", b"BRANCH_LT", b"LEAF"}:
        raise ArtifactError(f"ONNX model: expected splits by <= or <, got {min(other).decode()}. {RETRAIN}")
    below = np.nextafter(thresholds, np.float32(-np.inf))
    return np.where(np.array(modes) == b"BRANCH_LT", below, thresholds)
