"""Evaluation over folds."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from models.training.evaluate import evaluate, evaluate_prepared, prepare
from models.training.feature_set import BOOK_NAMES, select_features
from schemas.errors import UserError
from tests.unit.training.evaluation_folds import SMALL, first_day, settings
from tests.unit.training.histories import history, history_file


@pytest.fixture(scope="module")
def prepared():
    return prepare(history_file(), settings(), lambda *_: None)


@pytest.fixture(scope="module")
def evaluation(prepared):
    return evaluate_prepared(prepared, SMALL, settings())


def test_each_fold_is_measured_on_its_own_days(evaluation):
    assert [result.period for result in evaluation.results] == ["validation", "test", "test"]
    for result, start in zip(evaluation.results, (9, 16, 23), strict=True):
        days = [evaluation.table["event_time"][int(row)].as_py().date() for row in (result.rows[0], result.rows[-1])]
        assert days == [first_day() + timedelta(days=start), first_day() + timedelta(days=start + 6)]
        assert len(result.scores) == len(result.is_fraud) == len(result.rows)


def test_scores_of_a_fold_depend_on_nothing_after_its_training(prepared, evaluation):
    """Labels known later, given to other transactions, change no score."""
    result = evaluation.results[0]
    turned = prepared.transactions.is_fraud.copy()
    later = prepared.transactions.event_time_ms >= prepared.transactions.event_time_ms[result.rows[0]]
    turned[later] = np.roll(turned[later], 1)
    other = replace(prepared, transactions=replace(prepared.transactions, is_fraud=turned))
    again = evaluate_prepared(other, SMALL, replace(settings(), folds=0)).results[0]
    same = np.isin(again.rows, result.rows)
    assert same.any()
    assert np.array_equal(again.scores[same], result.scores[np.isin(result.rows, again.rows)])


def test_calibration_days_are_taken_from_the_training(prepared, evaluation):
    calibrated = evaluate_prepared(prepared, SMALL, replace(settings(), calibration_days=2, folds=0))
    plain, other = evaluation.results[0], calibrated.results[0]
    assert np.array_equal(plain.rows, other.rows)
    assert plain.train_rows == other.train_rows
    assert not np.array_equal(plain.scores, other.scores)


def test_same_settings_give_the_same_figures(prepared, evaluation):
    assert evaluate_prepared(prepared, SMALL, settings()).to_json() == evaluation.to_json()


def test_json_holds_means_and_folds_of_both_periods(evaluation):
    value = evaluation.to_json()
    folds = [fold["average_precision"] for fold in value["folds"]]
    assert value["average_precision"] == pytest.approx(np.mean(folds))
    assert value["average_precision_sd"] == pytest.approx(np.std(folds, ddof=1))
    assert {"auc_roc", "card_precision_100", "auc_roc_sd", "card_precision_100_sd"} <= value.keys()
    assert len(value["validation"]["folds"]) == 1
    assert 0 < value["average_precision"] <= 1
    orjson.dumps(value)


def test_days_outside_the_file_are_refused_with_its_days():
    with pytest.raises(UserError, match=rf"to {first_day() + timedelta(days=29)}\. Give another --train-end"):
        evaluate(history_file(), replace(settings(), folds=3))


def test_fold_without_frauds_is_refused(prepared):
    none = replace(prepared.transactions, is_fraud=np.zeros(len(prepared.x), np.bool_))
    with pytest.raises(UserError, match="got 0 frauds of"):
        evaluate_prepared(replace(prepared, transactions=none), SMALL, settings())


def test_book_features_count_the_transaction_itself():
    names = [
        "amount", "is_weekend", "is_night",
        *(f"{what}_{window}" for window in ("24h", "7d", "30d") for what in ("count", "amount_sum")),
        *(f"merchant_{what}_{window}" for window in ("1d", "7d", "30d") for what in ("labels", "fraud_rate")),
    ]  # fmt: skip
    x = np.array([[10, 1, 0, 0, 0, 1, 20, 4, 40, 0, -1, 3, 0.5, 9, 0]], np.float32)
    book, book_names = select_features(x, "book", names)
    assert book_names == BOOK_NAMES
    assert book.tolist() == [[10, 1, 0, 1, 10, 2, 15, 5, 10, 0, 0, 3, 0.5, 9, 0]]
    assert book.dtype == np.float32


def test_missing_book_features_are_named():
    with pytest.raises(UserError, match="expected the feature amount"):
        select_features(np.zeros((1, 1), np.float32), "book", ["other"])


def test_command_ends_with_one_json_line(tmp_path):
    file = tmp_path / "history.parquet"
    pq.write_table(history(), file)
    options = ["--train-end", str(settings().train_end), "--delay-days", "2", "--folds", "1", "--validation-folds", "0"]
    done = CliRunner().invoke(app, ["evaluate", str(file), *options, "--model", "logistic"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.strip().splitlines()
    assert len(lines) > 2
    assert orjson.loads(lines[-1])["model"] == "logistic"


def test_command_searches_and_writes_a_report(tmp_path):
    report = tmp_path / "report.html"
    days = ["--train-end", str(settings().train_end), "--delay-days", "2", "--folds", "1", "--validation-folds", "1"]
    more = ["--validation-days-before", "7", "--model", "logistic", "--search-minutes", "0.01", "--report", str(report)]
    done = CliRunner().invoke(app, ["evaluate", str(history_file()), *days, *more, "--json"])
    assert done.exit_code == 0, done.output
    value = orjson.loads(done.stdout)
    assert value["search"]["trials"] >= 1
    assert value["validation"]["average_precision"] == pytest.approx(value["search"]["objective"])
    assert "logistic on all features" in report.read_text()
