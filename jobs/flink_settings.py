"""Flink configuration of the job."""

from jobs.job_config import JobConfig

CHECKPOINT_BUFFER_BYTES = 1024 * 1024


def flink_settings(config: JobConfig, python: str) -> dict[str, str]:
    """Return the Flink configuration of the job.

    Parameters
    ----------
    config : JobConfig
        The job's settings.
    python : str
        Path of the interpreter that the operators run in.
    """
    return {
        "pipeline.name": config.name,
        "parallelism.default": str(config.parallelism),
        "pipeline.object-reuse": "true",
        "python.execution-mode": config.mode,
        "python.executable": python,
        "python.client.executable": python,
        # Process mode holds elements back to make bundles; ours are batches already.
        "python.fn-execution.bundle.size": "1",
        "execution.buffer-timeout.interval": f"{config.buffer_timeout_ms} ms",
        "execution.checkpointing.interval": f"{config.checkpoint_interval_ms} ms",
        # For the state, with either guarantee of the output: histories must not count a replayed event twice.
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        # A label batch goes to the shards of a subtask one after the other, and must not be restored in parts.
        "execution.checkpointing.unaligned.enabled": "false",
        "execution.checkpointing.dir": config.checkpoint_dir,
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.incremental": "true",
        # By default a system call for each 4 kB: a checkpoint takes processor time from the live threads.
        "execution.checkpointing.write-buffer-size": str(CHECKPOINT_BUFFER_BYTES),
        "execution.checkpointing.timeout": f"{config.checkpoint_timeout_ms} ms",
        # A store that is away for a while must not cost the job its progress.
        "execution.checkpointing.tolerable-failed-checkpoints": str(config.tolerated_checkpoint_failures),
        "execution.checkpointing.num-retained": str(config.retained_checkpoints),
        "state.backend.type": config.state_backend,
        # Most customers and entities that are not in memory are new: without filters, each is searched for on disk.
        "state.backend.rocksdb.use-bloom-filter": "true",
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "1 s",
        # Without end: what the job waits for (a slot, the broker) comes back, and then a minute is long to wait.
        "restart-strategy.exponential-delay.max-backoff": "10 s",
        "restart-strategy.exponential-delay.reset-backoff-threshold": "1 min",
        # One phase: a local pre-aggregation would only copy the same records again.
        "table.optimizer.agg-phase-strategy": "ONE_PHASE",
        # All uids are ours, see `operator_uids`: an operator without one is an error.
        "table.exec.uid.generation": "DISABLED",
        "pipeline.auto-generate-uids": "false",
        "table.local-time-zone": "UTC",
    }
