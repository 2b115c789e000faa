"""The peers, in the order in which they are run."""

from benchmarks.peers.peer import FlinkPeer, Peer, ProcessPeer

IN_FLINK = "exactly-once state, at-least-once output"

OURS = FlinkPeer(
    slug="fraudstream",
    module="fraudstream",
    name="fraudstream",
    package="apache-flink",
    guarantee=IN_FLINK,
    role="ours",
    tiles=True,
)
JVM_ONLY = FlinkPeer(
    slug="jvm_only",
    module="jvm_only",
    name="the JVM's part alone",
    package="apache-flink",
    guarantee=IN_FLINK,
    role="limit",
)

PEERS: tuple[Peer, ...] = (
    OURS,
    JVM_ONLY,
    ProcessPeer(
        slug="plain_loop",
        module="plain_loop",
        name="consumer loop",
        package="confluent-kafka",
        guarantee="nothing",
        share=0.5,
    ),
    ProcessPeer(
        slug="plain_loops",
        module="plain_loop",
        name="consumer loop, one process a core",
        package="confluent-kafka",
        guarantee="nothing",
        processes=2,
    ),
    ProcessPeer(
        slug="kernel_loop",
        module="kernel_loop",
        name="consumer loop with our kernel",
        package="confluent-kafka",
        guarantee="nothing",
        role="without guarantees",
        tiles=True,
    ),
    ProcessPeer(
        slug="bytewax_flow",
        module="bytewax_flow",
        name="Bytewax, one process a core",
        package="bytewax",
        guarantee="at-least-once",
        processes=2,
        share=0.3,
        own_environment=True,
    ),
    ProcessPeer(
        slug="quix_streams",
        module="quix_streams",
        name="Quix Streams, one process a core",
        package="quixstreams",
        guarantee="at-least-once",
        processes=2,
        share=0.1,
        own_environment=True,
    ),
    ProcessPeer(
        slug="spark_streaming",
        module="spark_streaming",
        name="PySpark Structured Streaming",
        package="pyspark",
        guarantee=IN_FLINK,
        share=0.2,
        own_environment=True,
    ),
    ProcessPeer(
        slug="http_service",
        module="http_client",
        name="scoring service over HTTP",
        package="fastapi",
        guarantee="nothing",
        share=0.02,
        own_environment=True,
        beside=("http_service",),
    ),
    FlinkPeer(
        slug="flink_per_event",
        module="flink_per_event",
        name="PyFlink per event, thread mode",
        package="apache-flink",
        guarantee=IN_FLINK,
        share=0.1,
    ),
    FlinkPeer(
        slug="flink_per_event_process",
        module="flink_per_event",
        name="PyFlink per event, process mode",
        package="apache-flink",
        guarantee=IN_FLINK,
        mode="process",
        share=0.03,
    ),
)
