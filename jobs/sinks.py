"""Sinks of the job: tables that the records of topic batches are inserted into."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pyflink.datastream import DataStream
from pyflink.table import Schema, StreamTableEnvironment

from jobs import operator_uids as uids
from jobs.job_config import JobConfig
from jobs.kafka_tables import outputs_table

Sink = Callable[[StreamTableEnvironment, DataStream], None]
"""Adds a sink for a stream of TOPIC_BATCH to the job graph."""


@dataclass(frozen=True, kw_only=True)
class TableSink:
    """A table that records are inserted into.

    Parameters
    ----------
    uid : str
        Beginning of the uids of its operators; differs between the sinks of a job.
    ddl : str
        Statement that creates it.
    columns : tuple of str
        Values of its columns in order: of `record_key` (STRING), `payload` (BYTES) and `topic` (STRING).
    topics : collection of str or None
        Topics whose records it stores; None for all.
    """

    config: JobConfig
    uid: str
    table: str
    ddl: str
    columns: tuple[str, ...] = ("record_key", "payload", "topic")
    topics: Collection[str] | None = None

    def __call__(self, tables: StreamTableEnvironment, topic_batches: DataStream) -> None:
        """Insert the records of a stream of TOPIC_BATCH."""
        tables.execute_sql(self.ddl)
        view = f"{self.table}_batches"
        columns = (
            Schema.new_builder()
            .column("topic", "STRING")
            .column("record_keys", "ARRAY<STRING>")
            .column("payloads", "ARRAY<BYTES>")
            .build()
        )
        tables.create_temporary_view(view, tables.from_data_stream(topic_batches, columns))
        statements = tables.create_statement_set()
        statements.add_insert_sql(self._insertion(view))
        statements.attach_as_datastream()
        environment = topic_batches._j_data_stream.getExecutionEnvironment()
        uids.name_operators(environment.getTransformations(), self.uid, self.config)

    def _insertion(self, view: str) -> str:
        expressions = {"record_key": "record_keys[number]"}
        values = ", ".join(expressions.get(column, column) for column in self.columns)
        where = "" if self.topics is None else f" WHERE topic IN ({', '.join(map(_quoted, self.topics))})"
        exploded = f"{view} CROSS JOIN UNNEST(payloads) WITH ORDINALITY AS exploded (payload, number)"
        return f"INSERT INTO {self.table} SELECT {values} FROM {exploded}{where}"  # noqa: S608  (names of ours alone)


def kafka_sink(config: JobConfig) -> TableSink:
    """Return the sink to the job's topics, which for a standby is that of its scores alone.

    A standby does all that a job does, but its alerts must not be acted on. Its sink has another uid:
    the savepoint that it starts from holds Kafka transactions of the running job, which are not its to commit.
    """
    if not config.standby:
        return TableSink(config=config, uid=uids.OUTPUTS, table="outputs", ddl=outputs_table(config))
    return TableSink(
        config=config,
        uid=uids.STANDBY_OUTPUTS,
        table="outputs",
        ddl=outputs_table(config),
        columns=("record_key", "payload"),
        topics=(config.topics.scores,),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
