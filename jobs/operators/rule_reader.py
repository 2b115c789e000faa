from __future__ import annotations

from dataclasses import dataclass

from models.rules.rule_engine import RuleEngine
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import UnknownSchemaError
from schemas.rule_book import RuleBook


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadBook:
    """What became of a rule book.

    Parameters
    ----------
    book_id : str
        Empty where the record holds none.
    engine : RuleEngine or None
        None: it is refused.
    refusal : str
        Why.
    """

    book_id: str
    engine: RuleEngine | None = None
    refusal: str = ""


class RuleReader:
    """Reads rule books, each once for all shards of a subtask: milliseconds for a book of some tens of rules.

    Parameters
    ----------
    codec : RecordCodec
        Of the rule books on the control topic.
    """

    def __init__(self, codec: RecordCodec) -> None:
        self._codec = codec
        self._last: tuple[bytes, ReadBook] | None = None

    def read(self, payload: bytes) -> ReadBook:
        """Read a record of the control topic."""
        if self._last is None or self._last[0] != payload:
            self._last = payload, self._read(payload)
        return self._last[1]

    def _read(self, payload: bytes) -> ReadBook:
        try:
            book = RuleBook.from_record(self._codec.decode(payload))
        except (UndecodableError, UnknownSchemaError) as error:
            return ReadBook(book_id="", refusal=str(error))
        try:
            return ReadBook(book_id=book.book_id, engine=RuleEngine(book))
        except Exception as error:
            # Whatever is wrong with a book, the job goes on with the former: that is the point of refusing.
            return ReadBook(book_id=book.book_id, refusal=str(error) or repr(error))
