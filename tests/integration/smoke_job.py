"""A job of one Python function that shows that the cluster runs Python and reaches the broker."""

import os
import sys

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment
from pyflink.table.udf import udf


@udf(result_type="STRING")
def witness(number: int) -> str:
    """Return the process id and a name from the project's packages."""
    from schemas.topics import Topics

    return f"{number} {os.getpid()} {Topics().alerts}"


def main(bootstrap_servers: str, topic: str, mode: str) -> None:
    """Write three lines to the topic and end."""
    configuration = Configuration()
    configuration.set_string("python.execution-mode", mode)
    configuration.set_string("pipeline.name", f"smoke {mode}")
    settings = EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
    tables = TableEnvironment.create(settings)
    tables.create_temporary_function("witness", witness)
    tables.execute_sql(
        f"""CREATE TABLE sink (line STRING) WITH ('connector' = 'kafka', 'topic' = '{topic}',
        'properties.bootstrap.servers' = '{bootstrap_servers}', 'format' = 'raw')"""
    )
    tables.execute_sql("INSERT INTO sink SELECT witness(n) FROM (VALUES (1), (2), (3)) AS t(n)")


if __name__ == "__main__":
    main(*sys.argv[1:])
