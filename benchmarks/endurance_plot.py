from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.load_phases import Phase
from models.training.report_charts import STYLE


def draw(path: Path, phases: Mapping[str, Phase]) -> None:
    """Draw memory by process, and the lag, over the phases' time, one column a phase."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 5), layout="constrained")
        axes = figure.subplots(2, len(phases), sharey="row", squeeze=False)
        for (memory, lag), (name, phase) in zip(axes.T, phases.items(), strict=True):
            begun = phase.looks[0].at_s
            minutes = [(look.at_s - begun) / 60 for look in phase.looks]
            for process in phase.ended.resident_mb:
                memory.plot(minutes, [look.resident_mb.get(process, 0) for look in phase.looks], label=process)
            lag.plot(minutes, [look.lag / 1e6 for look in phase.looks], color="#c8601a")
            for axis in (memory, lag):
                axis.axvline((phase.ended.at_s - begun) / 60, color="#9aa3ad", linestyle=":")
            memory.set_title(f"{name}: {phase.rate:,.0f} transactions a second until the dotted line", fontsize=10)
            lag.set_xlabel("minutes")
        axes[0][0].set_ylabel("resident MB")
        axes[0][0].legend(frameon=False, fontsize=8)
        axes[1][0].set_ylabel("million not scored")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})
