"""XGBoost as a learner."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import onnx
import xgboost as xgb
from numpy.typing import NDArray
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from models.scoring.model import INPUT
from models.training.export import probability_only, set_covers, side_by_side
from models.training.learners.balance import balanced
from models.training.learners.learner import TREES_BOUND, Balance, shares
from models.training.parity import Split, rows_at_splits


@dataclass(frozen=True, kw_only=True)
class XGBoost:
    """Gradient boosting by XGBoost, with trees grown leaf by leaf from histograms.

    Parameters
    ----------
    trees, rate, leaves
        Number of trees, learning rate, leaves per tree.
    min_child_weight, l2
        Minimum sum of p (1 - p) in a leaf; L2 regularisation.
    columns, rows
        Share of the features, and of the rows, that each tree uses.
    """

    trees: int = 300
    rate: float = 0.03
    leaves: int = 16
    min_child_weight: float = 1.0
    l2: float = 10.0
    columns: float = 0.6
    rows: float = 0.8
    balance: Balance = "none"

    def fit(
        self, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int, threads: int = 1
    ) -> "FittedXGBoost":
        """See `Learner.fit`."""
        sample = balanced(x, is_fraud, self.balance, seed=seed)
        parameters = {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": self.leaves,
            "eta": self.rate,
            "min_child_weight": self.min_child_weight,
            "lambda": self.l2,
            "colsample_bytree": self.columns,
            "subsample": self.rows,
            "seed": seed,
            "nthread": threads,
            "verbosity": 0,
        }
        data = xgb.DMatrix(sample.x, sample.is_fraud, weight=sample.weight)
        return FittedXGBoost(xgb.train(parameters, data, num_boost_round=self.trees))


@dataclass(frozen=True, eq=False)
class FittedXGBoost:
    """XGBoost booster as a `TrainedModel`. The converter keeps its float32 thresholds."""

    booster: xgb.Booster
    bound: ClassVar[float] = TREES_BOUND
    exact: ClassVar[bool] = False

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `TrainedModel.probability`."""
        return np.asarray(self.booster.predict(xgb.DMatrix(x)), np.float64)

    def export(self) -> onnx.ModelProto:
        """See `TrainedModel.export`. The nodes' covers are sums of p (1 - p) over their rows."""
        features = self.booster.num_features()
        model = convert_xgboost(self.booster, initial_types=[(INPUT, FloatTensorType([None, features]))])
        trees = json.loads(bytes(self.booster.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
        nodes = side_by_side(model.graph.node[0], [_Node(tree, 0) for tree in trees], _Node.branches)
        set_covers(model.graph.node[0], {index: node.tree["sum_hessian"][node.number] for index, node in nodes})
        return probability_only(model.graph.node[0], model, features)

    def text(self) -> str:
        """See `TrainedModel.text`."""
        return bytes(self.booster.save_raw("json")).decode()

    @classmethod
    def read(cls, text: str) -> "FittedXGBoost":
        """Read a model from its text.

        Raises
        ------
        ValueError
            The text is no model of XGBoost.
        """
        booster = xgb.Booster()
        try:
            booster.load_model(bytearray(text.encode()))
        except xgb.core.XGBoostError as error:  # the first line is the message, the others a stack trace
            raise ValueError(str(error).splitlines()[0]) from None
        return cls(booster)

    def importance(self) -> NDArray[np.float64]:
        """See `TrainedModel.importance`; by gain."""
        gain = self.booster.get_score(importance_type="total_gain")
        return shares(np.array([gain.get(f"f{column}", 0.0) for column in range(self.booster.num_features())]))

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TrainedModel.threshold_rows`."""
        leaves = self.booster.predict(xgb.DMatrix(x), pred_leaf=True).reshape(len(x), -1).astype(np.int64)
        return rows_at_splits(x, leaves, self._splits())

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See `TrainedModel.accepts`; rows without an infinity."""
        accepted: NDArray[np.bool_] = ~np.isinf(x).any(axis=1)
        return accepted

    def _splits(self) -> Iterator[Split]:
        for tree, dumped in enumerate(self.booster.get_dump(dump_format="json")):
            waiting = [json.loads(dumped)]
            while waiting:
                node = waiting.pop()
                if "leaf" in node:
                    continue
                waiting += node["children"]
                threshold = np.float32(node["split_condition"])
                yield Split(tree, int(node["split"][1:]), threshold, _leaves_below(node))


class _Node(NamedTuple):
    """Node of a tree in XGBoost's JSON."""

    tree: dict[str, Any]
    number: int

    def branches(self) -> "tuple[_Node, _Node] | None":
        left, right = (self.tree[side][self.number] for side in ("left_children", "right_children"))
        return None if left < 0 else (_Node(self.tree, left), _Node(self.tree, right))


def _leaves_below(node: dict[str, Any]) -> list[int]:
    if "leaf" in node:
        return [node["nodeid"]]
    return [leaf for child in node["children"] for leaf in _leaves_below(child)]
