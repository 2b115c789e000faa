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


def going_on() -> bool:
    return False


@in_loop
async def test_what_is_published_is_an_event_for_each_page():
    feed = Feed(max_streams=2)
    pages = [feed.follow(going_on) for _ in range(2)]
    for page in pages:
        assert await anext(page) == b"retry: 2000\n\n"
    feed.publish("alerts", {"text": "a\n\nevent: forged\ndata: 1"})
    for page in pages:
        event, data, *rest = (await anext(page)).split(b"\n")
        assert (event, rest) == (b"event: alerts", [b"", b""])
        assert orjson.loads(data.removeprefix(b"data: "))["text"] == "a\n\nevent: forged\ndata: 1"


@in_loop
async def test_more_pages_than_may_be_are_refused_until_one_goes():
    feed = Feed(max_streams=1)
    page = feed.follow(going_on)
    with pytest.raises(FullError):
        feed.follow(going_on)
    await anext(page)
    await page.aclose()
    assert len(feed) == 0
    feed.follow(going_on)


@in_loop
async def test_a_page_that_does_not_keep_up_is_let_go_and_holds_up_nobody():
    feed = Feed(max_streams=2)
    slow = feed.follow(going_on)
    for _ in range(feed_module.WAITING + 1):
        feed.publish("alerts", 1)
    assert len(feed) == 0
    assert [event async for event in slow] == [b"retry: 2000\n\n"]


@in_loop
async def test_pages_are_let_go_when_the_server_ends():
    feed = Feed(max_streams=1)
    assert [event async for event in feed.follow(lambda: True)] == [b"retry: 2000\n\n"]
    assert len(feed) == 0
