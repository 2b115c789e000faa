"""Archiver of the inference topic."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from confluent_kafka import Message, TopicPartition

from fraudstream.archive.archive_folder import ArchiveFolder, archive_table
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.group_reader import GroupReader
from fraudstream.kafka.new_partitions import CHECK_S, NewPartitions
from fraudstream.kafka.position import position_of
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_ids import RecreatedTopics, TopicIds
from fraudstream.kafka.topic_reader import SILENCE_S, partition_ranges
from fraudstream.system.failures import RuntimeFailure
from schemas.avro_schemas import INFERENCE
from schemas.columnar_decoder import ColumnarDecoder
from schemas.columns import INFERENCE_ARROW
from schemas.errors import UserError
from schemas.registry import value_subject

GROUP_ID = "fraudstream-archive"
ROWS_AT_ONCE = 100_000
"""Rows that are held in memory before they are written."""


@dataclass(kw_only=True)
class Archived:
    """Progress of an archive run.

    Parameters
    ----------
    records, files
        Written.
    undecodable
        Records of the topic that are none of its kind: left out.
    lost
        Offsets that the topic no longer held when they were to be read (its retention is too short).
    """

    records: int = 0
    files: int = 0
    undecodable: int = 0
    lost: int = 0


class Archiver:
    """Reads the inference topic into an archive folder, from where the folder ends.

    Its progress is stored in the folder; the offsets committed to the group GROUP_ID come after it and are for those
    who watch the lag.

    Parameters
    ----------
    folder
        Archive to extend.
    flush_s
        Seconds after which what was read is written, however little it is.
    on_progress
        Called with records read so far, and how many there were in all at the start.

    Raises
    ------
    UserError
        The topic was deleted and created again, before or while it is read: the folder is not this one's.
    """

    def __init__(
        self,
        broker: Broker,
        folder: ArchiveFolder,
        *,
        flush_s: float,
        on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self.done = Archived()
        self._topic = broker.topics.inference
        self._folder = folder
        self._flush_s = flush_s
        self._on_progress = on_progress
        self._decoder = ColumnarDecoder(
            INFERENCE, INFERENCE_ARROW, value_subject(self._topic), registry_of(broker.settings)
        )
        self._messages: list[Message] = []
        self._sure = 0  # so many of them are of the archive's own topic for certain
        self._is_other = False
        self._read = 0
        self._ids = TopicIds(broker)
        self._reader = GroupReader(broker, GROUP_ID)
        self._consumer = self._reader.consumer

    def run(self, *, follow: bool) -> None:
        """Read to the end of what there is now, or with `follow` until the caller is interrupted.

        Raises
        ------
        RuntimeFailure
            When the broker gives nothing for SILENCE_S before the end.
        """
        with closing(self._reader):
            starts, ends = self._begin()
            try:
                self._read_to(starts, ends, follow=follow)
            finally:
                self._flush()
            self._require_same_topic()

    def _begin(self) -> tuple[dict[int, int], dict[int, int]]:
        """Point the consumer at where the folder ends; return where each partition begins, and ends now."""
        self._recreated = RecreatedTopics(self._ids, [self._topic])
        self._folder.note_topic(self._ids.read([self._topic]).get(self._topic))
        starts, ends = {}, {}
        for part, low, high in partition_ranges(self._consumer, self._topic):
            begin = self._folder.next_offsets.get(part, 0)
            if begin > high:
                raise UserError(
                    f"expected partition {part} of {self._topic} to reach offset {begin}, where the archive ends, "
                    f"got {high}: the topic was deleted and created again. Choose another --out"
                )
            # What a topic lost before it was ever archived is not ours to count.
            self.done.lost += max(0, low - begin) if part in self._folder.next_offsets else 0
            starts[part], ends[part] = max(begin, low), high
        self._consumer.assign([TopicPartition(self._topic, part, begin) for part, begin in starts.items()])
        return starts, ends

    def _read_to(self, starts: dict[int, int], ends: dict[int, int], *, follow: bool) -> None:
        total = sum(ends.values()) - sum(starts.values())
        added = NewPartitions(self._consumer, [self._topic] if follow else [])
        checked = flushed = last = time.monotonic()
        rounds = self._reader.rounds(added.add, batch_size=10_000, poll_s=0.2)
        while follow or not self._reached(starts, ends):
            messages = next(rounds)
            self._messages += messages
            self._read += len(messages)
            self._on_progress(self._read, total)
            now = time.monotonic()
            last = now if messages else last
            if now - checked > CHECK_S:
                self._drop_unsure()
                checked = now
            if len(self._messages) >= ROWS_AT_ONCE or now - flushed > self._flush_s:
                self._flush()
                flushed = now
            self._require_same_topic()
            if not follow and now - last > SILENCE_S:
                raise RuntimeFailure(
                    f"expected {self._topic} to be read to its end, but nothing came for {SILENCE_S:.0f} s"
                )

    def _reached(self, starts: dict[int, int], ends: dict[int, int]) -> bool:
        # The position passes transaction markers too, which no consumer is given; before the first record it is none.
        positions = self._consumer.position(self._consumer.assignment())
        return all(max(now.offset, starts[now.partition]) >= ends[now.partition] for now in positions)

    def _flush(self) -> None:
        """Write the records that were read, and commit their offsets after that."""
        self._drop_unsure()
        if not self._messages:
            return
        # Of the records in hand, not the consumer's positions: an interrupt may come between the two.
        next_offsets = {partition: offset + 1 for partition, offset in map(position_of, self._messages)}
        records, bad = self._decoder.decode([message.value() or b"" for message in self._messages])
        wrong = set(bad)
        positions = [position_of(message) for row, message in enumerate(self._messages) if row not in wrong]
        table = archive_table(records, positions)
        files = self._folder.write(table, next_offsets)
        self._messages, self._sure = [], 0
        self.done.files += files
        self.done.records += len(table)
        self.done.undecodable += len(bad)
        if self._is_other:
            return  # they would be committed for the topic that is there now
        offsets = [TopicPartition(self._topic, part, offset) for part, offset in next_offsets.items()]
        self._consumer.commit(offsets=offsets, asynchronous=False)

    def _drop_unsure(self) -> None:
        """Drop what was read since the last call where the topic was created again: it may be of either."""
        if self._recreated.poll():
            self._is_other = True
            del self._messages[self._sure :]
        if not self._is_other:
            self._sure = len(self._messages)

    def _require_same_topic(self) -> None:
        if self._is_other:
            raise UserError(
                f"expected {self._topic} to stay while it is archived, got another topic of that name: it was "
                "deleted and created again. Choose another --out; the archive keeps the records of the former one"
            )
