"""Costs that decide how the job scales out: entity events by shards, TaskManagers, merchants and devices held."""

from collections.abc import Callable, Mapping

from benchmarks.axes import entities, entity_events, taskmanagers
from benchmarks.axes.axis import Axis, report_of_axes
from benchmarks.bench import bench_model, bench_settings
from benchmarks.report import Report
from fraudstream.settings.settings import Settings

AXES: Mapping[str, Callable[[Settings, bool], Axis]] = {
    "entity_events": entity_events.run,
    "taskmanagers": taskmanagers.run,
    "entities": entities.run,
}


def run(brief: bool = False) -> Report:
    """Measure along each axis, on stacks of its own."""
    workload = (
        "A job drains a filled topic at each point, after a drain to warm up. Rates and processor time are from the "
        "first score to the last, those by merchants and devices from two thirds on. The cost of an entity event is "
        "that of a device for each transaction. By TaskManagers, the model is fitted to the processor time of a "
        "transaction. Broker, load and reader share the machine."
    )
    return report_of_axes("scaling", workload, AXES, bench_settings(bench_model()), brief=brief)
