GROUP, EVENTS, BATCHES = "stages", "events", "batches"
"""Of the counters in which `stage_job` tells what it counted."""

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
}
"""Of the operator, each in words."""
