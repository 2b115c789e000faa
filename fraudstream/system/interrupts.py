"""Handling of Ctrl-C and TERM: deferred, as an end at once, as an exception."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C or TERM ended."""


@contextmanager
def deferred() -> Iterator[None]:
    """Defer Ctrl-C and TERM until the block ends; no effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda got, _frame: came.append(got)) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for got in came:
        signal.raise_signal(got)


def exit_on_interrupt() -> None:
    """Make Ctrl-C and TERM end the process at once, without a stack trace: for the time in which it loads."""
    _handle(lambda _number, _frame: os._exit(INTERRUPTED))


def terminate_as_interrupt() -> None:
    """Make Ctrl-C and TERM raise KeyboardInterrupt, so that a command stops the processes that it started."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    _handle(interrupt)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:  # a shell's background job ignores Ctrl-C
            signal.signal(number, handler)
