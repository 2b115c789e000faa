"""Baseline in Flink SQL: OVER windows by customer in the JVM, and a vectorised Python function that scores.

An OVER window includes the current row, which can be subtracted from its count and sums, but not from a maximum or a
number of distinct merchants: those features are missing here and left out of the oracle.
"""

import sys
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyflink.table import DataTypes, StreamTableEnvironment
from pyflink.table.udf import FunctionContext, ScalarFunction, udf

from benchmarks.baselines.card_scorer import CardScorer
from benchmarks.baselines.flink_per_event import settings_of_tutorials
from benchmarks.baselines.jars import jar_paths
from jobs import score_transactions
from jobs.job_config import JobConfig
from jobs.kafka_tables import outputs_table
from models.features.table import CUSTOMER_FEATURES

WINDOWS = {"10m": "'10' MINUTE", "1h": "'1' HOUR", "24h": "'1' DAY", "7d": "'7' DAY", "30d": "'30' DAY"}
FIELDS = (
    *("transaction_id", "customer_id", "merchant_id", "merchant_category", "transaction_type"),
    *("amount_minor", "currency", "event_time"),
)
AGGREGATES = [f"{kind}_{window}" for window in WINDOWS for kind in ("rows", "total", "squares")]
JARS = ";".join(jar.as_uri() for jar in jar_paths("flink_sql"))
COLUMNS = {feature.name: column for column, feature in enumerate(CUSTOMER_FEATURES)}


class Score(ScalarFunction):
    """Scorer of rows of FIELDS and AGGREGATES: the encoded score, and the alert if any."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, function_context: FunctionContext) -> None:  # noqa: ARG002
        """Load the model."""
        self._scorer = CardScorer(self._config.model_folder)

    def eval(self, *columns: pd.Series) -> pd.DataFrame:
        """Score a batch."""
        rows = pd.DataFrame(dict(zip((*FIELDS, *AGGREGATES), columns, strict=True)))
        rows["event_time"] = rows["event_time"].dt.tz_localize("UTC")
        records: list[Any] = rows[[*FIELDS]].to_dict("records")
        x = self._features(rows, np.array([self._scorer.risks(record) for record in records]))
        outputs = self._scorer.outputs(records, x.tolist())
        return pd.DataFrame(outputs, columns=["score", "alert"])

    def _features(self, rows: pd.DataFrame, risks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the features of n rows, (n, F); risks are (n, 2)."""
        x = np.tile(self._scorer.missing, (len(rows), 1))
        minor, hour = rows["amount_minor"].to_numpy(), rows["event_time"].dt.hour
        amount = minor / 100
        alone = {"amount": amount, "hour": hour, "is_night": hour < 6, "is_weekend": rows["event_time"].dt.weekday >= 5}
        for name, column in alone.items():
            x[:, COLUMNS[name]] = column
        x[:, COLUMNS["category_risk"]], x[:, COLUMNS["type_risk"]] = risks.T
        for window in WINDOWS:
            self._windowed(x, window, rows, minor, amount)
        return x

    @staticmethod
    def _windowed(x: NDArray[Any], window: str, rows: pd.DataFrame, minor: NDArray[Any], amount: NDArray[Any]) -> None:
        count = rows[f"rows_{window}"].to_numpy() - 1
        total = rows[f"total_{window}"].to_numpy() - minor
        squares = rows[f"squares_{window}"].to_numpy() - minor * minor
        x[:, COLUMNS[f"count_{window}"]], x[:, COLUMNS[f"sum_{window}"]] = count, total / 100
        some = count > 0
        count, total, squares, amount = count[some], total[some], squares[some], amount[some]
        mean, deviation = total / count / 100, np.sqrt(count * squares - total * total) / count / 100
        for name, column in {
            "mean": mean,
            "deviation": deviation,
            "z": (amount - mean) / (deviation + 1),
            "to_mean": (amount + 1) / (mean + 1),
        }.items():
            x[some, COLUMNS[f"{name}_{window}"]] = column


def source(config: JobConfig) -> str:
    """Return the DDL of the transactions, decoded in the JVM."""
    registry = config.registry.url if config.registry else None
    return f"""
        CREATE TABLE transactions (
            transaction_id STRING, customer_id STRING, merchant_id STRING, merchant_category STRING,
            transaction_type STRING, amount_minor BIGINT, currency STRING, event_time TIMESTAMP(3),
            WATERMARK FOR event_time AS event_time - INTERVAL '0.001' SECOND
        ) WITH (
            'connector' = 'kafka', 'topic' = '{config.topics.transactions}',
            'properties.bootstrap.servers' = '{config.bootstrap_servers}', 'properties.group.id' = '{config.group}',
            'scan.startup.mode' = 'earliest-offset',
            'format' = 'avro-confluent', 'avro-confluent.url' = '{registry}'
        )"""


def windowed(tables: StreamTableEnvironment) -> str:
    """Create a view per window on top of the previous one, as a query may have one OVER window; return the last."""
    below = "transactions"
    for window, length in WINDOWS.items():
        over = tables.sql_query(f"""
            SELECT
                *,
                COUNT(*) OVER w AS rows_{window},
                SUM(amount_minor) OVER w AS total_{window},
                SUM(amount_minor * amount_minor) OVER w AS squares_{window}
            FROM {below}
            WINDOW w AS (
                PARTITION BY customer_id ORDER BY event_time
                RANGE BETWEEN INTERVAL {length} PRECEDING AND CURRENT ROW)""")  # noqa: S608
        below = f"with_{window}"
        tables.create_temporary_view(below, over)
    return below


def build(tables: StreamTableEnvironment, config: JobConfig) -> None:
    """Build the job graph in the environment of `tables`."""
    tables.get_config().set("pipeline.jars", JARS)  # the planner reads them here
    tables.execute_sql(source(config))
    tables.execute_sql(outputs_table(config))
    result = DataTypes.ROW([DataTypes.FIELD("score", DataTypes.BYTES()), DataTypes.FIELD("alert", DataTypes.BYTES())])
    tables.create_temporary_function("score", udf(Score(config), result_type=result, func_type="pandas"))
    arguments = ", ".join((*FIELDS, *AGGREGATES))
    scored = tables.sql_query(f"SELECT customer_id, score({arguments}) AS output FROM {windowed(tables)}")  # noqa: S608
    tables.create_temporary_view("scored", scored)
    statements = tables.create_statement_set()
    statements.add_insert_sql(f"""
        INSERT INTO outputs
        SELECT customer_id, output.score, '{config.topics.scores}' FROM scored
        UNION ALL
        SELECT customer_id, output.alert, '{config.topics.alerts}' FROM scored WHERE output.alert IS NOT NULL
        """)  # noqa: S608
    statements.attach_as_datastream()


def settings_with_jars(config: JobConfig, python: str) -> dict[str, str]:
    """Return the settings of `settings_of_tutorials`, with the jars that the cluster lacks."""
    return settings_of_tutorials(config, python) | {"pipeline.jars": JARS}


if __name__ == "__main__":
    score_transactions.build, score_transactions.flink_settings = build, settings_with_jars
    score_transactions.main(sys.argv[1:])
