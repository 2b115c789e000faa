"""Writes the locks of the peers' packages and jars anew: `python -m benchmarks.peers.lock`."""

import json
import tempfile
from pathlib import Path

from benchmarks.peers.environment import LOCKS, run_uv
from runtime.folders import PROJECT_ROOT
from runtime.jars_lock import locked_row

OPTIONS = (
    *("--upgrade", "--universal", "--generate-hashes", "--no-emit-index-url"),
    *("--python-version", "3.11", "--custom-compile-command", "python -m benchmarks.peers.lock"),
)
SPARK_JARS = (
    "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",
    "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.2.0",
    "org.apache.kafka:kafka-clients:3.9.2",
    "org.apache.commons:commons-pool2:2.13.1",
)
"""What Spark's Kafka source needs beyond the jars that come with pyspark."""


def main() -> None:
    """Write them."""
    for wanted in sorted(LOCKS.glob("*.in")):
        if wanted.stem != "scoring":
            file = wanted.relative_to(PROJECT_ROOT)  # locks name the files that they were made of
            run_uv("pip", "compile", *OPTIONS, str(file), "-o", str(file.with_suffix(".lock")))
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            locked_row((*coordinates.split(":"), "", "jar"), "spark_streaming", Path(folder))
            for coordinates in SPARK_JARS
        ]
    (LOCKS / "spark_streaming.jars.lock").write_text(json.dumps({"jars": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
