"""Names of the stages that are timed."""

GROUP, EVENTS, BATCHES, BETWEEN = "stages", "events", "batches", "between"
"""Group of the counters of `stage_job`, and names of some."""

STAGES = {
    "decode": "read the decoded batch",
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
"""Descriptions of the stages of the operator's thread, which add up to its time."""
