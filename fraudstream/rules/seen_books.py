"""Rule books that users have seen."""

from dataclasses import asdict, dataclass

from fraudstream.settings.settings import Settings
from fraudstream.system.durable_lines import DurableLines
from fraudstream.system.user import user


@dataclass(frozen=True, kw_only=True)
class SeenBook:
    """Rule book that a user has seen or applied."""

    book_id: str
    by: str


class SeenBooks:
    """Rule books that users of this state folder have seen or applied, and may base a file on."""

    def __init__(self, settings: Settings) -> None:
        self._lines = DurableLines(settings.state.rules / "seen.jsonl", "a rule book that was seen", SeenBook)

    def add(self, book_id: str) -> None:
        """Record that the user has seen a book."""
        if book_id and not self.has(book_id):
            self._lines.add(asdict(SeenBook(book_id=book_id, by=user())))

    def has(self, book_id: str) -> bool:
        """Return whether the user has seen a book."""
        return SeenBook(book_id=book_id, by=user()) in self._lines.entries()
