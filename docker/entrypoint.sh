#!/bin/sh
# Runs a service of the cluster by name, or any other command unchanged.
set -eu

case "${1:-}" in
jobmanager | taskmanager)
    part="$1"
    shift
    exec "$FLINK_HOME/bin/$part.sh" start-foreground "$@"
    ;;
zookeeper)
    exec "$JAVA_HOME/bin/java" -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$FLINK_HOME/lib/*" \
        org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.server.ZooKeeperServerMain "$FLINK_HOME/conf/zoo.cfg"
    ;;
serve) # SageMaker's command for a model's container
    exec fraudstream sagemaker serve --model /opt/ml/model --host 0.0.0.0
    ;;
*)
    exec "$@"
    ;;
esac
