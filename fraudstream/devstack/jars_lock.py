"""Update of `jars.lock`: `python -m fraudstream.devstack.jars_lock`, or `make lock`."""

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fraudstream.devstack.jars import LOCK, PARALLEL_DOWNLOADS, TIMEOUT_S, download, sha256_of

ROOTS = [
    {"for": "broker", "root": "org.apache.kafka:kafka_2.13:4.2.0", "transitive": True},
    # Kafka logs through slf4j without a backend; the dependencies of this jar come with Kafka.
    {"for": "broker", "root": "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3", "transitive": False},
    # A shaded jar without dependencies.
    {"for": "flink", "root": "org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2", "transitive": False},
    # Shaded too; only fetched where a folder of Flink's is in S3.
    {"for": "s3", "root": "org.apache.flink:flink-s3-fs-hadoop:2.3.0", "transitive": False},
]
# An archive with all dependencies. 3.0.9 is the newest version that runs on Java 17: 3.3 needs 21.
REGISTRY = ("io.apicurio", "apicurio-registry-app", "3.0.9", "all", "tar.gz")

Coordinates = tuple[str, str, str, str, str]


def resolve(root: str, work: Path, *, transitive: bool) -> list[Coordinates]:
    """List the coordinates (group, artifact, version, classifier, extension) that a root needs, itself first."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=work, local_repos=[], timeout=TIMEOUT_S)
    asked = [context.create_dependency(root)]
    inputs, others = context.resolver.resolve(asked) if transitive else (asked, [])
    return [(d.groupId, d.artifactId, d.version, d.classifier, "jar") for d in [*inputs, *others]]


def locked_row(coordinates: Coordinates, needed_by: str, work: Path) -> dict[str, Any]:
    """Download one jar and describe it as a row of the lock."""
    group, artifact, version, classifier, extension = coordinates
    path = download(group, artifact, version, classifier, extension, into=work)
    return {
        "for": needed_by,
        "group": group,
        "artifact": artifact,
        "version": version,
        "classifier": classifier,
        "extension": extension,
        "sha256": sha256_of(path),
        "size": path.stat().st_size,
    }


def write_lock(path: Path = LOCK) -> int:
    """Resolve the roots, download every jar once and write the table; returns the number of jars."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        work = Path(folder)
        wanted = [
            (coordinates, str(row["for"]))
            for row in ROOTS
            for coordinates in resolve(str(row["root"]), work, transitive=bool(row["transitive"]))
        ]
        wanted.append((REGISTRY, "registry"))
        rows = list(pool.map(lambda pair: locked_row(pair[0], pair[1], work), wanted))
    path.write_text(json.dumps({"roots": ROOTS, "jars": rows}, indent=2) + "\n")
    return len(rows)


if __name__ == "__main__":
    print(f"{write_lock()} jars locked")
