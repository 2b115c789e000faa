"""Print uids and buffer timeouts of jobs' operators as JSON, in a separate JVM whose class path has the connector."""

import json
import sys
from functools import partial
from typing import Any

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.devstack.stack import jars_for
from jobs.flink_hash import MAX_PARALLELISM
from jobs.flink_settings import flink_settings
from jobs.job_config import JobConfig
from jobs.score_transactions import build
from jobs.state_jobs import build_export, build_import

BUILD = {
    "job": build, "export": partial(build_export, folder="/export"), "import": partial(build_import, folder="/export"),
}  # fmt: skip


def operators(config: JobConfig, kind: str) -> list[tuple[str, int]]:
    """Return uids and buffer timeouts in ms of Flink's graph of the job, or of an export or import of its state."""
    settings = Configuration()
    for name, value in flink_settings(config, sys.executable).items():
        settings.set_string(name, value)
    settings.set_string("pipeline.jars", ";".join(jar.as_uri() for jar in jars_for("flink")))
    environment = StreamExecutionEnvironment.get_execution_environment(settings)
    environment.set_max_parallelism(MAX_PARALLELISM)
    BUILD[kind](StreamTableEnvironment.create(environment), config)
    graph = environment._j_stream_execution_environment.getStreamGraph(False)
    nodes: Any = graph.getStreamNodes().iterator()
    found = []
    while nodes.hasNext():
        node = nodes.next()
        found.append((node.getTransformationUID(), node.getBufferTimeout()))
    return sorted(found)


if __name__ == "__main__":
    required = {"bootstrap_servers": "broker:9092", "model": "/models/fraud", "checkpoint_dir": "file:///checkpoints"}
    graphs = json.loads(sys.argv[1])
    print(json.dumps([operators(JobConfig(**required, **changes), kind) for kind, changes in graphs]))
