"""Timing of nested stages."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class StageClock:
    """Clock of nested stages: time counts for the innermost.

    Attributes
    ----------
    spent_ns : Counter of stage to int
        Nanoseconds by stage; complete when no stage is open.
    """

    def __init__(self, now_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._now_ns = now_ns
        self._open: list[str] = []
        self._since_ns = 0
        self.spent_ns: Counter[str] = Counter()

    def enter(self, name: str) -> None:
        """Open a stage."""
        self._charge()
        self._open.append(name)

    def leave(self) -> None:
        """Close the stage that was opened last."""
        self._charge()
        self._open.pop()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block for a stage."""
        self.enter(name)
        try:
            yield
        finally:
            self.leave()

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a callable that counts for a stage."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return call(*args, **kwargs)

        return counted

    def wrap(self, owner: object, method: str, name: str) -> None:
        """Count a method of an object for a stage."""
        setattr(owner, method, self.timed(name, getattr(owner, method)))

    def wrap_iterator(self, owner: object, method: str, name: str) -> None:
        """Count a generator method of an object for a stage."""
        call = getattr(owner, method)
        setattr(owner, method, self.timed(name, lambda *given: list(call(*given))))

    def collect(self) -> Counter[str]:
        """Return the counts and reset them."""
        spent_ns, self.spent_ns = self.spent_ns, Counter()
        return spent_ns

    def _charge(self) -> None:
        now_ns = self._now_ns()
        if self._open:
            self.spent_ns[self._open[-1]] += now_ns - self._since_ns
        self._since_ns = now_ns
