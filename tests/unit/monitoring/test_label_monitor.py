"""Model quality from mature labels."""

import numpy as np
import pytest

from models.monitoring.label_monitor import LabelMonitor
from models.training.metrics import card_precision
from schemas.durations import DAY_MS

HORIZON_MS = 3 * DAY_MS


class Feed:
    """A monitor with short methods to feed it."""

    def __init__(self, **settings) -> None:
        self.matured = []
        self.monitor = LabelMonitor(horizon_ms=HORIZON_MS, on_matured=self.matured.append, **settings)

    def score(self, name, at_ms, *, score=0.0, model="m1", customer="c"):
        self.monitor.scored(
            name, customer_id=customer, event_time_ms=at_ms, score=score, alerted=score >= 0.5, model_id=model
        )

    def label(self, name, at_ms, *, fraud, known_ms=None, customer="c"):
        known_ms = at_ms + 1 if known_ms is None else known_ms
        self.monitor.labelled(name, customer_id=customer, event_time_ms=at_ms, label_time_ms=known_ms, is_fraud=fraud)

    def pass_time(self, to_ms):
        self.score(f"clock-{to_ms}", to_ms, model="clock")

    def figures(self, model="m1"):
        (found,) = [item for item in self.monitor.figures() if item.model_id == model]
        return found


def test_transaction_counts_once_it_is_a_horizon_old():
    feed = Feed()
    feed.score("t1", 0, score=0.9)
    feed.label("t1", 0, fraud=True)
    feed.pass_time(HORIZON_MS - 1)
    assert feed.monitor.figures() == []
    feed.pass_time(HORIZON_MS)
    assert (feed.figures().matured, feed.figures().frauds, feed.figures().alerts) == (1, 1, 1)


def test_maturity_follows_the_newest_score_not_the_last_read():
    feed = Feed()
    assert feed.monitor.matured_until_ms < 0
    for at_ms in (HORIZON_MS + 5, HORIZON_MS + 2):
        feed.pass_time(at_ms)
    assert feed.monitor.matured_until_ms == 5


def test_precision_and_recall_are_of_each_model():
    feed = Feed()
    for number, (model, score, fraud) in enumerate(
        [("a", 0.9, True), ("a", 0.8, False), ("a", 0.1, True), ("a", 0.1, True), ("b", 0.7, True), ("b", 0.2, False)]
    ):
        feed.score(f"t{number}", number, score=score, model=model)
        feed.label(f"t{number}", number, fraud=fraud)
    feed.pass_time(HORIZON_MS + 100)
    a, b = feed.figures("a"), feed.figures("b")
    assert (a.precision, a.recall) == (1 / 2, 1 / 3)
    assert (b.precision, b.recall) == (1.0, 1.0)
    assert a.squared_error == pytest.approx((0.01 + 0.64 + 0.81 + 0.81) / 4)


def test_transaction_without_a_label_is_in_no_figure():
    feed = Feed()
    feed.score("t1", 0, score=0.9)
    feed.pass_time(HORIZON_MS)
    assert (feed.figures().matured, feed.figures().unlabelled, feed.figures().precision) == (0, 1, 0.0)
    assert feed.matured == []


@pytest.mark.parametrize("label_first", [True, False])
def test_later_of_two_labels_counts_in_any_reading_sequence(label_first):
    feed = Feed()
    if not label_first:
        feed.score("t1", 0, score=0.9)
    feed.label("t1", 0, fraud=False, known_ms=2_000)
    feed.label("t1", 0, fraud=True, known_ms=1_000)
    if label_first:
        feed.score("t1", 0, score=0.9)
    feed.pass_time(HORIZON_MS)
    assert [item.is_fraud for item in feed.matured] == [False]


@pytest.mark.parametrize("label_first", [True, False])
def test_label_known_after_the_horizon_is_too_late_even_if_read_early(label_first):
    feed = Feed()
    if label_first:
        feed.label("t1", 0, fraud=True, known_ms=HORIZON_MS + 1)
    feed.score("t1", 0)
    feed.label("t1", 0, fraud=False, known_ms=HORIZON_MS)
    feed.label("t1", 0, fraud=True, known_ms=HORIZON_MS + 1)
    feed.pass_time(HORIZON_MS)
    assert [item.is_fraud for item in feed.matured] == [False]


def test_repeated_score_counts_once():
    feed = Feed()
    for _ in range(2):
        feed.score("t1", 0, score=0.9)
    feed.label("t1", 0, fraud=True)
    feed.pass_time(HORIZON_MS)
    assert feed.figures().matured == 1


def test_scores_beyond_the_capacity_are_dropped_and_counted():
    feed = Feed(capacity=10)
    for number in range(25):
        feed.score(f"t{number}", number)
    for number in range(40):
        feed.label(f"unknown{number}", number, fraud=False)
    assert (feed.monitor.waiting, feed.monitor.dropped, feed.monitor.labels_dropped) == (10, 15, 30)
    for number in range(15, 25):
        feed.label(f"t{number}", number, fraud=False)
    feed.pass_time(HORIZON_MS + 100)
    assert feed.figures().matured == 10


def test_figures_are_of_the_last_window():
    feed = Feed(window=2)
    for number, fraud in enumerate([True, True, False, False]):
        feed.score(f"t{number}", number, score=0.9)
        feed.label(f"t{number}", number, fraud=fraud)
    feed.pass_time(HORIZON_MS + 100)
    assert (feed.figures().matured, feed.figures().precision) == (4, 0.0)


def test_card_precision_is_that_of_the_whole_table():
    rng = np.random.default_rng(4)
    rows = 600
    at_ms = np.sort(rng.integers(0, 6 * DAY_MS, rows))
    card, fraud = rng.integers(0, 40, rows), rng.random(rows) < 0.1
    scores = (rng.random(rows) * 0.5 + 0.4 * fraud).astype(np.float32)
    feed = Feed(k=5)
    for number in range(rows):
        feed.score(f"t{number}", int(at_ms[number]), score=float(scores[number]), customer=f"c{card[number]:03d}")
        feed.label(f"t{number}", int(at_ms[number]), fraud=bool(fraud[number]), customer=f"c{card[number]:03d}")
    # The days end when a transaction of two days later matures.
    feed.score("last", 9 * DAY_MS)
    feed.label("last", 9 * DAY_MS, fraud=False)
    feed.pass_time(20 * DAY_MS)
    found = feed.figures()
    assert found.card_precision_days == 6
    assert found.card_precision == pytest.approx(card_precision(at_ms // DAY_MS, card, fraud, scores, k=5))


def test_labels_of_two_customers_with_the_same_transaction_id_are_separate():
    feed = Feed()
    for customer, score in (("a", 0.9), ("b", 0.1)):
        feed.score("1", 0, score=score, customer=customer)
    feed.label("1", 0, fraud=True, customer="a")
    feed.label("1", 0, fraud=False, customer="b")
    feed.pass_time(HORIZON_MS)
    assert sorted((item.score, item.is_fraud) for item in feed.matured) == [(0.1, False), (0.9, True)]
