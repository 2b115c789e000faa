"""Job health that the console shows."""

from fraudstream.console.job_health import JobHealth
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.observe.metrics.consumer_lag import ConsumerLag
from fraudstream.observe.metrics.job_probe import JobProbe
from fraudstream.settings.settings import load_settings
from fraudstream.system.ports import free_port


def test_unreachable_cluster_is_reported_with_what_to_do():
    broker = Broker(load_settings(), "127.0.0.1:1")
    lag = ConsumerLag(broker)
    try:
        health = JobHealth(
            JobProbe(rest=FlinkRest(url=f"http://127.0.0.1:{free_port()}"), lag=lag, ids=TopicIds(broker))
        ).read()
    finally:
        lag.close()
    assert (health["cluster"], health["jobs"]) == (None, [])
    assert "fraudstream up" in health["why"]
