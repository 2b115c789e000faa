"""FLINK_HOME of the image: the embedded cluster's, with settings for a container network."""

import shutil
from pathlib import Path

from fraudstream.devstack.flink_home import FlinkHome, cluster_settings, distribution
from fraudstream.devstack.stack import jars_for
from fraudstream.system.folders import StateFolder

HOME = StateFolder(root=Path("/opt"))
STATE = StateFolder(root=Path("/var/lib/fraudstream"))
REST_PORT, RPC_PORT, METRICS_PORT = 8081, 6123, 9249
EVERYWHERE = "0.0.0.0"  # noqa: S104 (inside the container; the compose file publishes ports)


def container_settings() -> dict[str, str]:
    """Return the embedded cluster's settings, with service names for addresses."""
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
    del settings["taskmanager.host"]  # differs by container
    return settings


def main() -> None:
    """Create /opt/flink, with its jars in the cache folder."""
    home = FlinkHome(folder=HOME, connectors=tuple(jars_for("flink"))).create()
    home.configure(container_settings())
    # Log to standard output too, for `docker logs`.
    shutil.copy(distribution() / "conf" / "log4j-console.properties", home.conf)
    shutil.copy(Path(__file__).with_name("zoo.cfg"), home.conf)
    (home.root / "log").mkdir(exist_ok=True)


if __name__ == "__main__":
    main()
