from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.training.history_checks import SHOWN, HistoryError, check_history
from tests.unit.training.histories import history

FILE = Path("history.parquet")


def rows():
    return history().slice(0, 100)


def changed(**columns):
    """Return rows with values by column and place."""
    table = rows()
    for name, values in columns.items():
        column = table[name].to_pylist()
        for place, value in values.items():
            column[place] = value
        index = table.column_names.index(name)
        table = table.set_column(index, table.schema.field(name), pa.array(column, table.schema.field(name).type))
    return table


def test_a_simulated_history_passes(caplog):
    check_history(history(), FILE)
    assert not caplog.records


def test_an_empty_history_passes():
    check_history(history().slice(0, 0), FILE)


def test_a_history_without_places_passes():
    table = rows()
    for name in ("latitude", "longitude"):
        table = table.set_column(table.column_names.index(name), name, pa.nulls(100, pa.float64()))
    check_history(table, FILE)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"amount_minor": {3: -1}}, "amount_minor from 0 to 10000000000"),
        ({"amount_minor": {3: 10**12}}, "amount_minor 1000000000000"),
        ({"latitude": {3: 91.0}, "longitude": {3: 0.0}}, "latitude from -90 to 90"),
        ({"latitude": {3: None}, "longitude": {3: 0.0}}, "both coordinates or none"),
        ({"customer_id": {3: ""}}, "customer_id of 1 to 256 bytes"),
    ],
)
def test_a_broken_rule_is_named_with_its_row(columns, expected):
    with pytest.raises(HistoryError) as error:
        check_history(changed(**columns), FILE)
    assert expected in str(error.value)
    assert "(row 3 by event_time)" in str(error.value)


def test_a_label_before_its_transaction_is_refused():
    table = rows()
    index = table.column_names.index("label_time")
    early = pa.array(np.array(table["event_time"].cast(pa.int64())) - 1).cast(table.schema.field("label_time").type)
    with pytest.raises(HistoryError, match="label_time at or after event_time; was not so in 100 rows"):
        check_history(table.set_column(index, "label_time", early), FILE)


def test_all_broken_rules_are_told_at_once_and_few_rows_of_each():
    broken = changed(amount_minor=dict.fromkeys(range(10), -5), merchant_id={20: ""})
    with pytest.raises(HistoryError) as error:
        check_history(broken, FILE)
    text = str(error.value)
    assert "was not so in 10 rows" in text
    assert "merchant_id of 1 to 256 bytes" in text
    assert text.count("amount_minor -5") == SHOWN


def test_repeated_ids_are_a_warning(caplog):
    check_history(pa.concat_tables([rows(), rows().slice(0, 2)]), FILE)
    assert "2 rows repeat a transaction_id" in caplog.text
