from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from models.features.history import newest_event_time_ms
from models.features.label_record import newest_label_time_ms
from models.features.window import DAY_MS, HORIZON_MS

if TYPE_CHECKING:
    from jobs.operators.shard_state import ShardState

KEPT_MS = HORIZON_MS + 30 * DAY_MS
"""How long a silent customer is kept: so long that even a transaction a month late sees all within its horizon."""


class SilentCustomers:
    """Forgets the customers of a shard that nothing was heard of for KEPT_MS of event time.

    Every customer stands in one entry of the state's ``due``, under the day on which to look at it again: then it is
    forgotten, or put under the day that its newest transaction or label says. So a day costs the few customers that
    are due, and no one ever walks over the whole state. Nothing that is forgotten was visible to any feature.

    Parameters
    ----------
    state : ShardState
        With this shard's key current, now and at each call.
    """

    def __init__(self, state: ShardState) -> None:
        self._state = state
        self._entries: dict[int, int] = {}
        for key in state.due.keys():  # noqa: SIM118 - no dict
            day = int(key.partition("/")[0])
            self._entries[day] = self._entries.get(day, 0) + 1
        self._today = 0

    def expect(self, customers: list[str], newest_ms: int) -> None:
        """Note customers that have no entry; ``newest_ms`` is the event time of the newest thing known of them."""
        if not customers:
            return
        day = (newest_ms + KEPT_MS) // DAY_MS + 1
        number = self._entries.get(day, 0)
        self._state.due.put(f"{day}/{number}", json.dumps(customers).encode())
        self._entries[day] = number + 1

    def forget(self, now_ms: int) -> bool:
        """Forget the customers that are silent at an event time; True when there were any."""
        today = now_ms // DAY_MS
        if today <= self._today:
            return False
        self._today = today
        due = [day for day in self._entries if day <= today]
        customers = [customer for day in due for customer in self._take(day)]
        silent = []
        for customer in customers:
            newest_ms = self._newest_ms(customer)
            if newest_ms + KEPT_MS < now_ms:
                silent.append(customer)
            else:
                self.expect([customer], newest_ms)
        for customer in silent:
            self._state.histories.remove(customer)
            self._state.customer_labels.remove(customer)
        return bool(silent)

    def _take(self, day: int) -> list[str]:
        customers = []
        for number in range(self._entries.pop(day)):
            key = f"{day}/{number}"
            customers += json.loads(self._state.due.get(key))
            self._state.due.remove(key)
        return customers

    def _newest_ms(self, customer: str) -> int:
        history: Any = self._state.histories.get(customer)
        labels: Any = self._state.customer_labels.get(customer)
        times = [newest_event_time_ms(history)] if history else []
        times += [newest_label_time_ms(labels)] if labels else []
        return max(times, default=0)
