"""State of a job that was exported."""

from jobs.state_manifest import StateManifest

STATE = StateManifest(
    fraudstream="1.0", mode="thread", shards=2, transactions="t", labels="l", operators=("a",),
    state_versions={"histories": 3}, model_id="m", feature_spec_hash="f", start_positions={"labels": {"0": [4]}},
)  # fmt: skip
