"""The operators that Flink's planner makes of the queries, through PyFlink's gateway: a JVM, but no cluster."""

import pytest

from tests.unit.jobs.job_configs import job_config

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def operators() -> set[str]:
    """Return the names of the operators between the labels topic and the scoring operator."""
    from pyflink.common import Configuration
    from pyflink.datastream import StreamExecutionEnvironment
    from pyflink.table import StreamTableEnvironment

    from jobs.kafka_tables import labels_table
    from jobs.topology import label_batches
    from runtime.embedded import jars_for

    settings = Configuration()
    settings.set_string("pipeline.jars", ";".join(jar.as_uri() for jar in jars_for("flink")))
    tables = StreamTableEnvironment.create(StreamExecutionEnvironment.get_execution_environment(settings))
    config = job_config()
    tables.execute_sql(labels_table(config))
    last = label_batches(tables, config)._j_data_stream.getTransformation()
    return {step.getName() for step in last.getTransitivePredecessors()}


def test_labels_pass_no_join_which_would_keep_every_batch_in_its_state(operators):
    assert any(name.startswith("WindowAggregate") for name in operators), operators
    assert not [name for name in operators if "Join" in name], operators
