"""Checks for every learner; `test_learners` runs each check on each learner."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cached_property

import numpy as np
import onnx
from numpy.typing import NDArray

from models.scoring.model import INPUT, OUTPUT, OnnxModel
from models.training.calibration import Calibrated, Platt
from models.training.learners.learner import Learner, TrainedModel
from models.training.parity import edge_case_rows

CONSTANT = 11
"""Feature with one value in all rows."""


@dataclass(frozen=True, eq=False)
class LearnerCase:
    """Learner with labelled rows, trained when a check first needs the model.

    Attributes
    ----------
    learner : Learner
    x : ndarray of float32, (n, F)
        Feature `CONSTANT` never varies.
    is_fraud : ndarray of bool, (n,)
    calibrated : bool
        Whether the model is calibrated after training.
    """

    learner: Learner
    x: NDArray[np.float32]
    is_fraud: NDArray[np.bool_]
    calibrated: bool = False

    @cached_property
    def model(self) -> TrainedModel:
        return self.fit(self.learner)

    @cached_property
    def served(self) -> OnnxModel:
        return OnnxModel(self.model.export().SerializeToString(), features=self.x.shape[1])

    def fit(self, learner: Learner, rows: int | None = None, seed: int = 3) -> TrainedModel:
        x, is_fraud = self.x[:rows], self.is_fraud[:rows]
        model = learner.fit(x, is_fraud, seed=seed)
        return Calibrated(model, Platt.fit(model.probability(x), is_fraud)) if self.calibrated else model

    @property
    def accepted_rows(self) -> NDArray[np.float32]:
        """Return ordinary rows, rows on every split, and the edge cases that the library accepts."""
        edge_cases = edge_case_rows(self.x, seed=1)
        made = np.concatenate([self.model.threshold_rows(self.x), edge_cases])
        return np.concatenate([self.x, made[self.model.accepts(made)]])


def check_settings_are_plain_values_of_a_frozen_dataclass(case: LearnerCase) -> None:
    # The manifest records them.
    assert is_dataclass(case.learner)
    assert type(case.learner).__dataclass_params__.frozen
    assert "balance" in {item.name for item in fields(case.learner)}
    assert json.loads(json.dumps(asdict(case.learner))) == asdict(case.learner)


def check_fit_does_not_modify_its_input(case: LearnerCase) -> None:
    x, is_fraud = case.x[:2_000].copy(), case.is_fraud[:2_000].copy()
    case.learner.fit(x, is_fraud, seed=1)
    assert x.tobytes() == case.x[:2_000].tobytes()
    assert is_fraud.tobytes() == case.is_fraud[:2_000].tobytes()


def check_same_seed_gives_the_same_graph(case: LearnerCase) -> None:
    first, second = (
        case.fit(case.learner, rows=2_000, seed=5).export().SerializeToString(deterministic=True) for _ in range(2)
    )
    assert first == second


def check_balance_raises_the_probabilities(case: LearnerCase) -> None:
    x, is_fraud = case.x[:3_000], case.is_fraud[:3_000] & (np.arange(3_000) % 4 == 0)
    plain, *balanced = (
        replace(case.learner, balance=balance).fit(x, is_fraud, seed=3).probability(x).mean()
        for balance in ("none", "weights", "smote")
    )
    assert min(balanced) > plain


def check_probabilities_are_float64_between_0_and_1(case: LearnerCase) -> None:
    p = case.model.probability(case.accepted_rows)
    assert p.dtype == np.float64
    assert p.shape == (len(case.accepted_rows),)
    assert np.all((p >= 0) & (p <= 1))


def check_probability_does_not_modify_its_input(case: LearnerCase) -> None:
    x = case.x.copy()
    case.model.probability(x)
    case.model.threshold_rows(x)
    assert x.tobytes() == case.x.tobytes()


def check_frauds_have_higher_probabilities(case: LearnerCase) -> None:
    p = case.model.probability(case.x)
    assert np.mean(p[case.is_fraud]) > 3 * np.mean(p[~case.is_fraud])


def check_graph_has_one_input_and_one_output(case: LearnerCase) -> None:
    graph = case.model.export().graph
    ((put,), (got,)) = graph.input, graph.output
    assert (put.name, got.name) == (INPUT, OUTPUT)
    assert {put.type.tensor_type.elem_type, got.type.tensor_type.elem_type} == {onnx.TensorProto.FLOAT}
    assert put.type.tensor_type.shape.dim[1].dim_value == case.x.shape[1]


def check_graph_equals_the_library_within_the_bound(case: LearnerCase) -> None:
    rows = case.accepted_rows
    assert len(rows) > len(case.x)
    assert np.max(np.abs(case.model.probability(rows) - case.served.score(rows))) <= case.model.bound


def check_exact_model_equals_the_library_rounded_once(case: LearnerCase) -> None:
    # A float64 sigmoid may differ in its last bit, and then the score in its last bit.
    if case.model.exact:
        rounded = case.model.probability(case.x).astype(np.float32)
        assert np.max(np.abs(case.served.score(case.x) - rounded) / np.spacing(rounded)) <= 1


def check_row_scores_alone_as_in_a_batch(case: LearnerCase) -> None:
    alone = np.concatenate([case.served.score(case.x[row : row + 1]) for row in range(200)])
    assert alone.tobytes() == case.served.score(case.x)[:200].tobytes()


def check_sequence_of_the_rows_does_not_matter(case: LearnerCase) -> None:
    shuffled = np.random.default_rng(2).permutation(len(case.x))
    assert case.served.score(case.x[shuffled]).tobytes() == case.served.score(case.x)[shuffled].tobytes()


def check_empty_batch_has_no_scores(case: LearnerCase) -> None:
    assert case.served.score(case.x[:0]).shape == (0,)


def check_importance_is_the_share_of_each_feature(case: LearnerCase) -> None:
    importance = case.model.importance()
    assert importance.shape == (case.x.shape[1],)
    assert np.all(importance >= 0)
    assert abs(importance.sum() - 1) < 1e-6


def check_constant_feature_has_no_importance(case: LearnerCase) -> None:
    assert np.ptp(case.x[:, CONSTANT]) == 0
    assert case.model.importance()[CONSTANT] == 0


def check_ordinary_rows_are_accepted(case: LearnerCase) -> None:
    accepted = case.model.accepts(case.x)
    assert accepted.dtype == np.bool_
    assert accepted.shape == (len(case.x),)
    assert accepted.all()


def check_threshold_rows_are_triples_that_differ_in_one_feature(case: LearnerCase) -> None:
    rows = case.model.threshold_rows(case.x)
    assert rows.dtype == np.float32
    below, at, above = (rows[start::3] for start in range(3))
    assert len(below) == len(at) == len(above)
    for lower, upper in ((below, at), (at, above)):
        assert np.all((lower < upper).sum(axis=1) <= 1)
        assert np.all(((lower == upper) | np.isnan(lower)).sum(axis=1) >= case.x.shape[1] - 1)


def check_text_round_trip_keeps_the_model(case: LearnerCase) -> None:
    text = case.model.text()
    if text is not None and not case.calibrated:
        again = type(case.model).read(text)
        assert again.probability(case.x).tobytes() == case.model.probability(case.x).tobytes()


LEARNER_CHECKS: tuple[Callable[[LearnerCase], None], ...] = (
    check_settings_are_plain_values_of_a_frozen_dataclass,
    check_fit_does_not_modify_its_input,
    check_same_seed_gives_the_same_graph,
    check_balance_raises_the_probabilities,
)
"""Checks of training itself."""

MODEL_CHECKS: tuple[Callable[[LearnerCase], None], ...] = tuple(
    check for name, check in sorted(globals().items()) if name.startswith("check_") and check not in LEARNER_CHECKS
)
"""Checks of the trained model, plain or calibrated."""
