"""Locks of the baselines and of the load tool: `python -m benchmarks.baselines.lock`."""

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.baselines.environment import LOCKS
from fraudstream.devstack.jars_lock import locked_row
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.isolated_venv import run_uv

OPTIONS = (
    *("--upgrade", "--universal", "--generate-hashes", "--no-emit-index-url"),
    *("--python-version", "3.11", "--custom-compile-command", "python -m benchmarks.baselines.lock"),
)
JARS = {
    # What Spark's Kafka source needs beyond the jars that come with pyspark.
    "spark_streaming": (
        "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",
        "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.2.0",
        "org.apache.kafka:kafka-clients:3.9.2",
        "org.apache.commons:commons-pool2:2.13.1",
    ),
    "flink_sql": ("org.apache.flink:flink-sql-avro-confluent-registry:2.3.0",),
}
"""Jars by module, without dependencies."""


def main() -> None:
    """Write the locks."""
    for source in [*sorted(LOCKS.glob("*.in")), PROJECT_ROOT / "benchmarks" / "locust.in"]:
        if source.stem != "scoring":
            file = source.relative_to(PROJECT_ROOT)  # locks name their source files
            run_uv("pip", "compile", *OPTIONS, str(file), "-o", str(file.with_suffix(".lock")))
    for module, jars in JARS.items():
        with tempfile.TemporaryDirectory() as folder:
            rows = [_locked(jar, module, Path(folder)) for jar in jars]
        (LOCKS / f"{module}.jars.lock").write_text(json.dumps({"jars": rows}, indent=2) + "\n")


def _locked(jar: str, module: str, folder: Path) -> dict[str, Any]:
    group, artifact, version = jar.split(":")
    return locked_row((group, artifact, version, "", "jar"), module, folder)


if __name__ == "__main__":
    main()
