"""CPU time by thread name."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Self

import psutil

NUMBERS = re.compile(r"[\s#\-_]*[\d/]+\S*$")


class ThreadTimes:
    """Processor seconds of a process's threads by name, between two moments.

    The kernel limits a name to 15 letters.

    Parameters
    ----------
    seconds : dict of (thread id, name) to float
    """

    def __init__(self, seconds: dict[tuple[int, str], float]) -> None:
        self._seconds = seconds

    @classmethod
    def now(cls, pid: int) -> Self:
        """Read the times of a process."""
        seconds = {}
        for thread in psutil.Process(pid).threads():
            try:
                name = Path(f"/proc/{pid}/task/{thread.id}/comm").read_text().strip()
            except FileNotFoundError:  # it ended meanwhile
                continue
            seconds[thread.id, NUMBERS.sub("", name) or name] = thread.user_time + thread.system_time
        return cls(seconds)

    def since(self, earlier: Self) -> dict[str, float]:
        """Return the seconds by name from an earlier reading to this one, of the threads still alive."""
        spent: dict[str, float] = defaultdict(float)
        for thread, seconds in self._seconds.items():
            spent[thread[1]] += seconds - earlier._seconds.get(thread, 0.0)
        return spent
