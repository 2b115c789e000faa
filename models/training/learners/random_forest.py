"""Random forest as a learner."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier

from models.training.export import floor_float32, probability_only
from models.training.learners.balance import balanced
from models.training.learners.learner import TREES_BOUND, Balance, finite_rows, shares
from models.training.parity import Split, rows_at_splits
from schemas.errors import UserError

_LEAF = -2
"""Split feature of a leaf in scikit-learn."""


@dataclass(frozen=True, kw_only=True)
class RandomForest:
    """Random forest: deep trees, each on its own sample of the rows.

    Parameters
    ----------
    trees, min_child_samples
        Number of trees; minimum of rows in a leaf.
    columns
        Share of the features considered by each split.
    """

    trees: int = 200
    min_child_samples: int = 5
    columns: float = 0.3
    balance: Balance = "none"

    def fit(
        self, x: NDArray[np.float32], is_fraud: NDArray[np.bool_], *, seed: int, threads: int = 1
    ) -> "FittedForest":
        """See `Learner.fit`."""
        sample = balanced(x, is_fraud, self.balance, seed=seed)
        forest = RandomForestClassifier(
            n_estimators=self.trees,
            min_samples_leaf=self.min_child_samples,
            max_features=self.columns,
            random_state=seed,
            n_jobs=threads,
        )
        return FittedForest(forest.fit(sample.x, sample.is_fraud, sample_weight=sample.weight))


@dataclass(frozen=True, eq=False)
class FittedForest:
    """Forest as a `TrainedModel`. It accepts finite numbers only."""

    forest: RandomForestClassifier
    bound: ClassVar[float] = TREES_BOUND
    exact: ClassVar[bool] = False

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """See `TrainedModel.probability`."""
        return np.asarray(self.forest.predict_proba(x)[:, 1], np.float64)

    def export(self) -> onnx.ModelProto:
        """See `TrainedModel.export`."""
        features = int(self.forest.n_features_in_)
        model = to_onnx(self.forest, np.zeros((1, features), np.float32), options={"zipmap": False})
        ensemble = model.graph.node[0]
        self._floor_thresholds(ensemble)
        return probability_only(ensemble, model, features, at_most_1=True)

    def text(self) -> None:
        """See `TrainedModel.text`; none."""

    def importance(self) -> NDArray[np.float64]:
        """See `TrainedModel.importance`; by impurity."""
        return shares(self.forest.feature_importances_)

    def threshold_rows(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TrainedModel.threshold_rows`."""
        return rows_at_splits(x, np.asarray(self.forest.apply(x)), self._splits())

    def accepts(self, x: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See `TrainedModel.accepts`; finite rows."""
        return finite_rows(x)

    def _floor_thresholds(self, ensemble: onnx.NodeProto) -> None:
        """Set each threshold to the float32 that splits float32 features as scikit-learn's float64 does."""
        attributes = {attribute.name: attribute for attribute in ensemble.attribute}
        trees = [estimator.tree_ for estimator in self.forest.estimators_]
        features = np.concatenate([tree.feature for tree in trees])
        ids = np.concatenate([np.arange(tree.node_count) for tree in trees])
        is_split = features != _LEAF
        exported = np.array(attributes["nodes_featureids"].ints)
        if not np.array_equal(attributes["nodes_nodeids"].ints, ids) or not np.array_equal(
            exported[is_split], features[is_split]
        ):
            raise UserError(
                "ONNX export: expected the nodes of a forest in scikit-learn's sequence, got another. "
                "Use the locked version of skl2onnx"
            )
        thresholds = np.concatenate([tree.threshold for tree in trees])
        floored = [
            float(floor_float32(value)) if split else 0.0 for value, split in zip(thresholds, is_split, strict=True)
        ]
        attributes["nodes_values"].floats[:] = floored

    def _splits(self) -> Iterator[Split]:
        for number, estimator in enumerate(self.forest.estimators_):
            tree = estimator.tree_
            below: dict[int, list[int]] = {}
            for node in reversed(range(tree.node_count)):  # children come after their parent
                if tree.feature[node] == _LEAF:
                    below[node] = [node]
                    continue
                below[node] = below[tree.children_left[node]] + below[tree.children_right[node]]
                yield Split(number, int(tree.feature[node]), floor_float32(tree.threshold[node]), below[node])
