"""Server-sent events to the pages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson

WAITING = 200
"""Events that a page may lag behind; the connection of one that lags further is closed, and it reloads."""
POLL_S, BEAT_S = 1.0, 15.0


class FullError(Exception):
    """The maximum number of pages is open."""


class Feed:
    """Publishes events to the open pages, as server-sent events. Used in one event loop.

    Parameters
    ----------
    max_streams
        Pages that may be open at once.
    """

    def __init__(self, max_streams: int) -> None:
        self._max_streams = max_streams
        self._queues: set[asyncio.Queue[bytes]] = set()

    def __len__(self) -> int:
        return len(self._queues)

    def publish(self, event: str, data: Any) -> None:
        """Send an event to all pages."""
        if not self._queues:
            return
        text = b"event: " + event.encode() + b"\ndata: " + orjson.dumps(data, option=orjson.OPT_UTC_Z) + b"\n\n"
        for queue in tuple(self._queues):
            try:
                queue.put_nowait(text)
            except asyncio.QueueFull:
                self._queues.discard(queue)

    def follow(self, is_ending: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield what is published from now on, until the server ends or the page is too slow.

        Raises
        ------
        FullError
            Too many pages follow.
        """
        if len(self._queues) >= self._max_streams:
            raise FullError
        queue: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._queues.add(queue)
        return self._events(queue, is_ending)

    async def _events(self, queue: asyncio.Queue[bytes], is_ending: Callable[[], bool]) -> AsyncIterator[bytes]:
        try:
            yield b"retry: 2000\n\n"
            silent_s = 0.0
            while not is_ending() and queue in self._queues:
                try:
                    yield await asyncio.wait_for(queue.get(), POLL_S)
                    silent_s = 0.0
                except TimeoutError:
                    silent_s += POLL_S
                    if silent_s >= BEAT_S:  # what is in between would close a silent connection
                        silent_s = 0.0
                        yield b": \n\n"
        finally:
            self._queues.discard(queue)
