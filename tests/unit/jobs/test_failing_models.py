"""Models that fail while deployed: a challenger is removed, a champion is replaced by the previous models."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jobs.record_types import DEPLOYMENT, TRANSACTIONS
from jobs.shards import SHARD_KEYS
from models.scoring.artifact import load_artifact
from models.scoring.model import OnnxModel
from models.scoring.recent_share import RecentShare
from models.scoring.self_test_check import edge_rows
from models.scoring.time_budget import MAX_OVERRUN_S, TimeBudget
from schemas.avro_schemas import CONTROL
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from schemas.wall_clock import now_ms
from tests.unit.jobs.operator_in_memory import Context, OperatorInMemory
from tests.unit.jobs.shard_transactions import transactions
from tests.unit.scoring.deployments import deployment, named
from tests.unit.training.histories import customer_folder, other_folder

SHARD = SHARD_KEYS[2][0]


def settings_model_id() -> str:
    """Return the id of the model in the settings."""
    return str(named(customer_folder())["model_id"])


def deployed_model_id() -> str:
    """Return the id of the model that is deployed."""
    return str(named(other_folder())["model_id"])


class Failing:
    """Failure of the models of one artifact, once set."""

    def __init__(self, monkeypatch: Any) -> None:
        self.model_id, self.does = "", lambda scores: scores
        digests = {
            load_artifact(folder).onnx: named(folder)["model_id"] for folder in (customer_folder(), other_folder())
        }
        begin, score = OnnxModel.__init__, OnnxModel.score

        def remembered(model: OnnxModel, onnx: bytes, **named: Any) -> None:
            begin(model, onnx, **named)
            model.__dict__["of"] = digests[onnx]

        def failing(model: OnnxModel, x: Any) -> Any:
            scores = score(model, x)
            return self.does(scores) if model.__dict__["of"] == self.model_id else scores

        monkeypatch.setattr(OnnxModel, "__init__", remembered)
        monkeypatch.setattr(OnnxModel, "score", failing)


@pytest.fixture
def failing(monkeypatch):
    return Failing(monkeypatch)


def raising(_scores: Any) -> Any:
    raise RuntimeError("no such operator")


def nan(scores: Any) -> Any:
    return np.full_like(scores, np.nan)


FAILURES = {"raises": raising, "NaN": nan, "more than 1": lambda scores: scores + 2, "too few": lambda s: s[:0]}


def deploy(operator: OperatorInMemory, *challengers: dict[str, Any], champion: Any = None) -> None:
    """Deploy models and wait until they are loaded; the next batch switches to them."""
    deployed = deployment(champion or named(customer_folder()), *challengers)
    payload = RecordCodec(CONTROL, "", FileRegistry()).encode(deployed.to_record())
    operator.send(DEPLOYMENT, [("deployment", payload)], shard=SHARD, time_ms=now_ms())
    operator.operator._shards[SHARD].models._request.result(60)


def send(operator: OperatorInMemory, first: int, end: int) -> None:
    operator.send(TRANSACTIONS, transactions(end)[first:], shard=SHARD, time_ms=now_ms())


def events(operator: OperatorInMemory) -> list[tuple[str, str, list[str]]]:
    return [(item["kind"], item["model_id"], item["challengers"]) for item in operator.of("fraud.model-events.v1")]


def scored_alone(folder: Any, end: int) -> dict[str, float]:
    operator = OperatorInMemory(folder)
    send(operator, 0, end)
    return operator.scores


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_failing_challenger_is_removed_and_champion_keeps_scoring(failing, failure, share):
    operator = OperatorInMemory(customer_folder())
    deploy(operator, named(other_folder(), share=share))
    send(operator, 0, 50)
    before = dict(operator.scores)
    failing.model_id, failing.does = deployed_model_id(), FAILURES[failure]
    send(operator, 50, 150)
    assert events(operator)[1:] == [
        ("SERVING", settings_model_id(), [deployed_model_id()]),
        ("REFUSED", deployed_model_id(), []),
        ("SERVING", settings_model_id(), []),
    ]
    assert operator.letters == []
    assert operator.context.counts["challengers_removed"] == 1
    after = {name: score for name, score in operator.scores.items() if name not in before}
    alone = scored_alone(customer_folder(), 150)
    assert len(after) == 100
    assert after == {name: alone[name] for name in after}


def test_removed_challenger_stays_removed_after_a_restart(failing):
    operator = OperatorInMemory(customer_folder())
    deploy(operator, named(other_folder(), share=0.5))
    failing.model_id, failing.does = deployed_model_id(), raising
    send(operator, 0, 50)
    restored = OperatorInMemory(customer_folder(), operator.context)
    send(restored, 50, 100)
    assert events(restored) == [("SERVING", settings_model_id(), [])]
    assert {item["deployment_id"] for item in restored.of("fraud.model-events.v1")} == {"d1"}


@pytest.mark.parametrize("failure", FAILURES)
def test_failing_champion_is_replaced_by_previous_models_without_data_loss(failing, failure):
    operator = OperatorInMemory(customer_folder())
    deploy(operator, champion=named(other_folder()))
    send(operator, 0, 50)
    failing.model_id, failing.does = deployed_model_id(), FAILURES[failure]
    send(operator, 50, 150)
    assert events(operator)[1:] == [
        ("SERVING", deployed_model_id(), []),
        ("REFUSED", deployed_model_id(), []),
        ("SERVING", settings_model_id(), []),
    ]
    assert operator.letters == []
    assert len(operator.scores) == 150
    assert operator.context.counts["champions_failed"] == 1
    restored = OperatorInMemory(customer_folder(), operator.context)
    send(restored, 150, 200)
    assert events(restored) == [("SERVING", settings_model_id(), [])]


def test_champion_that_passes_self_test_and_fails_for_many_transactions_is_replaced(failing):
    operator = OperatorInMemory(customer_folder())
    deploy(operator, champion=named(other_folder()))
    send(operator, 0, 20)

    def mostly(scores: Any) -> Any:
        passes = len(scores) > 20 or len(scores) == len(edge_rows(None))  # the self-test's rows
        return scores if passes else nan(scores)

    failing.model_id, failing.does = deployed_model_id(), mostly
    send(operator, 20, 40)
    assert ("REFUSED", deployed_model_id(), []) in events(operator)
    assert len(operator.scores) + len(operator.letters) == 40
    assert 0 < len(operator.letters) < 20


@pytest.mark.parametrize("failure", FAILURES)
def test_failing_settings_model_fails_the_task(failing, failure):
    operator = OperatorInMemory(customer_folder())
    send(operator, 0, 10)
    failing.model_id, failing.does = settings_model_id(), FAILURES[failure]
    with pytest.raises(ValueError, match=settings_model_id()):
        send(operator, 10, 60)


def test_challenger_far_slower_than_champion_is_removed():
    operator = OperatorInMemory(customer_folder())
    deploy(operator, named(other_folder()))
    send(operator, 0, 10)
    models = operator.operator._shards[SHARD].models
    scores = SimpleNamespace(seconds=(0.001, MAX_OVERRUN_S / 2 + 0.02))
    assert list(models.hold_to_budget(scores, now_ms())) == []
    assert len(models.serving.ensemble.models) == 2
    assert len(list(models.hold_to_budget(scores, now_ms()))) == 3  # the last comparison, and two events
    assert len(models.serving.ensemble.models) == 1


def test_time_of_challengers_is_measured_in_the_job():
    operator = OperatorInMemory(customer_folder())
    deploy(operator, named(other_folder()))
    send(operator, 0, 10)
    assert operator.operator._shards[SHARD].models.serving.ensemble.clock is not None


def test_time_budget_tolerates_a_pause_but_not_a_slow_model():
    budget = TimeBudget(10)
    budget.add(0.001, MAX_OVERRUN_S - 0.1)
    for _ in range(1_000):
        budget.add(0.001, 0.005)
    assert not budget.exceeded
    for _ in range(100):
        budget.add(0.001, 0.05)
    assert budget.exceeded


def test_share_is_exceeded_by_many_failures_and_never_by_few():
    share = RecentShare(0.2, 10)
    share.add(1, 1)
    assert not share.exceeded
    share.add(5_000, 0)
    for _ in range(20):
        share.add(1, 1)
    assert not share.exceeded
    for _ in range(2_000):
        share.add(1, 1)
    assert share.exceeded


def test_drift_is_measured_on_champion_scores_only():
    def unfinished(*challengers: dict[str, Any]) -> bytes:
        operator = OperatorInMemory(customer_folder(), Context())
        deploy(operator, *challengers)
        send(operator, 0, 300)
        return operator.context.stored()["observation"][SHARD]

    assert unfinished(named(other_folder(), share=0.5)) == unfinished()
