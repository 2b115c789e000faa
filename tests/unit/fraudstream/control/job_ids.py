"""Ids of Flink jobs."""

from jobs.state_manifest import StateManifest

JOB = StateManifest(
    fraudstream="1.0",
    mode="thread",
    shards=2,
    transactions="t",
    labels=None,
    operators=("score-batch-thread-2",),
    state_versions={"histories": 2},
    model_id="m",
    feature_spec_hash="h",
)
