"""Topics that their owner deletes and creates again."""

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.system.deadline import wait_until
from tests.patience import PATIENCE_S


def recreate(broker: Broker, topic: str, partitions: int = 1) -> None:
    """Delete a topic, create it again, and wait until its id has changed."""
    client, ids = broker.admin(), TopicIds(broker)
    before = ids.read([topic])[topic]
    for future in client.delete_topics([topic], operation_timeout=PATIENCE_S).values():
        future.result()

    def created() -> bool:
        for future in client.create_topics([NewTopic(topic, partitions, 1)], operation_timeout=PATIENCE_S).values():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # the former one is still being deleted
                    raise
        return ids.read([topic]).get(topic, before) not in {before, None}

    assert wait_until(created, seconds=PATIENCE_S, interval_s=0.2)
    await_leaders(client, topic, partitions)


def await_leaders(client: AdminClient, topic: str, partitions: int) -> None:
    """Wait until a topic has that many partitions, each with a leader."""

    def led() -> bool:
        found = client.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        return len(found) == partitions and all(part.leader >= 0 for part in found.values())

    assert wait_until(led, seconds=PATIENCE_S)
