"""Baseline in PyFlink as its tutorials write it: keyed by customer, one transaction at a time."""

import sys
from collections.abc import Iterator
from typing import Any

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.table import Schema, StreamTableEnvironment

from benchmarks.baselines.card_scorer import CardScorer
from benchmarks.baselines.plain_history import PlainHistory
from jobs import score_transactions
from jobs.flink_settings import flink_settings
from jobs.job_config import JobConfig
from jobs.kafka_tables import outputs_table, transactions_table

PAYLOAD = Types.PRIMITIVE_ARRAY(Types.BYTE())
KEYED_PAYLOAD = Types.ROW([Types.STRING(), PAYLOAD])
OUTPUT = Types.ROW_NAMED(["record_key", "payload", "topic"], [Types.STRING(), PAYLOAD, Types.STRING()])


class ScoreTransaction(KeyedProcessFunction):
    """Scorer of one transaction with its customer's history, a pickled value of Flink's state."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Load the model."""
        self._scorer = CardScorer(self._config.model_folder)
        self._state = runtime_context.get_state(ValueStateDescriptor("history", Types.PICKLED_BYTE_ARRAY()))

    def process_element(self, value: Any, _ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Emit the score of a transaction, and its alert if any."""
        customer, payload = value
        history = self._state.value() or PlainHistory()
        record = self._scorer.decode(payload)
        row = self._scorer.advance(history, record)
        self._state.update(history)
        ((score, alert),) = self._scorer.outputs([record], [row])
        topics = self._config.topics
        yield Row(customer, score, topics.scores)
        if alert:
            yield Row(customer, alert, topics.alerts)


def settings_of_tutorials(config: JobConfig, python: str) -> dict[str, str]:
    """Return the job's settings without those for micro-batches, which are slow for single events."""
    ours = {"python.fn-execution.bundle.size", "execution.buffer-timeout.interval"}
    return unnamed_operators(
        {name: value for name, value in flink_settings(config, python).items() if name not in ours}
    )


def unnamed_operators(settings: dict[str, str]) -> dict[str, str]:
    """Return settings with which Flink names the operators: savepoints of baselines are not restored."""
    return settings | {"table.exec.uid.generation": "PLAN_ONLY", "pipeline.auto-generate-uids": "true"}


def build(tables: StreamTableEnvironment, config: JobConfig) -> None:
    """Build the job graph in the environment of `tables`."""
    tables.execute_sql(transactions_table(config))
    tables.execute_sql(outputs_table(config))
    query = "SELECT customer_id, payload FROM transactions"
    transactions = tables.to_append_stream(tables.sql_query(query), KEYED_PAYLOAD)
    keyed = transactions.key_by(lambda row: row[0], key_type=Types.STRING())
    scored = keyed.process(ScoreTransaction(config), OUTPUT).name("Score transaction")
    columns = Schema.new_builder().column("record_key", "STRING").column("payload", "BYTES").column("topic", "STRING")
    tables.create_temporary_view("scored", tables.from_data_stream(scored, columns.build()))
    statements = tables.create_statement_set()
    statements.add_insert_sql("INSERT INTO outputs SELECT record_key, payload, topic FROM scored")
    statements.attach_as_datastream()


if __name__ == "__main__":
    score_transactions.build, score_transactions.flink_settings = build, settings_of_tutorials
    score_transactions.main(sys.argv[1:])
