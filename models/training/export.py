from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import lightgbm as lgb
import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from models.scoring.model import INPUT, OUTPUT
from schemas.errors import UserError

ZERO = np.float32(1e-35)
"""LightGBM's kZeroThreshold: what is no larger than this it takes for 0."""

ANY_NUMBER = 1e300
"""How LightGBM writes the infinite threshold that parts numbers from NaN."""

Node = TypeVar("Node")
"""A node as a library has it."""

_OPSET = 15
"""ONNX version of our own nodes where a converter names none."""


class ExportError(UserError):
    """A LightGBM model that ONNX cannot express exactly."""


def floor_float32(value: float) -> np.float32:
    """Return the largest float32 that is not above ``value``.

    For a float32 feature x, ``x <= value`` is then the same as ``x <= floor_float32(value)``, for every x.
    Rounding to nearest, which converters do, puts some thresholds one float too high: LightGBM likes to set
    them halfway between two neighbouring floats.
    """
    nearest = _nearest(value)
    return nearest if float(nearest) <= value else np.nextafter(nearest, np.float32(-np.inf))


def branch_threshold(threshold: float) -> np.float32:
    """Return the float32 that splits float32 features as LightGBM's predictor splits them at ``threshold``.

    It is the floor, but for `ANY_NUMBER`, which lets infinity pass too, and for thresholds within `ZERO` of
    0, which LightGBM likes for features that are often 0: its predictor takes every value as small as that
    for 0 before it compares.
    """
    if threshold >= ANY_NUMBER:
        return np.float32(np.inf)
    if abs(threshold) > float(ZERO):
        return floor_float32(threshold)
    return ZERO if threshold >= 0 else np.nextafter(-ZERO, np.float32(-np.inf))


def export_onnx(booster: lgb.Booster) -> onnx.ModelProto:
    """Return the model as an ONNX graph that takes every branch LightGBM takes, on float32 features.

    The graph has one input ``features`` (n, F) float32 and one output ``probability`` (n,) float32. Its
    ``nodes_hitrates`` are how many training rows came to each node.

    Parameters
    ----------
    booster : lightgbm.Booster
        A binary classifier (objective ``binary``) trained on float32 values, without categorical features and
        without ``zero_as_missing``.

    Raises
    ------
    ExportError
        The model has splits that are not ``<=`` on a number.
    """
    features = booster.num_feature()
    model: onnx.ModelProto = convert_lightgbm(
        booster, initial_types=[(INPUT, FloatTensorType([None, features]))], zipmap=False
    )
    ensemble = model.graph.node[0]
    nodes = list(_paired(ensemble, booster.dump_model()["tree_info"]))
    _correct_branches(ensemble, [(place, node) for place, node in nodes if "split_feature" in node])
    set_covers(ensemble, {place: _rows(node) for place, node in nodes})
    return probability_only(ensemble, model, features)


def probability_only(ensemble: onnx.NodeProto, model: onnx.ModelProto, features: int) -> onnx.ModelProto:
    """Return a graph of a converted tree ensemble and the choice of its second column.

    The converter's label output has a fixed shape of one row, about which onnxruntime warns at every batch.
    """
    ensemble.input[:], ensemble.output[:] = [INPUT], ["label", "both"]
    pick = helper.make_node("Gather", ["both", "fraud"], [OUTPUT], axis=1)
    graph = helper.make_graph(
        [ensemble, pick],
        "fraud",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None])],
        [helper.make_tensor("fraud", TensorProto.INT64, [], [1])],
    )
    versions = {opset.domain: opset.version for opset in model.opset_import}
    versions.setdefault("", _OPSET)
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
    """Write each node's cover, by its place, into ``nodes_hitrates``: scoring ignores them, `read_trees` needs them."""
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    hitrates = [covers[place] for place in range(len(attributes["nodes_nodeids"].ints))]
    if "nodes_hitrates" in attributes:
        ensemble.attribute.remove(attributes["nodes_hitrates"])
    ensemble.attribute.append(helper.make_attribute("nodes_hitrates", hitrates, attr_type=AttributeProto.FLOATS))


def side_by_side(
    ensemble: onnx.NodeProto, trees: Sequence[Node], branches: Callable[[Node], tuple[Node, Node] | None]
) -> Iterator[tuple[int, Node]]:
    """Yield each node of a library's trees with its place in the ensemble's arrays.

    Parameters
    ----------
    ensemble : onnx.NodeProto
    trees
        Each tree's root.
    branches : callable
        Gives a node's two branches, that of ONNX's true one first; None for a leaf.
    """
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    ids = zip(attributes["nodes_treeids"].ints, attributes["nodes_nodeids"].ints, strict=True)
    places = {name: place for place, name in enumerate(ids)}
    true_ids, false_ids = attributes["nodes_truenodeids"].ints, attributes["nodes_falsenodeids"].ints
    for number, root in enumerate(trees):
        waiting = [(0, root)]
        while waiting:
            node_id, node = waiting.pop()
            place = places[number, node_id]
            yield place, node
            if (below := branches(node)) is not None:
                waiting += zip((true_ids[place], false_ids[place]), below, strict=True)


def _correct_branches(ensemble: onnx.NodeProto, splits: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Floor every threshold and set the side that NaN takes."""
    attributes = {attribute.name: attribute for attribute in ensemble.attribute}
    values = np.array(attributes["nodes_values"].floats, np.float32)
    nan_is_true = np.array(attributes["nodes_missing_value_tracks_true"].ints, np.int64)
    for place, node in splits:
        _refuse_inexact(node)
        threshold = float(node["threshold"])
        if values[place] != _nearest(threshold):
            raise ExportError(
                f"ONNX export: expected threshold {threshold} at node {place}, was {values[place]}: "
                "onnxmltools lays its nodes out in another way; use the locked version of onnxmltools"
            )
        values[place] = branch_threshold(threshold)
        # A feature that had no NaN in training: LightGBM takes NaN for 0.
        nan_is_true[place] = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
    attributes["nodes_values"].floats[:] = values.tolist()
    attributes["nodes_missing_value_tracks_true"].ints[:] = nan_is_true.tolist()


def _paired(ensemble: onnx.NodeProto, trees: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    return side_by_side(ensemble, [tree["tree_structure"] for tree in trees], _branches)


def _branches(node: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    return (node["left_child"], node["right_child"]) if "split_feature" in node else None


def _rows(node: dict[str, Any]) -> int:
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])


def _refuse_inexact(node: dict[str, Any]) -> None:
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise ExportError(
            "ONNX export: expected splits of the kind feature <= number, was "
            f"{node['decision_type']!r} with missing_type {node['missing_type']!r}: train without "
            "categorical features and without zero_as_missing"
        )
