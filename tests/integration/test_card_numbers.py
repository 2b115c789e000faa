"""Card numbers in the topic of transactions: `submit` refuses them, and `doctor` reports them."""

from itertools import count, cycle, islice
from pathlib import Path

import pyarrow as pa
import pytest

from fraudstream.control.submit import submit
from fraudstream.devstack.doctor import card_numbers as finding
from fraudstream.devstack.stack import Services
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topics import create_topics
from fraudstream.readers.card_numbers import NEWEST, columns_with_cards, require_no_card_numbers
from fraudstream.settings.settings import load_settings
from fraudstream.system.failures import NotReady
from producers.encoding import encode_transactions
from producers.publisher import Publisher
from schemas.errors import UserError
from schemas.registry import RegistryUnavailableError, value_subject
from tests.cards import card_numbers
from tests.integration.expected import card_world
from tests.unit.training.histories import customer_folder

pytestmark = pytest.mark.integration

CARDS = card_numbers(5)
DECLARATION = """
[columns]
card = "text"
reference = "number"
"""

_numbers = count(1)


@pytest.fixture
def broker(lone_broker: Path, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Point the settings at the broker, with new topics."""
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(lone_broker))
    monkeypatch.setenv("FRAUDSTREAM_MODEL__ARTIFACT", str(customer_folder()))
    number = next(_numbers)
    for topic in ("transactions", "labels", "control", "scores", "alerts", "dead_letters", "inference", "drift"):
        monkeypatch.setenv(f"FRAUDSTREAM_TOPICS__{topic.upper()}", f"{topic}.cards.{number}")
    found = Broker.of(load_settings())
    create_topics(found)
    return found


def send(broker: Broker, rows: int = 100, **columns: list[str] | list[float]) -> None:
    """Send transactions; the columns have the given values over and over."""
    table = card_world(rows)
    for name, values in columns.items():
        column = pa.array(list(islice(cycle(values), rows)))
        at = table.schema.get_field_index(name)
        table = table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
    topic = broker.topics.transactions
    records = encode_transactions(
        table, registry_of(broker.settings), value_subject(topic), declaration=broker.settings.declaration
    )
    with Publisher(broker.bootstrap_servers) as publisher:
        publisher.publish(records, topic)


def with_job(broker: Broker, **changes: object) -> Broker:
    settings = broker.settings
    return Broker.of(settings.model_copy(update={"job": settings.job.model_copy(update=changes)}))


def test_submission_is_refused_where_the_transactions_have_card_numbers(broker):
    send(broker, customer_id=CARDS)
    services = Services(broker=broker, rest_url="http://localhost:1")
    with pytest.raises(UserError, match=r"no card numbers in .*, got 5 in customer_id, such as \*{4}\d{4}\. .*token"):
        submit(services)
    found = finding(broker)
    assert not found.ok
    assert 'token_columns = ["customer_id"]' in found.fix


def test_tokens_that_are_declared_are_no_card_numbers(broker):
    send(broker, customer_id=CARDS)
    require_no_card_numbers(with_job(broker, token_columns=("customer_id",)))
    with pytest.raises(UserError, match=r"got 'customer_di': did you mean customer_id\?"):
        columns_with_cards(with_job(broker, token_columns=("customer_di",)))


def test_ids_of_other_kinds_are_no_card_numbers(broker):
    assert columns_with_cards(broker) == [], "of an empty topic"
    send(broker, transaction_id=[f"{number:016}" for number in range(100)])
    assert columns_with_cards(broker) == []
    assert finding(broker).ok


def test_declared_texts_and_numbers_are_searched_too(broker, tmp_path):
    path = tmp_path / "declaration.toml"
    path.write_text(DECLARATION)
    broker = with_job(broker, declaration=path)
    send(broker, card=[f"card {card[:4]} {card[4:]}" for card in CARDS], reference=[*map(float, CARDS), 0.5])
    assert [column.name for column in columns_with_cards(broker)] == ["card", "reference"]


def test_a_few_among_the_newest_transactions_are_enough(broker):
    send(broker)
    send(broker, NEWEST, merchant_id=[*CARDS, *["shop"] * (NEWEST // 2 - len(CARDS))])
    assert [(column.name, column.cards) for column in columns_with_cards(broker)] == [("merchant_id", len(CARDS))]


def test_a_registry_that_is_away_refuses_nothing_and_says_so(broker, caplog, monkeypatch):
    send(broker, customer_id=CARDS)
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__SCHEMA_REGISTRY_URL", "http://127.0.0.1:1")
    away = Broker.of(load_settings())
    with pytest.raises((RegistryUnavailableError, NotReady)):
        columns_with_cards(away)
    require_no_card_numbers(away)
    assert "to search" in caplog.text
