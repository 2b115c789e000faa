"""A job of another team with a package named `models`."""

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment
from pyflink.table.udf import udf


@udf(result_type="STRING")
def greeting(number: int) -> str:
    """Return a line of that team's package."""
    from models.greeting import TEXT  # type: ignore[import-not-found]

    return f"{number} {TEXT}"


def main() -> None:
    """Make three lines and end."""
    configuration = Configuration()
    configuration.set_string("python.execution-mode", "thread")
    configuration.set_string("pipeline.name", "other team")
    settings = EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
    tables = TableEnvironment.create(settings)
    tables.create_temporary_function("greeting", greeting)
    tables.execute_sql("CREATE TABLE sink (line STRING) WITH ('connector' = 'blackhole')")
    tables.execute_sql("INSERT INTO sink SELECT greeting(n) FROM (VALUES (1), (2), (3)) AS t(n)")


if __name__ == "__main__":
    main()
