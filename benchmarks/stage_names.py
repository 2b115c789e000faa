"""Names of the stages that are timed."""

GROUP, EVENTS, BATCHES, BETWEEN = "stages", "events", "batches", "between"
"""The group of the counters in which `stage_job` tells what it counted, and some of them."""

STAGES = {
    "decode": "decode Avro, check limits",
    "state_read": "read state",
    "features": "features (kernels, hashing)",
    "onnx": "score (onnxruntime)",
    "encode_histories": "encode changed histories",
    "state_write": "write state",
    "encode_alerts": "alerts: reasons, Avro",
    "encode_scores": "scores: Avro",
    "feature_log": "feature log",
    "drift": "drift signals",
    "operator": "the rest of the operator",
    "hand_on": "hand results to the JVM, send them on",
    BETWEEN: "until the next batch is there, in Python",
}
"""Of the operator's thread, each in words; together they are all of its time."""
