"""Export of trees to ONNX with the library's own results."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import lightgbm as lgb
import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from models.scoring.model import INPUT, OUTPUT
from models.scoring.tree_nodes import LEAF_COVERS
from schemas.errors import UserError

ZERO = np.float32(1e-35)
"""LightGBM's kZeroThreshold: smaller absolute values count as 0."""

ANY_NUMBER = 1e300
"""Threshold that LightGBM writes for infinity, to separate numbers from NaN."""

Node = TypeVar("Node")
"""Node of a library's tree."""

_OPSET, _TREES_OPSET, _IR_VERSION = 15, 5, 10
"""Versions of ONNX for our own nodes, of its operators for trees that has float64 sums, and of its files."""


def floor_float32(value: float) -> np.float32:
    """Return the largest float32 that is not above ``value``.

    For a float32 feature x, ``x <= value`` is then the same as ``x <= floor_float32(value)``, for every x.
    Rounding to nearest, which converters do, makes some thresholds one float too high: LightGBM often sets
    them halfway between two neighbouring floats.
    """
    nearest = _nearest(value)
    return nearest if float(nearest) <= value else np.nextafter(nearest, np.float32(-np.inf))


def branch_threshold(threshold: float) -> np.float32:
    """Return the float32 that splits float32 features as LightGBM's predictor splits them at ``threshold``.

    It is the floor, but for `ANY_NUMBER`, which lets infinity pass too, and for thresholds within `ZERO` of
    0, which LightGBM often sets for features that are mostly 0: its predictor replaces values that small
    by 0 before it compares.
    """
    if threshold >= ANY_NUMBER:
        return np.float32(np.inf)
    if abs(threshold) > float(ZERO):
        return floor_float32(threshold)
    return ZERO if threshold >= 0 else np.nextafter(-ZERO, np.float32(-np.inf))


def export_onnx(booster: lgb.Booster) -> onnx.ModelProto:
    """Return the model as an ONNX graph that follows the same branches as LightGBM on float32 features.

    The graph has one input ``features`` (n, F) float32 and one output ``probability`` (n,) float32. Its trees add up in
    float64, in their order, as LightGBM's do: the probability is LightGBM's own, rounded once. Sums in float32, as
    ONNX's operators for classifiers make them, are some 1e-7 off, and decide otherwise next to a threshold.

    Parameters
    ----------
    booster : lightgbm.Booster
        A binary classifier (objective ``binary``) trained on float32 values, without categorical features and
        without ``zero_as_missing``.

    Raises
    ------
    UserError
        The model has splits that are not ``<=`` on a number.
    """
    trees = _Trees()
    for tree in booster.dump_model()["tree_info"]:
        trees.add(tree["tree_structure"])
    features = booster.num_feature()
    graph = helper.make_graph(
        [
            helper.make_node("Cast", [INPUT], ["exact"], to=TensorProto.DOUBLE),
            trees.node("exact", "sums"),
            helper.make_node("Reshape", ["sums", "row"], ["margin"]),
            helper.make_node("Sigmoid", ["margin"], ["exact_probability"]),
            helper.make_node("Cast", ["exact_probability"], [OUTPUT], to=TensorProto.FLOAT),
        ],
        "fraud",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None])],
        [numpy_helper.from_array(np.array([-1]), "row")],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _TREES_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    helper.set_model_props(model, {LEAF_COVERS: " ".join(map(str, trees.leaf_covers))})
    onnx.checker.check_model(model)
    return model


class _Trees:
    """Columns of ONNX's TreeEnsemble: splits of all trees, parents before children, and leaves."""

    def __init__(self) -> None:
        self.leaf_covers: list[int] = []
        self._leaf_values: list[float] = []
        self._roots: list[int] = []
        self._features: list[int] = []
        self._thresholds: list[np.float32] = []
        self._nan_is_true: list[int] = []
        self._child: tuple[list[int], list[int]] = ([], [])
        self._child_is_leaf: tuple[list[int], list[int]] = ([], [])

    def add(self, tree: dict[str, Any]) -> None:
        """Add a tree of ``Booster.dump_model()``."""
        self._roots.append(len(self._features))
        waiting = [(tree if "split_feature" in tree else _constant_split(tree), -1, 0)]
        while waiting:
            node, parent, side = waiting.pop()
            is_leaf = "split_feature" not in node
            index = self._add_leaf(node) if is_leaf else self._add_split(node)
            if parent >= 0:
                self._child[side][parent], self._child_is_leaf[side][parent] = index, int(is_leaf)
            if not is_leaf:
                waiting += [(node["right_child"], index, 1), (node["left_child"], index, 0)]

    def node(self, name: str, output: str) -> onnx.NodeProto:
        """Return the operator, from features (n, F) float64 to sums (n, 1) float64."""
        modes = np.zeros(len(self._features), np.uint8)  # all of them <=
        return helper.make_node(
            "TreeEnsemble",
            [name],
            [output],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function=1,  # the sum
            tree_roots=self._roots,
            nodes_featureids=self._features,
            nodes_modes=numpy_helper.from_array(modes, "modes"),
            nodes_splits=numpy_helper.from_array(np.array(self._thresholds, np.float64), "splits"),
            nodes_missing_value_tracks_true=self._nan_is_true,
            nodes_truenodeids=self._child[0],
            nodes_trueleafs=self._child_is_leaf[0],
            nodes_falsenodeids=self._child[1],
            nodes_falseleafs=self._child_is_leaf[1],
            leaf_targetids=[0] * len(self._leaf_values),
            leaf_weights=numpy_helper.from_array(np.array(self._leaf_values, np.float64), "weights"),
        )

    def _add_leaf(self, node: dict[str, Any]) -> int:
        self._leaf_values.append(node["leaf_value"])
        self.leaf_covers.append(node["leaf_count"])
        return len(self._leaf_values) - 1

    def _add_split(self, node: dict[str, Any]) -> int:
        _refuse_inexact(node)
        threshold = float(node["threshold"])
        self._features.append(node["split_feature"])
        self._thresholds.append(branch_threshold(threshold))
        # Without NaN in training LightGBM treats NaN as 0.
        self._nan_is_true.append(int(node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0))
        for column in (*self._child, *self._child_is_leaf):
            column.append(0)
        return len(self._features) - 1


def _constant_split(leaf: dict[str, Any]) -> dict[str, Any]:
    """Return a split with the same leaf on either side: ONNX has no tree of one leaf."""
    same = {"leaf_value": leaf["leaf_value"], "leaf_count": 1}
    split = {"split_feature": 0, "threshold": 0.0, "decision_type": "<=", "missing_type": "None"}
    return {**split, "left_child": same, "right_child": same}


def probability_only(
    ensemble: onnx.NodeProto, model: onnx.ModelProto, features: int, *, at_most_1: bool = False
) -> onnx.ModelProto:
    """Return a graph of a converted tree ensemble and the choice of its second column.

    The converter's label output has a fixed shape of one row, about which onnxruntime warns at every batch. A mean of
    float32 may be a rounding above 1: ``at_most_1`` cuts it there.
    """
    ensemble.input[:], ensemble.output[:] = [INPUT], ["label", "both"]
    picked = "mean" if at_most_1 else OUTPUT
    nodes = [ensemble, helper.make_node("Gather", ["both", "fraud"], [picked], axis=1)]
    constants = [helper.make_tensor("fraud", TensorProto.INT64, [], [1])]
    if at_most_1:
        nodes.append(helper.make_node("Min", [picked, "greatest"], [OUTPUT]))
        constants.append(helper.make_tensor("greatest", TensorProto.FLOAT, [], [1.0]))
    graph = helper.make_graph(
        nodes,
        "fraud",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None])],
        constants,
    )
    versions = {opset.domain: opset.version for opset in model.opset_import}
    versions[""] = max(versions.get("", _OPSET), _OPSET)
    opsets = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    exported = helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version)
    onnx.checker.check_model(exported)
    return exported


def split_nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the splits of one tree of ``Booster.dump_model()``, without its leaves."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            yield node
            waiting += [node["right_child"], node["left_child"]]


def _nearest(value: float) -> np.float32:
    with np.errstate(over="ignore"):  # beyond the largest float32 it is infinity
        return np.float32(value)


def set_covers(ensemble: onnx.NodeProto, covers: Mapping[int, float]) -> None:
    """Write each node's cover, by its index, into ``nodes_hitrates``: scoring ignores them, `read_nodes` needs them."""
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    hitrates = [covers[index] for index in range(len(attributes["nodes_nodeids"].ints))]
    if "nodes_hitrates" in attributes:
        ensemble.attribute.remove(attributes["nodes_hitrates"])
    ensemble.attribute.append(helper.make_attribute("nodes_hitrates", hitrates, attr_type=AttributeProto.FLOATS))


def side_by_side(
    ensemble: onnx.NodeProto, trees: Sequence[Node], branches: Callable[[Node], tuple[Node, Node] | None]
) -> Iterator[tuple[int, Node]]:
    """Yield each node of a library's trees with its index in the ensemble's arrays.

    Parameters
    ----------
    branches : callable
        Function of a node to its two branches, that of ONNX's true one first; None for a leaf.
    """
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    ids = zip(attributes["nodes_treeids"].ints, attributes["nodes_nodeids"].ints, strict=True)
    indices = {name: index for index, name in enumerate(ids)}
    true_ids, false_ids = attributes["nodes_truenodeids"].ints, attributes["nodes_falsenodeids"].ints
    for number, root in enumerate(trees):
        waiting = [(0, root)]
        while waiting:
            node_id, node = waiting.pop()
            index = indices[number, node_id]
            yield index, node
            if (below := branches(node)) is not None:
                waiting += zip((true_ids[index], false_ids[index]), below, strict=True)


def _refuse_inexact(node: dict[str, Any]) -> None:
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise UserError(
            "ONNX export: expected splits of the kind feature <= number, got "
            f"{node['decision_type']!r} with missing_type {node['missing_type']!r}. Train without "
            "categorical features and without zero_as_missing"
        )
