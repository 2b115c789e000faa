"""Declared columns in the conditions of rules."""

import numpy as np
import pyarrow as pa
import pytest

from models.features.table import FEATURES
from models.rules.fields import rule_names
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.with_declared import with_declared
from schemas.durations import HOUR_MS
from schemas.rule_book import RuleError
from tests.records import NOON_MS, transaction
from tests.unit.rules.books import book, rule
from tests.unit.training.declared_histories import declaration

OWN = [
    {"risk": 2.5, "entry_mode": "keyed", "declined": True, "ip": "a", "opened": NOON_MS - 30 * HOUR_MS},
    {"risk": None, "entry_mode": None, "declined": None, "ip": None, "opened": None},
    {"risk": 1e300, "entry_mode": "chip", "declined": False, "ip": "b", "opened": NOON_MS + HOUR_MS},
]


def batch(columns=None):
    rows = [transaction(number, event_time=NOON_MS, **own) for number, own in enumerate(OWN)]
    schema = columns or with_declared(TRANSACTION_ARROW, declaration())
    records = pa.RecordBatch.from_pylist(rows, schema=schema)
    return RuleBatch(records, np.zeros((3, len(FEATURES)), np.float32), np.full(3, 0.5, np.float32))


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("risk > 2", [0]),
        ("missing(risk)", [1, 2]),
        ("declined", [0]),
        ("not declined", [1, 2]),
        ("missing(declined)", [1]),
        ("opened < 0", [2]),
        ("opened >= 30", [0]),
        ('entry_mode == "keyed" and risk + 1 > 3', [0]),
        ('ip in ["a", "b"]', [0, 2]),
        ("missing(ip)", [1]),
    ],
)
def test_condition_holds_for_the_rows_of_a_batch(condition, rows):
    (compiled,) = RuleEngine(book(rule("own", condition)), rule_names(declaration())).rules
    assert np.flatnonzero(compiled.hits(batch())).tolist() == rows


def test_batch_without_the_columns_has_no_values_of_them():
    engine = RuleEngine(book(rule("own", 'risk > 0 or declined or ip == "a"')), rule_names(declaration()))
    assert not engine.rules[0].hits(batch(TRANSACTION_ARROW)).any()


@pytest.mark.parametrize("condition", ["risk > 2", 'ip == "a"'])
def test_column_that_is_not_declared_is_refused(condition):
    with pytest.raises(RuleError, match="expected a feature, `score` or a column of the transaction, got"):
        RuleEngine(book(rule("own", condition)))


def test_name_near_a_declared_one_is_proposed():
    with pytest.raises(RuleError, match="got entry_mod: did you mean entry_mode"):
        RuleEngine(book(rule("own", 'entry_mod == "x"')), rule_names(declaration()))
