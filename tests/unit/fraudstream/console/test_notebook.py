"""Updates that open pages receive."""

import asyncio

import orjson
import pytest

from fraudstream.console.notebook import MAX_ROWS_PUBLISHED, SHOWN_BYTES, Notebook
from fraudstream.settings.settings import load_settings
from schemas.avro_schemas import DEAD_LETTER
from schemas.topics import Topics
from tests.records import NOON
from tests.unit.fraudstream.console.records import alert, label_of, through


@pytest.fixture
def events_of():
    """Return a function that returns the events sent to a page while a function changes a notebook."""

    def run(act):
        async def body():
            notebook = Notebook.of(load_settings())
            page = notebook.feed.follow(lambda: False)
            await anext(page)
            act(notebook)
            (queue,) = notebook.feed._queues
            events = [queue.get_nowait() for _ in range(queue.qsize())]
            return [(e.split(b"\n")[0].decode()[7:], orjson.loads(e.split(b"\n")[1][6:])) for e in events]

        return asyncio.run(body())

    return run


def test_new_alerts_are_sent_once(events_of):
    def act(notebook):
        notebook.add_alerts([alert(0), alert(1)])
        notebook.add_alerts([alert(1)])

    ((event, update),) = events_of(act)
    assert (event, update["count"]) == ("alerts", 2)
    assert [row["alert_id"] for row in update["rows"]] == ["a000", "a001"]


def test_flood_of_alerts_is_sent_as_the_newest_and_a_count(events_of):
    ((_, update),) = events_of(lambda notebook: notebook.add_alerts([alert(number) for number in range(80)]))
    assert (len(update["rows"]), update["count"], update["rows"][-1]["alert_id"]) == (MAX_ROWS_PUBLISHED, 80, "a079")


def test_only_labels_of_alerts_are_sent(events_of):
    def act(notebook):
        notebook.add_alerts([alert(0)])
        notebook.add_labels([label_of(alert(number), is_fraud=True) for number in range(3)])
        notebook.add_labels([label_of(alert(5), is_fraud=True)])

    _, (event, update) = events_of(act)
    assert event == "labels"
    assert [row["transaction_id"] for row in update] == ["t000000"]


def test_dead_letter_is_shown_with_a_bounded_part_of_its_bytes():
    letter = {
        "reason": "TOO_LARGE", "detail": "d", "topic": "t", "partition": 0, "offset": 7, "key": None,
        "payload": b"<" * 999, "failed_at": NOON, "payload_size": 5_000, "key_size": None,
    }  # fmt: skip
    notebook = Notebook.of(load_settings())
    notebook.add_dead_letters([through(DEAD_LETTER, Topics().dead_letters, letter)])
    (shown,) = notebook.dead_letters
    assert shown["payload_size"] == 5_000
    assert bytes.fromhex(shown["payload"]) == b"<" * SHOWN_BYTES
