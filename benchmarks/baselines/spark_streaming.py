"""Baseline in PySpark Structured Streaming: the customers' histories in its state, scored in pandas by customer."""

import os
import pickle
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import col
from pyspark.sql.streaming.state import GroupState, GroupStateTimeout

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.card_scorer import CardScorer
from benchmarks.baselines.jars import jar_paths
from benchmarks.baselines.plain_history import PlainHistory

CORES = 2
PER_BATCH = 25_000
"""Maximum of transactions per micro-batch, for several of them in a drain."""
MODULE = "jdk.incubator.vector"
OUTPUT = "key binary, value binary, topic string"


def whole_java() -> Path:
    """Return the home of the machine's own Java: the project's lacks a module that Spark 4 requires at start."""
    program = shutil.which("java")
    if program is None or MODULE not in subprocess.check_output([program, "--list-modules"], text=True):  # noqa: S603
        raise SystemExit(f"expected a java with the module {MODULE} on PATH for Spark, got {program}: install a JDK 17")
    return Path(program).resolve().parents[1]


def session() -> SparkSession:
    """Return a Spark on all cores, with the Kafka connector."""
    return (
        SparkSession.builder.master(f"local[{CORES}]")
        .appName("score-transactions")
        .config("spark.jars", ",".join(map(str, jar_paths("spark_streaming"))))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "2g")
        # One for each core: the default of 200 would open 200 state stores in each batch.
        .config("spark.sql.shuffle.partitions", CORES)
        .config("spark.ui.enabled", False)
        .getOrCreate()
    )


def start(spark: SparkSession, arguments: Arguments) -> Any:
    """Start the query."""
    scorer: CardScorer | None = None

    def score(key: tuple[bytes], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        nonlocal scorer
        scorer = scorer or CardScorer(arguments.model)  # once for each Python worker: it cannot be sent there
        history = pickle.loads(state.get[0]) if state.exists else PlainHistory()  # noqa: S301
        # A customer is in one partition; the shuffle need not keep its order.
        payloads = pd.concat(frames).sort_values("offset")["value"]
        records = [scorer.decode(payload) for payload in payloads]
        rows = [scorer.advance(history, record) for record in records]
        state.update((pickle.dumps(history),))
        outputs = scorer.outputs(records, rows)
        written = [(key[0], scored, arguments.scores_topic) for scored, _ in outputs]
        written += [(key[0], alert, arguments.alerts_topic) for _, alert in outputs if alert]
        yield pd.DataFrame(written, columns=["key", "value", "topic"])

    transactions = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", arguments.bootstrap_servers)
        .option("subscribe", arguments.topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", PER_BATCH)
        .load()
    )
    scored = transactions.groupBy(col("key")).applyInPandasWithState(
        score, OUTPUT, "history binary", "append", GroupStateTimeout.NoTimeout
    )
    return (
        scored.writeStream.format("kafka")
        .option("kafka.bootstrap.servers", arguments.bootstrap_servers)
        .option("checkpointLocation", str(arguments.state / "checkpoint"))
        .start()
    )


def main() -> None:
    """Score until stopped."""
    arguments = parse_arguments(__doc__)
    os.environ["JAVA_HOME"] = str(whole_java())
    start(session(), arguments).awaitTermination()


if __name__ == "__main__":
    main()
