"""Rate by size of the model."""

from pathlib import Path

from benchmarks.axes.axis import BRIEF_EVENTS, CUSTOMERS, Axis, fill, transactions, with_topics
from benchmarks.bench import ROOT, bench_history, console
from benchmarks.chart import Chart
from benchmarks.drain import job_rate
from benchmarks.report import Section
from fraudstream.devstack.stack import embedded
from fraudstream.settings.settings import ModelSettings, Settings
from models.training.fit import LearnerSettings
from models.training.learners.lightgbm_trees import LightGbm
from models.training.train import train
from models.training.training_settings import TrainingSettings

EVENTS = 300_000


def run(settings: Settings, brief: bool) -> Axis:
    """Drain with each model, after a drain to warm up."""
    tried = (50, 100) if brief else (100, 300, 1_000)
    models = {trees: _model(trees) for trees in tried}
    table, rates = transactions(CUSTOMERS, BRIEF_EVENTS if brief else EVENTS), dict[int, float]()
    with embedded(settings) as services:
        fill(with_topics(services, "trees", "trees"), table)
        for turn, trees in enumerate((tried[0], *tried)):
            own = with_topics(services, "trees", f"trees-{turn}")
            own = own.with_settings(model=ModelSettings(artifact=models[trees]))
            with console.status(f"{trees} trees"):
                rates[trees] = job_rate(own, len(table))
    return Axis(
        figures={"events_per_s_by_trees": {str(trees): round(rate) for trees, rate in rates.items()}},
        raw=[{"trees": trees, "events_per_s": rate} for trees, rate in rates.items()],
        section=Section(
            title="Trees of the model",
            columns=("trees", "events/s"),
            rows=[(f"{trees:,}", f"{rate:,.0f}") for trees, rate in rates.items()],
        ),
        charts=[Chart(title="Rate by trees", x="trees", y="events/s", lines={"job": list(rates.items())})],
    )


def _model(trees: int) -> Path:
    """Train a model of `trees` trees, at a rate that falls with their number."""
    folder = ROOT / f"model-{trees}-trees"
    learner = LearnerSettings(trees=trees, rate=10 / trees)
    with console.status(f"training a model of {trees} trees"):
        train(bench_history(), folder, TrainingSettings(seed=1), learner=LightGbm(settings=learner))
    return folder
