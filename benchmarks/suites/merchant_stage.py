"""Lower bound of the cost of a stage keyed by merchant in front of the scoring operator, see `merchant_stage_job`.

The stage is one of two ways to give the scorers the history of merchants; the job uses the other, which sends every
label to every shard (`labels` measures that).
"""

from pathlib import Path

from benchmarks import merchant_stage_job
from benchmarks.bench import bench_model, bench_settings, console, publish
from benchmarks.drain import BRIEF_EVENTS, EVENTS, TURNS, WORLD, drain_seconds, in_turns
from benchmarks.report import Report
from fraudstream.control.submit import SCRIPT
from fraudstream.devstack.stack import embedded
from producers.simulate import simulate
from schemas.topics import Topics

STAGED = Path(merchant_stage_job.__file__)


def run(brief: bool = False, *, events: int = EVENTS) -> Report:
    """Drain in turn with and without the stage."""
    events = min(events, BRIEF_EVENTS) if brief else events
    settings = bench_settings(bench_model())
    settings = settings.model_copy(update={"job": settings.job.model_copy(update={"labels": False})})
    with embedded(settings) as services:
        with console.status(f"filling the topic with {events:,} transactions"):
            publish(settings, services, simulate(WORLD).slice(0, events))

        def seconds_of(script: Path, turn: int) -> float:
            topics = Topics(scores=f"bench.scores.{turn}")
            own = settings.model_copy(update={"topics": topics})
            return drain_seconds(own, services, {topics.scores: events}, script)

        rates = in_turns(
            {
                "as shipped, without labels": lambda turn: seconds_of(SCRIPT, turn),
                "with the stage": lambda turn: seconds_of(STAGED, turn),
            },
            events,
            1 if brief else TURNS,
        )
    without, staged = rates.values()
    figures = {"without": round(without), "with_stage": round(staged), "ratio": round(staged / without, 3)}
    return Report.of_figures("merchant-stage", __doc__, figures)
