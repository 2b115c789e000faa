"""Event stream to the console's pages."""

import asyncio

import orjson
import pytest

from fraudstream.console import feed as feed_module
from fraudstream.console.feed import Feed, FullError


def in_loop(test):
    """Run a test in an event loop."""

    def run(**given):
        asyncio.run(test(**given))

    return run


def server_runs() -> bool:
    return False


@in_loop
async def test_published_update_is_an_event_for_each_page():
    feed = Feed(max_streams=2)
    pages = [feed.follow(server_runs) for _ in range(2)]
    for page in pages:
        assert await anext(page) == b"retry: 2000\n\n"
    feed.publish("alerts", {"text": "a\n\nevent: forged\ndata: 1"})
    for page in pages:
        event, data, *rest = (await anext(page)).split(b"\n")
        assert (event, rest) == (b"event: alerts", [b"", b""])
        assert orjson.loads(data.removeprefix(b"data: "))["text"] == "a\n\nevent: forged\ndata: 1"


@in_loop
async def test_pages_beyond_the_limit_are_refused_until_one_closes():
    feed = Feed(max_streams=1)
    page = feed.follow(server_runs)
    with pytest.raises(FullError):
        feed.follow(server_runs)
    await anext(page)
    await page.aclose()
    assert len(feed) == 0
    feed.follow(server_runs)


@in_loop
async def test_slow_page_is_disconnected_and_delays_no_other():
    feed = Feed(max_streams=2)
    slow = feed.follow(server_runs)
    for _ in range(feed_module.WAITING + 1):
        feed.publish("alerts", 1)
    assert len(feed) == 0
    assert [event async for event in slow] == [b"retry: 2000\n\n"]


@in_loop
async def test_pages_are_disconnected_when_the_server_stops():
    feed = Feed(max_streams=1)
    assert [event async for event in feed.follow(lambda: True)] == [b"retry: 2000\n\n"]
    assert len(feed) == 0
