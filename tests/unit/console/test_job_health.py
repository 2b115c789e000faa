from console.job_health import JobHealth
from runtime.configuration.settings import load_settings
from runtime.host.ports import free_port
from runtime.kafka.topic_ids import TopicIds
from runtime.local.flink_rest import FlinkRest
from runtime.metrics.consumer_lag import ConsumerLag


def test_where_no_cluster_answers_it_says_what_to_do():
    lag = ConsumerLag(load_settings(), "127.0.0.1:1")
    try:
        told = JobHealth(
            FlinkRest(url=f"http://127.0.0.1:{free_port()}"), lag, TopicIds(load_settings(), "127.0.0.1:1")
        ).look()
    finally:
        lag.close()
    assert (told["cluster"], told["jobs"]) == (None, [])
    assert "fraudstream up" in told["why"]
