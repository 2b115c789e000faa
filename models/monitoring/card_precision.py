import heapq

from river.stats import Mean


class CardPrecision:
    """Card Precision@k as a stream: each day the cards that look worst, without those found before.

    What `models.training.metrics.card_precision` computes of a whole table. A day is open until `close` is called for
    it, and is held as one entry a card.

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
        """Take in a transaction of a day that is open."""
        cards = self._days.setdefault(day, {})
        highest, compromised = cards.get(card, (score, False))
        cards[card] = (max(highest, score), compromised or is_fraud)

    def close(self, before: int) -> None:
        """Rank the cards of all days before the given one, the earliest first."""
        for day in sorted(day for day in self._days if day < before):
            cards = {card: looks for card, looks in self._days.pop(day).items() if card not in self._found}
            # Equal scores are ranked by the card, so that a day has one result.
            worst = heapq.nsmallest(self._k, cards, key=lambda card: (-cards[card][0], card))
            caught = {card for card in worst if cards[card][1]}
            self._found |= caught
            self._mean.update(len(caught) / self._k)

    @property
    def mean(self) -> float:
        """Mean over the days that were closed, 0 before there was one."""
        return float(self._mean.get())

    @property
    def days(self) -> int:
        """How many days were closed."""
        return int(self._mean.n)
