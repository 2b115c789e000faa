"""Champion and challengers in one batch."""

import numpy as np
import pytest

from models.features.batch import DUPLICATE
from models.features.entities.entity_tracker import EntityTracker
from models.scoring.artifact import load_artifact
from models.scoring.customer_share import deciding_model
from models.scoring.decision import decide
from models.scoring.history_scorer import HistoryScorer
from models.scoring.served_models import ServedModels
from models.scoring.shadow_tally import ShadowTally
from models.scoring.transaction_scorer import TransactionScorer
from schemas.columns import TRANSACTION_ARROW
from tests.replay_scores import replay_scores
from tests.unit.scoring.deployments import deployment, named
from tests.unit.training.histories import artifact_folder, history, other_folder

TABLE = history().slice(0, 3_000)
RECORDS = TABLE.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]


@pytest.fixture(scope="module")
def offline():
    """Return the scores of TABLE by each model; their fraud rates by category differ."""
    one, other = load_artifact(artifact_folder()), load_artifact(other_folder())
    assert one.category_risk != other.category_risk
    return [replay_scores(TABLE, artifact) for artifact in (one, other)]


def served(**challenger):
    return ServedModels.load(deployment(named(artifact_folder()), named(other_folder(), **challenger)))


def test_shadow_challenger_scores_as_if_alone_and_decides_nothing(offline):
    scored = HistoryScorer(served()).score(RECORDS)
    assert scored.scores.tobytes() == offline[0].tobytes()
    (challenger,) = scored.ensemble_scores.challenger_scores
    assert challenger.scores.tobytes() == offline[1].tobytes()
    assert list(scored.split_by_model()) == [(0, None, scored)]


def test_each_customer_is_decided_by_one_model_with_its_own_thresholds(offline):
    scored = HistoryScorer(served(share=0.4, review_threshold=0.001, block_threshold=0.5)).score(RECORDS)
    name = named(other_folder())["model_id"]
    by = deciding_model(RECORDS.column("customer_id"), [(name, 0.4)])
    assert scored.scores.tobytes() == np.where(by == 1, offline[1], offline[0]).tobytes()
    seen = []
    for number, rows, part in scored.split_by_model():
        assert (by[rows] == number).all()
        assert part.scores.tobytes() == offline[number][rows].tobytes()
        assert part.customers == [TABLE["customer_id"][row].as_py() for row in rows.tolist()]
        model = served(review_threshold=0.001, block_threshold=0.5).models[number]
        assert model.onnx.score(part.x).tobytes() == part.scores.tobytes(), "with the features that it knows"
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(RECORDS)))
    theirs = np.flatnonzero(by == 1)
    assert scored.decisions[theirs].tolist() == decide(offline[1][theirs], 0.001, 0.5).tolist()


def test_models_change_between_two_batches_and_histories_are_kept(offline):
    scorer, entities = (
        TransactionScorer(ServedModels.load(deployment(named(artifact_folder()))), load=None),
        EntityTracker(),
    )
    before = scorer.score(RECORDS.slice(0, 1_000), entities=entities.advance(RECORDS.slice(0, 1_000)))
    scorer.serve(ServedModels.load(deployment(named(other_folder()))))
    after = scorer.score(RECORDS.slice(1_000), entities=entities.advance(RECORDS.slice(1_000)))
    assert before.scores.tobytes() == offline[0][:1_000].tobytes()
    assert after.scores.tobytes() == offline[1][1_000:].tobytes()


def test_tally_counts_decisions_of_the_challenger(offline):
    compared = served(share=0.4)
    scorer, tally = HistoryScorer(compared), ShadowTally(compared, 1)
    for start in range(0, len(RECORDS), 1_000):
        tally.add(scorer.score(RECORDS.slice(start, 1_000)))
    again = scorer.score(RECORDS.slice(2_900))
    assert (again.ingest_status == DUPLICATE).all()
    tally.add(again)
    ours, theirs = (
        decide(scores, model.manifest.review_threshold, model.manifest.block_threshold)
        for scores, model in zip(offline, compared.models, strict=True)
    )
    difference = np.abs(offline[0].astype(np.float64) - offline[1])
    name = named(other_folder())["model_id"]
    counts = tally.flush()
    assert counts.pop("difference_sum") == pytest.approx(difference.sum())
    assert counts == {
        "champion_id": named(artifact_folder())["model_id"],
        "challenger_id": name,
        "transactions": len(RECORDS),
        "decided": int((deciding_model(RECORDS.column("customer_id"), [(name, 0.4)]) == 1).sum()),
        "agreed": int((ours == theirs).sum()),
        "champion_alerts": int((ours > 0).sum()),
        "challenger_alerts": int((theirs > 0).sum()),
        "both_alert": int(((ours > 0) & (theirs > 0)).sum()),
        "difference_max": difference.max(),
    }
    assert tally.flush()["transactions"] == 0, "taken once"
