"""Runs one suite: writes what it found under benchmarks/results/, and prints one JSON object as last line."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from confluent_kafka import KafkaException

from benchmarks.bench import ROOT, console
from benchmarks.report import Report
from benchmarks.suites import baselines, latency, overview, scale, stages, throughput
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.interrupts import terminate_as_interrupt
from schemas.errors import UserError

SUITES: Mapping[str, Callable[[bool], Report]] = {
    "overview": overview.run,
    "throughput": throughput.run,
    "latency": latency.run,
    "baselines": baselines.run,
    "stages": stages.run,
    "scale": scale.run,
}
"""Each is told whether to be brief: everything once and small, to see that it works; such figures mean nothing."""

RESULTS = PROJECT_ROOT / "benchmarks" / "results"


def main() -> None:
    """Run the suite that is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--brief", action="store_true", help="everything once and small: to see that it works")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    arguments = parser.parse_args()
    terminate_as_interrupt()
    ROOT.mkdir(parents=True, exist_ok=True)
    report = SUITES[arguments.suite](arguments.brief)
    report.show(console)
    for file in report.write(arguments.results):
        console.print(f"Written: {file}", soft_wrap=True)
    print(json.dumps(report.figures))


if __name__ == "__main__":
    try:
        main()
    except (UserError, RuntimeFailure) as failure:
        sys.exit(str(failure))
    except KafkaException as failure:
        sys.exit(f"the broker did not answer as expected: {failure.args[0].str()}")
    except KeyboardInterrupt:
        sys.exit(130)
