"""Maps from the tables of their TOML."""

import pytest

from schemas.mapping.map_parser import parse_map
from schemas.mapping.transaction_map import MapError
from tests.unit.schemas.mapping.maps import FIELDS, LABELS, tables


def refusal(mapping):
    with pytest.raises(MapError) as error:
        parse_map(mapping)
    return str(error.value).splitlines()


def test_columns_are_listed_once_in_the_sequence_of_the_fields():
    found = parse_map(tables(merchant_id={"columns": ["acquirer", "shop"]}, device_id="shop", **LABELS))
    assert found.columns == [
        "id",
        "card",
        "acquirer",
        "shop",
        "kind",
        "amount",
        "currency",
        "paid_at",
        "fraud",
        "reported_at",
    ]
    assert found.is_labelled


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        (tables(customer_id=None), 'found none. Name its column: customer_id = "..."'),
        (tables(custmer_id="x"), "known names in [transaction], got custmer_id: did you mean customer_id?"),
        (tables(is_fraud="fraud"), "expected is_fraud and label_time, or neither, got one of them"),
        (tables() | {"transactions": {}}, "known names in the map, got transactions: did you mean transaction?"),
        (tables(columns={"currency": "text"}), "expected other names in [columns] than a transaction's, got currency"),
        (tables(columns={"ip": "string"}), "category, text, flag, time as the kind of ip in [columns], got 'string'"),
        (tables(columns={"ip": {"kind": "text", "hsh": True}}), "got hsh: did you mean hash?"),
        (tables(columns={"ip": {"kind": "number", "hash": True}}), "known names in ip in [columns], got hash"),
        (tables(columns={"ip": 3}), "as the kind of ip in [columns], got 3"),
        (tables(customer_id=3), "expected a column's name or a table as customer_id in [transaction], got 3"),
        (tables(customer_id={"hash": True}), "expected either column, columns or constant as customer_id"),
        (tables(customer_id={"column": "a", "constant": "b"}), "expected either column, columns or constant"),
        (tables(customer_id={"column": "a", "columns": ["b"]}), "expected column or columns as customer_id"),
        (tables(customer_id={"columns": "a"}), "expected a list of names as columns of customer_id"),
        (tables(customer_id={"column": "a", "hash": "yes"}), "expected true or false as hash of customer_id"),
        (tables(amount_minor={"column": "a", "unit": "cents"}), "expected one of major, minor as unit"),
        (tables(amount_minor={"column": "a", "negative": "drop"}), "one of reject, absolute, invert as negative"),
        (tables(file={"decimal": ";"}), "expected a point or a comma as decimal of amount_minor"),
        (tables(file={"decimal": ",", "thousands": ","}), "as thousands of amount_minor in [transaction], got ','"),
        (tables(event_time={"column": "a", "format": "dd.mm.yyyy"}), "expected iso, epoch_s, epoch_ms, epoch_us"),
        (tables(event_time={"column": "a", "format": "%d.%m"}), "expected a pattern with a year, a month and a day"),
        (tables(event_time={"column": "a", "format": "%d.%m.%Y"}), "expected the time zone of event_time"),
        (tables(file={"timezone": "Europe/Berln"}), "got 'Europe/Berln': did you mean Europe/Berlin?"),
        (tables(file={"separator": ";;"}), "expected one ASCII character as separator in [file], got ';;'"),
        (tables(file={"separator": ""}), "expected one ASCII character as separator"),
        (tables(file={"header": "no"}), "expected true or false as header of [file]"),
        (tables() | {"file": []}, "expected a table [file], got []"),
        (tables(hashing={"key": "secret"}), "known names in [hash], got key"),
    ],
)  # fmt: skip
def test_mistake_is_one_line(mapping, problem):
    lines = refusal(mapping)
    assert problem in lines[0]


def test_all_mistakes_are_reported():
    assert len(refusal({"transaction": {}})) == len(FIELDS)


def test_time_zone_of_the_map_precedes_the_one_of_the_command():
    found = parse_map(tables(file={"timezone": "Asia/Tokyo"}), timezone="Europe/Berlin")
    zones = {target.name: source.time.timezone for target, source in found.sources.items()}
    assert zones["event_time"] == "Asia/Tokyo"
    assert parse_map(tables(event_time={"column": "a", "format": "%d.%m.%Y"}), timezone="Europe/Berlin")
