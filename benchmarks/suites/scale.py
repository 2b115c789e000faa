"""Rates along several axes."""

from collections.abc import Callable, Mapping

from benchmarks.axes import batch_time, customers, state_backends, trees
from benchmarks.axes.axis import Axis, report_of_axes
from benchmarks.bench import bench_model, bench_settings
from benchmarks.report import Report
from fraudstream.settings.settings import Settings

AXES: Mapping[str, Callable[[Settings, bool], Axis]] = {
    "customers": customers.run,
    "batch_ms": batch_time.run,
    "trees": trees.run,
    "state_backends": state_backends.run,
}


def run(brief: bool = False) -> Report:
    """Measure along each axis, on stacks of its own."""
    settings = bench_settings(bench_model())
    workload = (
        "A job drains a filled topic at each point. By customers: on RocksDB with incremental checkpoints every "
        f"{settings.job.checkpoint_interval_s:g} s, the rate when nearly all customers have a history. Otherwise "
        "as shipped, 10,000 customers, the rate between a quarter and nine tenths of the drain. Broker, load and "
        "reader share the machine."
    )
    return report_of_axes("scale", workload, AXES, settings, brief=brief)
