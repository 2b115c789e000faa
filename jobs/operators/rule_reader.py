"""Rule books, read in threads."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import numpy as np

from jobs.operators.loading import MAX_WAIT_S, Loading, Loads
from jobs.operators.plain_records import plain_transaction
from models.features.table import FEATURES
from models.rules.fields import RULE_NAMES
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.rules.vocabulary import Vocabulary
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import UnknownSchemaError
from schemas.rule_book import RuleBook


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadBook:
    """Outcome of reading a rule book.

    Parameters
    ----------
    book_id : str
        Empty where the record holds none.
    engine : RuleEngine or None
        None where it is refused.
    refusal : str
        Reason of the refusal.
    late : bool
        Whether it is still being read: refused for now, it may be followed later.
    """

    book_id: str
    engine: RuleEngine | None = None
    refusal: str = ""
    late: bool = False


class RuleReader:
    """Reader of rule books in threads of their own, each once for all shards of a subtask; see also `ServingLoader`.

    A book of tens of rules takes milliseconds, one with long lists seconds: meanwhile the former one decides. A book
    that fails for a valid transaction is refused: it would fail for others.

    Parameters
    ----------
    codec : RecordCodec
        Of the rule books on the control topic.
    vocabulary : Vocabulary
        Names that conditions may have.
    max_wait_s : float
        Longest wait of `awaited`, from the beginning of the reading.
    """

    def __init__(self, codec: RecordCodec, vocabulary: Vocabulary = RULE_NAMES, max_wait_s: float = MAX_WAIT_S) -> None:
        self._codec, self._vocabulary = codec, vocabulary
        self._max_wait_s = max_wait_s
        self._last: dict[bytes, Loading[ReadBook]] = {}
        self._loads = Loads[ReadBook]()

    def request(self, payload: bytes) -> Future[ReadBook]:
        """Begin to read a record of the control topic, unless it is one of the last two requested."""
        return self._loading(payload).future

    def awaited(self, payload: bytes) -> ReadBook:
        """Return the outcome, a late one where the book is not read by the deadline."""
        loading = self._loading(payload)
        if loading.in_time():
            return loading.future.result()
        refusal = (
            f"expected the rule book to be read within {self._max_wait_s:g} s, got no end. "
            "The models decide alone until it is read; if that takes long, apply a shorter one"
        )
        return ReadBook(book_id="", refusal=refusal, late=True)

    def _loading(self, payload: bytes) -> Loading[ReadBook]:
        loading = self._last.pop(payload, None)
        if loading is None or loading.future.cancelled():
            loading = Loading(partial(self._read, payload), "rule-reader", self._max_wait_s, self._loads)
        self._last = dict([*self._last.items()][-1:])
        self._last[payload] = loading
        return loading

    def _read(self, payload: bytes) -> ReadBook:
        try:
            book = RuleBook.from_record(self._codec.decode(payload))
        except (UndecodableError, UnknownSchemaError) as error:
            return ReadBook(book_id="", refusal=str(error))
        except Exception as error:
            # Shards would wait for the book forever.
            return ReadBook(book_id="", refusal=repr(error))
        try:
            engine = RuleEngine(book, self._vocabulary)
            engine.apply(_plain_batch(), np.zeros(1, np.uint8))
            return ReadBook(book_id=book.book_id, engine=engine)
        except Exception as error:
            # Any error refuses the book: the job continues with the former one.
            return ReadBook(book_id=book.book_id, refusal=str(error) or repr(error))


def _plain_batch() -> RuleBatch:
    return RuleBatch(plain_transaction(), np.zeros((1, len(FEATURES)), np.float32), np.zeros(1, np.float32))
