"""Labels that scores of a real job must know."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fraudstream.kafka.topic_reader import read_topic
from fraudstream.system.deadline import wait_until
from models.features.entity import ENTITIES
from schemas.avro_schemas import LABEL
from schemas.codec import RecordCodec
from schemas.label_offset import label_entry
from schemas.registry import value_subject
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S

Ends = dict[int, int]
"""By partition, the entry of `label_offsets` after the last label."""


def knows(offsets: list[int], ends: Ends) -> bool:
    """Return whether offsets of unknown labels are after the last of some labels."""
    return all(partition < len(offsets) and offsets[partition] >= end for partition, end in ends.items())


@dataclass(frozen=True)
class KnownLabels:
    """Ends of the labels that a topic has now, by customer, and of all, for a job with one shard of entities."""

    customers: dict[str, Ends]
    all: Ends

    @classmethod
    def of(cls, lane: Lane, generation: int = 0) -> "KnownLabels":
        """Read the labels of a lane's topic."""
        assert lane.settings.job.shards <= 2, "several shards of entities: each knows labels of its own"
        customers: dict[str, Ends] = defaultdict(dict)
        every: Ends = {}
        codec = RecordCodec(LABEL, value_subject(lane.topics.labels), lane.registry)
        for message in read_topic(lane.broker, lane.topics.labels):
            record, partition = codec.decode(message.value() or b""), message.partition() or 0
            if record["customer_id"].encode() != message.key():
                continue  # a dead letter
            end = label_entry(generation, (message.offset() or 0) + 1)
            for ends in (customers[record["customer_id"]], every):
                ends[partition] = max(end, ends.get(partition, 0))
        return cls(customers, every)

    def are_known(self, score: dict[str, Any]) -> bool:
        """Return whether a score knows all labels of its customer, and its merchant those of all merchants."""
        offsets = score["entity_label_offsets"]
        of_customer = self.customers.get(score["customer_id"], {})
        return knows(score["label_offsets"], of_customer) and knows(offsets[: len(offsets) // len(ENTITIES)], self.all)


def await_labels(lane: Lane, table: pa.Table, *, generation: int = 0) -> None:
    """Send transactions again, as duplicates, until each was scored with all labels."""
    labels = KnownLabels.of(lane, generation)
    ids = table["transaction_id"].to_pylist()

    def known() -> bool:
        lane.send(table)
        last = {item["transaction_id"]: item for item in lane.scores()}
        return all(name in last and labels.are_known(last[name]) for name in ids)

    assert wait_until(known, seconds=PATIENCE_S, interval_s=1)
