"""What a merchant-keyed stage in front of the scoring operator would cost at least, see `merchant_stage_job`.

`python -m benchmarks.merchant_stage` prints one JSON object as last line: the share of its rate that the job keeps.
The stage is one of two ways to give the scorers what is known of merchants; the other, which the job takes, is to
send every label to every shard (`benchmarks.labels` has its price).
"""

import json
import sys
from pathlib import Path

from benchmarks.bench import ROOT, bench_model, bench_settings, console, publish
from benchmarks.drain import EVENTS, WORLD, drain_seconds, in_turns
from fraudstream.control.submit import SCRIPT
from fraudstream.devstack.stack import embedded
from fraudstream.system.failures import RuntimeFailure
from producers.simulate import simulate
from schemas.topics import Topics

STAGED = Path(__file__).parent / "merchant_stage_job.py"


def main() -> None:
    """Drain in turn and print the ratio."""
    ROOT.mkdir(parents=True, exist_ok=True)
    settings = bench_settings(bench_model())
    settings = settings.model_copy(update={"job": settings.job.model_copy(update={"labels": False})})
    with embedded(settings) as services:
        with console.status(f"filling the topic with {EVENTS:,} transactions"):
            publish(settings, services, simulate(WORLD).slice(0, EVENTS))

        def seconds_of(script: Path, turn: int) -> float:
            topics = Topics(scores=f"bench.scores.{turn}")
            own = settings.model_copy(update={"topics": topics})
            return drain_seconds(own, services, {topics.scores: EVENTS}, script)

        rates = in_turns(
            {
                "as shipped, without labels": lambda turn: seconds_of(SCRIPT, turn),
                "with the stage": lambda turn: seconds_of(STAGED, turn),
            },
            EVENTS,
        )
    without, staged = rates.values()
    print(json.dumps({"without": round(without), "with_stage": round(staged), "ratio": round(staged / without, 3)}))


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))
