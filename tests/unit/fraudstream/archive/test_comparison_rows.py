"""Both ways to compare two models on the same transactions: a replayed history and the inference log."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fraudstream.archive.comparison_rows import DUPLICATE, NOT_LOGGED, compare_on
from fraudstream.system.failures import NotReady
from models.scoring.artifact import load_artifact
from models.training.metrics import pr_auc
from schemas.columns import LABEL_ARROW, read_history
from schemas.errors import UserError
from tests.replay_scores import replay_scores
from tests.unit.fraudstream.archives import archive_history
from tests.unit.scoring.former_artifacts import WIDTH, former_artifact
from tests.unit.training.histories import artifact, artifact_folder, history_file
from tests.unit.training.other_models import better_folder


def quiet(_stage: str, _done: int, _total: int) -> None:
    pass


def no_labels() -> pa.Table:
    raise AssertionError("a history has its own labels")


@pytest.fixture(scope="module")
def replayed():
    return compare_on(history_file(), artifact(), load_artifact(better_folder()), no_labels, quiet)


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    return archive_history(tmp_path_factory.mktemp("archive"))


def labels() -> pa.Table:
    return read_history(history_file()).select(LABEL_ARROW.names)


def test_replay_reproduces_the_metrics_of_training(replayed):
    late = np.flatnonzero(replayed.event_time_ms >= np.quantile(replayed.event_time_ms, 0.9))
    assert len(late) > 1_000
    for answers in (replayed.champion, replayed.challenger):
        rows = len(late)
        validated = answers.manifest.metrics["validation_rows"]
        assert rows < validated
        newest = slice(len(replayed) - int(validated), None)
        found = pr_auc(replayed.is_fraud[newest], answers.scores[newest])
        assert found == pytest.approx(answers.manifest.metrics["pr_auc"], abs=1e-6)


def test_scores_on_logged_features_equal_those_of_a_replay(replayed, archived):
    found = compare_on(archived, artifact(), load_artifact(better_folder()), labels, quiet)
    assert len(found) == len(replayed)
    by_time = np.argsort(found.event_time_ms, kind="stable")
    for ours, theirs in ((found.champion, replayed.champion), (found.challenger, replayed.challenger)):
        assert np.array_equal(ours.scores[by_time], theirs.scores)
    assert found.labelled.all()
    assert np.array_equal(found.is_fraud[by_time], replayed.is_fraud)


def test_repeated_row_counts_once(replayed, archived):
    found = compare_on(archived, artifact(), artifact(), labels, quiet)
    assert found.left_out[DUPLICATE] == 1 + replayed.left_out[DUPLICATE]


def test_newest_label_of_a_transaction_counts_and_some_have_none(archived):
    every = labels()
    known = every.slice(0, 500)
    (first,) = known.slice(0, 1).to_pylist()
    later = {**first, "is_fraud": not first["is_fraud"], "label_time": pc.max(every["label_time"]).as_py()}
    relabelled = pa.concat_tables([pa.Table.from_pylist([later], known.schema), known])
    found = compare_on(archived, artifact(), artifact(), lambda: relabelled, quiet)
    plain = compare_on(archived, artifact(), artifact(), lambda: known, quiet)
    assert found.labelled.sum() == plain.labelled.sum() == 500
    assert np.count_nonzero(found.is_fraud != plain.is_fraud) == 1


def test_archive_of_another_model_is_refused(archived):
    with pytest.raises(NotReady, match="feature_log_share"):
        compare_on(archived, load_artifact(better_folder()), artifact(), labels, quiet)


def test_path_without_data_to_compare_on_is_refused(tmp_path):
    with pytest.raises(UserError, match="--on"):
        compare_on(tmp_path / "none.parquet", artifact(), artifact(), labels, quiet)
    assert artifact_folder().is_dir()


def test_rows_of_a_history_whose_label_is_unknown_are_compared_without_one(replayed, tmp_path):
    table = read_history(history_file())
    rows = np.arange(len(table))
    for name in ("is_fraud", "label_time"):
        index = table.schema.get_field_index(name)
        unknown = pc.if_else(pa.array(rows % 10 == 0), pa.scalar(None, table[name].type), table[name])
        table = table.set_column(index, name, unknown)
    pq.write_table(table, tmp_path / "partly.parquet")
    found = compare_on(tmp_path / "partly.parquet", artifact(), artifact(), no_labels, quiet)
    assert len(found) == len(replayed)
    assert 0.89 < found.labelled.mean() < 0.91
    assert not found.is_fraud[~found.labelled].any()


def test_rows_without_the_challengers_features_are_left_out(tmp_path):
    table = read_history(history_file()).slice(0, 500)
    former = former_artifact()
    archive_history(tmp_path / "former", table, former, WIDTH)
    found = compare_on(tmp_path / "former", former, former, labels, quiet)
    assert (len(found), found.left_out[NOT_LOGGED]) == (500, 0)
    found = compare_on(tmp_path / "former", former, artifact(), labels, quiet)
    assert (len(found), found.left_out[NOT_LOGGED]) == (0, 500)


def test_a_former_champion_and_a_challenger_with_entity_features_are_compared_on_what_this_version_logs(tmp_path):
    table = read_history(history_file()).slice(0, 500)
    former = former_artifact()
    archive_history(tmp_path / "now", table, former)
    found = compare_on(tmp_path / "now", former, artifact(), labels, quiet)
    replayed = replay_scores(table, artifact())
    by_time = np.argsort(found.event_time_ms, kind="stable")
    assert (len(found), found.left_out[NOT_LOGGED]) == (500, 0)
    assert found.challenger.scores[by_time].tobytes() == replayed.tobytes()
