"""Rates along several axes."""

from collections.abc import Callable, Mapping

from benchmarks.axes import batch_time, customers, state_backends, taskmanagers, trees
from benchmarks.axes.axis import Axis
from benchmarks.bench import bench_model, bench_settings
from benchmarks.report import Report
from fraudstream.settings.settings import Settings

AXES: Mapping[str, Callable[[Settings, bool], Axis]] = {
    "customers": customers.run,
    "batch_ms": batch_time.run,
    "taskmanagers": taskmanagers.run,
    "trees": trees.run,
    "state_backends": state_backends.run,
}


def run(brief: bool = False) -> Report:
    """Measure along each axis, on stacks of its own."""
    settings = bench_settings(bench_model())
    found = {name: measure(settings, brief) for name, measure in AXES.items()}
    return Report(
        suite="scale",
        workload=(
            "A job drains a filled topic at each point. By customers: on RocksDB with incremental checkpoints every "
            f"{settings.job.checkpoint_interval_s:g} s, the rate when nearly all customers have a history. Otherwise "
            "as shipped, 10,000 customers, the rate between a quarter and nine tenths of the drain. Broker, load and "
            "reader share the machine."
        ),
        figures={name: figure for axis in found.values() for name, figure in axis.figures.items()},
        raw={name: axis.raw for name, axis in found.items()},
        sections=[axis.section for axis in found.values()],
        charts=[chart for axis in found.values() for chart in axis.charts],
    )
