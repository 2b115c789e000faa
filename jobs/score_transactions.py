"""The main job: card transactions in, scores and fraud alerts out.

Submitted by ``fraudstream submit``, which prints the ``flink run`` line that does the same.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.flink_hash import MAX_PARALLELISM
from jobs.flink_settings import flink_settings
from jobs.job_config import JobConfig
from jobs.kafka_tables import source_tables
from jobs.sinks import kafka_sink
from jobs.state_manifest import StateManifest
from jobs.topology import build as build_graph
from jobs.topology import scoring_sources, scoring_stages
from schemas.errors import UserError


def main(arguments: list[str]) -> None:
    """Build the job from the settings file named in `arguments` and hand it to the cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="settings of the job, JSON")
    parser.add_argument("--export-state", metavar="FOLDER", help="write the state of the savepoint there instead")
    parser.add_argument("--import-state", metavar="FOLDER", help="fill the state from there instead")
    options = parser.parse_args(arguments)
    config = JobConfig.from_file(options.config)
    found = flink_settings(config, sys.executable)
    parameters = {"fraudstream.manifest": StateManifest.of(config).to_json()}
    if options.export_state or options.import_state:
        # Its imports (pyarrow's datasets, pandas) take a second, which other submissions need not wait for.
        from jobs import state_jobs  # noqa: PLC0415

        settings = state_jobs.state_settings(found)
        if options.export_state:
            _execute(partial(state_jobs.build_export, folder=options.export_state), config, settings, {})
        else:
            _execute(partial(state_jobs.build_import, folder=options.import_state), config, settings, parameters)
        return
    # Flink hands these to every client that stops or replaces the job.
    parameters["fraudstream.config"] = str(options.config.absolute())
    if config.safe_outage_ms is not None:
        parameters["fraudstream.safe_outage_ms"] = str(config.safe_outage_ms)
    _execute(build, config, found, parameters)


def _execute(
    build_job: Callable[[StreamTableEnvironment, JobConfig], None],
    config: JobConfig,
    flink: Mapping[str, str],
    parameters: dict[str, str],
) -> None:
    settings = Configuration()
    for name, value in flink.items():
        settings.set_string(name, value)
    environment = StreamExecutionEnvironment.get_execution_environment(settings)
    environment.set_max_parallelism(MAX_PARALLELISM)
    build_job(StreamTableEnvironment.create(environment), config)
    environment.get_config().set_global_job_parameters(parameters)
    environment.execute(config.name)


def build(tables: StreamTableEnvironment, config: JobConfig) -> None:
    """Build the job graph between the topics of Kafka."""
    sources = scoring_sources(config, source_tables(config))
    build_graph(tables, sources=sources, stages=scoring_stages(config), sinks=[kafka_sink(config)])


def run() -> None:
    """Run `main` with the arguments of the process; a user's mistake is a message and not a stack trace."""
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    run()
