"""Puts the image's FLINK_HOME together: the one of the embedded cluster, with settings for a container network."""

import shutil
from pathlib import Path

from fraudstream.devstack.flink_home import FlinkHome, cluster_settings, distribution
from fraudstream.devstack.stack import jars_for
from fraudstream.system.folders import StateFolder

HOME = StateFolder(root=Path("/opt"))
STATE = StateFolder(root=Path("/var/lib/fraudstream"))
REST_PORT, RPC_PORT, METRICS_PORT = 8081, 6123, 9249
EVERYWHERE = "0.0.0.0"  # noqa: S104 (inside the container: what is published is the compose file's to say)


def container_settings() -> dict[str, str]:
    """Return the embedded cluster's settings as containers need them, which find each other by service names."""
    settings = cluster_settings(
        STATE,
        rest_port=REST_PORT,
        rpc_port=RPC_PORT,
        state_backend="hashmap",
        zookeeper="zookeeper:2181",
        extra={
            "jobmanager.rpc.address": "jobmanager",
            "jobmanager.bind-host": EVERYWHERE,
            "taskmanager.bind-host": EVERYWHERE,
            "rest.address": "jobmanager",
            "rest.bind-address": EVERYWHERE,
            "io.tmp.dirs": "/tmp",  # noqa: S108 (the container's own)
            "metrics.reporters": "prom",
            "metrics.reporter.prom.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
            "metrics.reporter.prom.port": str(METRICS_PORT),
        },
    )
    del settings["taskmanager.host"]  # each has its own: the address that the JobManager sees
    return settings


def main() -> None:
    """Write /opt/flink, and the jars that it links to into the cache folder."""
    home = FlinkHome(folder=HOME, connectors=tuple(jars_for("flink"))).create()
    home.configure(container_settings())
    # Logs go to standard output too, where `docker logs` finds them.
    shutil.copy(distribution() / "conf" / "log4j-console.properties", home.conf)
    shutil.copy(Path(__file__).with_name("zoo.cfg"), home.conf)
    (home.root / "log").mkdir(exist_ok=True)


if __name__ == "__main__":
    main()
