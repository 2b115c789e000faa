"""Training of LightGBM with our settings."""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LearnerSettings:
    """Settings of tree growth.

    Few trees with more leaves at a high rate: scoring costs grow with the trees, hardly with the leaves. Rare fraud
    needs `min_child_samples` and `l2`: with LightGBM's defaults it loses to a logistic regression.

    Parameters
    ----------
    trees, rate, leaves
        Number of trees, learning rate, leaves per tree.
    min_child_samples, l2
        Minimum of rows in a leaf; L2 regularisation.
    columns, rows
        Share of the features, and of the rows, that each tree uses.
    """

    trees: int = 100
    rate: float = 0.1
    leaves: int = 32
    min_child_samples: int = 50
    l2: float = 10.0
    columns: float = 0.6
    rows: float = 0.8


def fit(
    x: NDArray[np.float32],
    is_fraud: NDArray[np.bool_],
    settings: LearnerSettings,
    *,
    seed: int,
    threads: int,
    weight: NDArray[np.float32] | None = None,
) -> lgb.Booster:
    """Train the classifier: the same trees for the same input, settings, seed and number of threads.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        float32 is part of the contract: thresholds then lie between float32 values, and the exported model,
        which sees float32, branches alike.
    is_fraud : ndarray of bool, (n,)
    weight : ndarray of float32, (n,), optional
        Weight of each row; default: equal weights.
    """
    parameters = {
        "objective": "binary",
        "learning_rate": settings.rate,
        "num_leaves": settings.leaves,
        "min_child_samples": settings.min_child_samples,
        "lambda_l2": settings.l2,
        "feature_fraction": settings.columns,
        "bagging_fraction": settings.rows,
        "bagging_freq": 1,
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
    data = lgb.Dataset(x, is_fraud.astype(np.float32), weight=weight, free_raw_data=False)
    return lgb.train(parameters, data, num_boost_round=settings.trees)
