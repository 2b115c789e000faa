"""Label delays: frauds are known after days, genuine labels are final after weeks."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.scoring.artifact import load_artifact
from models.scoring.backfill import backfill
from models.training.class_shares import MAX_RATIO, ClassCount, require_like_shares
from models.training.maturity import derive_maturity_ms
from models.training.metrics import pr_auc
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import EVENT_TIME
from schemas.durations import DAY_MS
from schemas.errors import UserError
from tests.unit.training.histories import SMALL, history

FINAL_DAYS = 14


def test_equal_delays_need_no_maturity():
    delays = np.random.default_rng(1).integers(0, 20 * DAY_MS, 50_000)
    assert derive_maturity_ms(delays, np.arange(50_000) % 100 == 0) == 0
    assert derive_maturity_ms(np.full(1_000, 7 * DAY_MS), np.arange(1_000) % 10 == 0) == 0


@pytest.mark.parametrize(("fraud_days", "genuine_days"), [(3, 30), (30, 0), (30, 3)])
def test_slower_class_determines_the_maturity(fraud_days, genuine_days):
    is_fraud = np.arange(10_000) % 50 == 0
    delays = np.where(is_fraud, fraud_days, genuine_days) * DAY_MS
    assert derive_maturity_ms(delays, is_fraud) == 30 * DAY_MS


def test_one_class_has_no_maturity():
    assert derive_maturity_ms(np.array([1, 2], np.int64), np.array([True, True])) == 0
    assert derive_maturity_ms(np.array([], np.int64), np.array([], np.bool_)) == 0


@pytest.mark.parametrize(
    ("frauds", "rows", "message"),
    [
        (681, 681, r"681 frauds of 681 rows \(100.00%\) in training"),
        (0, 681, "0 frauds of 681 rows"),
        (600, 681, "expected fewer frauds than genuine"),
        (100, 1_000, "expected fraud shares at most 5 times apart"),
        (1, 1_000, "expected fraud shares at most 5 times apart"),
    ],
)
def test_class_balance_that_differs_between_periods_is_refused(frauds, rows, message):
    with pytest.raises(UserError, match=message):
        require_like_shares(
            "Training", ClassCount("training", frauds, rows), ClassCount("validation", 100, 10_000), maturity_days=0
        )


def test_shares_that_drift_are_accepted():
    measured = ClassCount("validation", 100, 10_000)
    drifted = ClassCount("training", round(100 * MAX_RATIO) - 1, 10_000)
    require_like_shares("Training", drifted, measured, maturity_days=0)


def delayed(table, fraud_days, genuine_days, *, known_until=None):
    """Return the rows with other label delays; labels that come after a time are unknown."""
    event = table["event_time"].cast(pa.int64()).to_numpy()
    is_fraud = table["is_fraud"].to_numpy()
    label = event + np.where(is_fraud, fraud_days, genuine_days) * DAY_MS
    unknown = np.zeros(len(label), np.bool_) if known_until is None else label > known_until
    for name, values in (
        ("is_fraud", pa.array(is_fraud, mask=unknown)),
        ("label_time", pa.array(label, mask=unknown).cast(EVENT_TIME)),
    ):
        table = table.set_column(table.column_names.index(name), name, values)
    return table


@pytest.fixture(scope="module")
def world():
    """Sixty days to train on, and twenty later ones."""
    # In so small a world, one attack on many cards would be most of the frauds of its week.
    single = {
        "card_testing": 7,
        "account_takeover": 4,
        "stolen_card_spree": 4,
        "impossible_travel": 3,
        "low_and_slow": 1,
    }
    config = SimulationConfig(seed=5, customers=200, merchants=200, days=80, fraud_rate=0.02, scenario_weights=single)
    table = simulate(config)
    event = table["event_time"].cast(pa.int64()).to_numpy()
    begin = event[0] + 60 * DAY_MS
    return table, begin


def trained(table, folder, **settings):
    pq.write_table(table, folder / "history.parquet")
    manifest = train(folder / "history.parquet", folder / "model", TrainingSettings(**settings), learner=SMALL)
    return manifest, load_artifact(folder / "model")


def later_precision(world, artifact):
    """Return the average precision on the twenty later days, with realistic label delays."""
    table, begin = world
    rows = delayed(table, 3, FINAL_DAYS)
    scored = pa.Table.from_batches(list(backfill(rows, artifact, with_labels=True)))
    late = scored["event_time"].cast(pa.int64()).to_numpy() >= begin
    return pr_auc(scored["is_fraud"].to_numpy()[late], scored["score"].to_numpy()[late])


def test_model_of_one_sided_delays_is_no_worse_than_one_of_equal_delays(world, tmp_path_factory):
    table, begin = world
    past = table.slice(0, int(np.searchsorted(table["event_time"].cast(pa.int64()).to_numpy(), begin)))
    found = {}
    for name, rows in (
        ("equal", delayed(past, FINAL_DAYS, FINAL_DAYS)),
        ("one-sided", delayed(past, 3, FINAL_DAYS)),
        ("as exported", delayed(past, 3, FINAL_DAYS, known_until=begin)),
    ):
        manifest, artifact = trained(rows, tmp_path_factory.mktemp("trained"))
        assert manifest.settings["maturity_days"] == (0 if name == "equal" else FINAL_DAYS)
        found[name] = later_precision(world, artifact)
    assert found["equal"] > 0.3
    assert found["one-sided"] > found["equal"] - 0.05
    assert found["as exported"] > found["equal"] - 0.1


def test_one_sided_delays_on_too_short_a_history_are_refused_with_the_figures(tmp_path):
    pq.write_table(delayed(history(), 3, 30), tmp_path / "history.parquet")
    with pytest.raises(UserError, match=r"spans 30.0 days \(labels count as final after 30.0 days\)"):
        train(tmp_path / "history.parquet", tmp_path / "model", learner=SMALL)


def test_one_sided_delays_with_a_maturity_that_ignores_them_are_refused(tmp_path):
    pq.write_table(delayed(history(), 3, 30), tmp_path / "history.parquet")
    with pytest.raises(UserError, match=r"frauds of \d+ rows \(100.00%\) in training"):
        train(tmp_path / "history.parquet", tmp_path / "model", TrainingSettings(maturity_days=0), learner=SMALL)


@pytest.mark.parametrize(("row", "year", "side"), [(0, 2001, "before"), (-1, 2099, "after")])
def test_row_far_from_all_others_in_time_is_named(tmp_path, row, year, side):
    table = history()
    times = table["event_time"].cast(pa.int64()).to_numpy().copy()
    labels = table["label_time"].cast(pa.int64()).to_numpy().copy()
    times[row] = labels[row] = np.datetime64(f"{year}-01-01", "ms").astype(np.int64)
    for name, values in (("event_time", times), ("label_time", labels)):
        table = table.set_column(table.column_names.index(name), name, pa.array(values).cast(EVENT_TIME))
    pq.write_table(table, tmp_path / "history.parquet")
    named = table["transaction_id"][row if row == 0 else len(table) - 1].as_py()
    with pytest.raises(
        UserError, match=f"got 1 that lie .* days {side} all others: transaction_id '{named}' of '.*' at {year}"
    ):
        train(tmp_path / "history.parquet", tmp_path / "model", learner=SMALL)
