"""Entry point of the measurements: runs one, writes its results and prints one JSON object as the last line."""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from rich.table import Table

from benchmarks.bench import ROOT, console
from benchmarks.measurements import MEASUREMENTS, Measurement, find_measurement
from benchmarks.quietness import QuietnessWatch
from benchmarks.report import Report, figure_text
from fraudstream.settings.former_names import WORDS
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.interrupts import terminate_as_interrupt
from schemas.errors import UserError

RESULTS = PROJECT_ROOT / "benchmarks" / "results"


def main(line: Sequence[str]) -> None:
    """Run the measurement named first on the command line; list all with `ls`.

    Raises
    ------
    SystemExit
        A promise that the measurement checks does not hold, or the machine was no longer quiet at its end.
    UserError
        There is no such measurement, or the machine is busy.
    """
    if not line or line[0] in ("ls", "-h", "--help"):
        print_measurements()
        return
    name, *options = line
    current = WORDS["bench"].get(name, name)
    if current != name:
        console.print(f"{name} is now called {current}; the former name is removed in the next release.")
    measurement = find_measurement(current)
    suite = measurement.suite
    given = vars(option_parser(measurement, suite).parse_args(options))
    folder, as_json, busy = given.pop("results"), given.pop("json"), given.pop("busy")
    terminate_as_interrupt()
    ROOT.mkdir(parents=True, exist_ok=True)
    watch = None if given["brief"] else QuietnessWatch()
    if watch and not busy:
        watch.require_quiet()
    report = suite(**given)
    quietness = watch.end() if watch else None
    refused = [] if busy or quietness is None else quietness.disturbances
    files = [] if refused else report.write(folder, quietness)
    if not as_json:
        report.show(console)
        for file in files:
            console.print(f"Written: {file}", soft_wrap=True)
    print(json.dumps(report.figures))
    if refused:
        refused.append("Nothing was written: repeat it, or add --busy.")
    if report.broken or refused:
        sys.exit("\n".join([*report.broken, *refused]))


def print_measurements() -> None:
    """Print the table of the measurements."""
    table = Table(box=None)
    for heading in ("name", "measures", "needs", "results"):
        table.add_column(heading)
    for row in MEASUREMENTS:
        table.add_row(row.name, row.measures, "broker, cluster" if row.needs_stack else "", row.results)
    console.print(table)
    console.print("\nOptions of each: `python -m benchmarks NAME --help`.")


def option_parser(measurement: Measurement, suite: Callable[..., Report]) -> argparse.ArgumentParser:
    """Return the parser of a measurement's options, with the defaults of its suite function."""
    parser = argparse.ArgumentParser(prog=f"fraudstream bench {measurement.name}", description=measurement.measures)
    parser.add_argument("--brief", action="store_true", help="everything once and small: to see that it works")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    for name, text in measurement.options.items():
        default = inspect.signature(suite).parameters[name].default
        flag, shown = f"--{name.replace('_', '-')}", figure_text(default) or "none"
        parser.add_argument(flag, type=type(default), default=default, help=f"{text} (default: {shown})")
    return parser


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (UserError, RuntimeFailure) as failure:
        sys.exit(str(failure))
    except KafkaException as failure:
        sys.exit(f"the broker did not answer as expected: {failure.args[0].str()}")
    except KeyboardInterrupt:
        sys.exit(130)
