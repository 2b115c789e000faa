"""Table of the measurements: name, subject, suite function, options and results file."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from benchmarks.report import Report
from schemas.errors import UserError

EVENTS = {"events": "records of each drain"}
SEED = {"seed": "seed of the simulated world"}


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One measurement: a suite function, found by the measurement's name.

    Attributes
    ----------
    name : str
        Name on the command line and of the results; the suite is the function `run` of the module of that name in
        `benchmarks.suites`.
    measures : str
        One line for the list.
    needs_stack : bool
        Whether it starts a broker and a cluster.
    options : mapping of str to str
        Help text of each option besides `--brief`; the default is the suite function's.
    """

    name: str
    measures: str
    needs_stack: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def results(self) -> str:
        """Name of the results file."""
        return f"{self.name}.json"

    @property
    def suite(self) -> Callable[..., Report]:
        """Suite function: takes `brief` and the options by keyword, returns a report."""
        module = import_module(f"benchmarks.suites.{self.name.replace('-', '_')}")
        run: Callable[..., Report] = module.run
        return run


MEASUREMENTS: Sequence[Measurement] = (
    Measurement(name="overview", measures="Draining rate compared with a plain loop, and time to an alert"),
    Measurement(name="throughput", measures="Draining a filled topic, in turns with a plain loop; cold start"),
    Measurement(name="latency", measures="Publish to alert at 5,000/s and at half of the sustainable rate"),
    Measurement(name="buffers", measures="Publish to alert at 5,000/s, by network buffers, batch time and shards"),
    Measurement(name="baselines", measures="Draining a topic with other engines, checked against the oracle"),
    Measurement(name="stages", measures="Time of an event by stage, with a flame graph"),
    Measurement(name="scale", measures="Rate by customers, batch time, trees and state backend"),
    Measurement(
        name="scaling", measures="Entity events by shards; TaskManagers, with the model to 1 M/s; a million merchants"
    ),
    Measurement(
        name="endurance",
        measures="Soak at 70 % of the sustainable rate, overload at 200 %, recovery",
        options={"soak_minutes": "length of the soak", "overload_minutes": "length of the overload"},
    ),
    Measurement(name="labels", measures="Draining with and without labels", options=EVENTS),
    Measurement(name="poison", measures="Draining with and without bad records", options=EVENTS),
    Measurement(name="skew", measures="Draining with a hot customer, and a hot merchant; engine cost", options=EVENTS),
    Measurement(name="hot-swap", measures="Publish to alert while models are swapped"),
    Measurement(
        name="scoring-api",
        measures="Latency of POST /v1/score under Locust",
        options={"rate": "requests a second", "seconds": "length of the measurement, after the ramp-up"},
    ),
    Measurement(name="features", measures="Feature engine by batch size; size of the state", needs_stack=False),
    Measurement(name="entities", measures="Live features of merchants and devices, an event", needs_stack=False),
    Measurement(name="decoding", measures="Decoding a batch, clean and with bad records", needs_stack=False),
    Measurement(name="challengers", measures="Scoring with up to two challengers", needs_stack=False),
    Measurement(name="rules", measures="Evaluating 20 rules", needs_stack=False),
    Measurement(name="list-entries", measures="Reading and matching 100,000 list entries", needs_stack=False),
    Measurement(name="reasons", measures="Reason codes of an alert", needs_stack=False),
    Measurement(name="drift-cost", measures="Drift detection per event", needs_stack=False),
    Measurement(
        name="drift",
        measures="Scorecard of the drift detectors on seeded scenarios",
        needs_stack=False,
        options={"seed": "seed of the simulated worlds"},
    ),
    Measurement(
        name="label-delays",
        measures="Average precision where genuine labels come late",
        needs_stack=False,
        options=SEED,
    ),
    Measurement(
        name="worlds",
        measures="Recall of the default model in several simulated worlds, by kind of fraud",
        needs_stack=False,
        options={"worlds": "number of worlds, seeds from 1 on", "days": "length of each, days"},
    ),
    Measurement(
        name="targets",
        measures="AUC, precision at 90 % recall and value caught of the default model, simulated and on the Handbook",
        needs_stack=False,
        options={**SEED, "handbook": "Parquet file of the Handbook's data; left out where none is named"},
    ),
    Measurement(
        name="commits",
        measures="A measurement of this clone and of an earlier commit, in turns",
        options={
            "commit": "earlier commit or tag",
            "measurement": "name of the measurement, and options that both know",
            "turns": "runs of each",
        },
    ),
)


def find_measurement(name: str) -> Measurement:
    """Return the measurement of a name; underscores count as hyphens.

    Raises
    ------
    UserError
        There is none of this name.
    """
    by_name = {measurement.name: measurement for measurement in MEASUREMENTS}
    wanted = name.replace("_", "-")
    if wanted not in by_name:
        close = difflib.get_close_matches(wanted, by_name, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UserError(
            f"expected the name of a measurement, got {name!r}. {hint}List them with `fraudstream bench ls`."
        )
    return by_name[wanted]
