"""Random conditions as expressions and as text, and random transactions to evaluate them on."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from models.features.table import FEATURE_NAMES
from models.rules import expression as ex
from models.rules.rule_batch import RuleBatch
from schemas.columns import TRANSACTION_ARROW
from schemas.rule_book import ListEntry, RuleList

START = datetime(2026, 3, 2, tzinfo=UTC)
LISTED = ("c1", "m2", "EUR", "d1", "é\\\"'")
LISTS = (
    RuleList(name="mixed", entries=tuple(ListEntry(value=text) for text in LISTED)),
    RuleList(
        name="ending",
        entries=tuple(ListEntry(value=text, until=START + timedelta(hours=at)) for at, text in enumerate(LISTED)),
    ),
    RuleList(name="empty", entries=()),
)
NUMBERS = ("amount", "amount_mean_30d", "distance_km", "amount_z_1h", "count_10m", "device_customers_24h", "score")
FLAGS = ("new_device", "is_night", "device_new_customer")
TEXTS = ("customer_id", "merchant_id", "currency", "device_id", "merchant_category", "transaction_type")

_literals = st.sampled_from([0.0, 1.0, 0.1, 3.0, 1e6]) | st.integers(0, 9).map(float)
_values = st.deferred(lambda: _terms | _sums)
_terms = _literals.map(ex.Number) | st.sampled_from(NUMBERS).map(ex.Name)


def _chain(signs):
    rest = st.lists(st.tuples(st.sampled_from(signs), _terms), min_size=1, max_size=3).map(tuple)
    return st.builds(ex.Arithmetic, _terms, rest)


_sums = _chain("+-") | _chain("*/")
_texts = st.sampled_from([*LISTED, "c2", "USD", ""])
_compared = st.builds(ex.Compare, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _values, _values)
_of_text = st.builds(
    ex.Compare, st.sampled_from(["==", "!="]), st.sampled_from(TEXTS).map(ex.Name), _texts.map(ex.Text)
)
_among = st.builds(
    ex.Among,
    st.sampled_from(TEXTS).map(ex.Name),
    st.sampled_from([item.name for item in LISTS]) | st.lists(_texts, min_size=1, max_size=3, unique=True).map(tuple),
    negated=st.booleans(),
)
_missing = st.sampled_from([*NUMBERS, *FLAGS, *TEXTS]).map(ex.Name).map(ex.Missing)
_simple = _compared | _of_text | _among | _missing | st.sampled_from(FLAGS).map(ex.Name)
conditions = st.recursive(
    _simple,
    lambda part: (
        part.map(ex.Not)
        | st.builds(ex.Joined, st.sampled_from(["and", "or"]), st.lists(part, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


def as_text(expression: ex.Expression) -> str:
    """Write an expression in the language, with each part in parentheses."""
    match expression:
        case ex.Number(value):
            text = repr(value) if value != int(value) else str(int(value))
        case ex.Text(value):
            text = _quoted(value)
        case ex.Name(name):
            text = name
        case ex.Missing(ex.Name(name)):
            text = f"missing({name})"
        case ex.Arithmetic(first, rest):
            text = as_text(first) + "".join(f" {sign} {as_text(term)}" for sign, term in rest)
        case ex.Compare(sign, left, right):
            text = f"{as_text(left)} {sign} {as_text(right)}"
        case ex.Among(value, among, negated):
            found = f"@{among}" if isinstance(among, str) else f"[{', '.join(map(_quoted, among))}]"
            text = f"{as_text(value)} {'not in' if negated else 'in'} {found}"
        case ex.Not(part):
            text = f"not ({as_text(part)})"
        case ex.Joined(word, parts):
            text = f" {word} ".join(f"({as_text(part)})" for part in parts)
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_numbers = st.sampled_from([-1.0, 0.0, 1.0, 0.1, 3.0, 7.0, float("nan"), 1e30, float("inf")]).map(np.float32)
_names = st.sampled_from([*LISTED, "c2", "m1", "USD", ""])
transactions = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys((*NUMBERS, *FLAGS), _numbers),
            **{name: _names for name in TEXTS if name != "device_id"},
            "device_id": st.none() | _names,
            "event_time": st.integers(-1, 6).map(lambda hours: START + timedelta(hours=hours)),
        }
    ),
    min_size=1,
    max_size=12,
)


def batch_of(rows):
    """Return transactions as a batch; it is a slice, as batches of the job may be."""
    filled = [{**row, "transaction_id": "t", "amount_minor": 1} for row in rows]
    records = pa.RecordBatch.from_pylist([filled[0], *filled], schema=TRANSACTION_ARROW).slice(1)
    x = np.zeros((len(rows), len(FEATURE_NAMES)), np.float32)
    for name in (*NUMBERS[:-1], *FLAGS):
        x[:, FEATURE_NAMES.index(name)] = [row[name] for row in rows]
    return RuleBatch(records, x, np.array([row["score"] for row in rows], np.float32))
