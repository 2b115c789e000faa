"""Card Precision@k of a stream."""

import heapq

from river.stats import Mean


class CardPrecision:
    """Card Precision@k of a stream: each day the cards with the highest scores, without those found before.

    The streaming form of `models.training.metrics.card_precision`. A day is open until `close` is called for it, and is
    held as one entry per card.

    Parameters
    ----------
    k : int
        Cards that can be checked in a day. A day with fewer counts as if the rest were genuine.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self._days: dict[int, dict[str, tuple[float, bool]]] = {}
        self._found: set[str] = set()
        self._mean = Mean()

    def update(self, day: int, card: str, score: float, is_fraud: bool) -> None:
        """Add a transaction of an open day."""
        cards = self._days.setdefault(day, {})
        highest, compromised = cards.get(card, (score, False))
        cards[card] = (max(highest, score), compromised or is_fraud)

    def close(self, before: int) -> None:
        """Rank the cards of all days before the given one, the earliest first."""
        for day in sorted(day for day in self._days if day < before):
            cards = {card: entry for card, entry in self._days.pop(day).items() if card not in self._found}
            # Equal scores are ranked by the card, so that a day has one result.
            suspects = heapq.nsmallest(self._k, cards, key=lambda card: (-cards[card][0], card))
            caught = {card for card in suspects if cards[card][1]}
            self._found |= caught
            self._mean.update(len(caught) / self._k)

    @property
    def mean(self) -> float:
        """Mean over the closed days; 0 before the first."""
        return float(self._mean.get())

    @property
    def days(self) -> int:
        """Number of closed days."""
        return int(self._mean.n)
