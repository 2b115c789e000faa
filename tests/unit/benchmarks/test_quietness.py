"""Speed of the machine, and what disturbs a measurement."""

import json
import multiprocessing
import time

import pytest

from benchmarks.__main__ import main
from benchmarks.quietness import MAX_OTHER_CORES, MAX_STEAL, Probe, Quietness, QuietnessWatch, probe
from benchmarks.report import Report
from fraudstream.system.deadline import wait_until
from schemas.errors import UserError
from tests.patience import PATIENCE_S

QUIET = Probe(2.0, 0.0)
BUSY = Probe(2.0, MAX_OTHER_CORES + 0.01)


def _loop(end: float) -> None:
    while time.monotonic() < end:
        pass


def test_process_that_loops_counts_as_a_busy_core():
    other = multiprocessing.get_context("fork").Process(target=_loop, args=(time.monotonic() + PATIENCE_S,))
    other.start()
    try:
        assert wait_until(lambda: probe().other_cores > 0.5, seconds=PATIENCE_S)
    finally:
        other.kill()
        other.join()


@pytest.mark.parametrize(
    ("quietness", "sentences"),
    [
        (Quietness(before=QUIET, after=QUIET, steal=MAX_STEAL), []),
        (Quietness(before=BUSY, after=QUIET, steal=0.0), ["cores busy, got 0.11"]),
        (Quietness(before=BUSY, after=BUSY, steal=0.0), ["cores busy, got 0.11", "cores busy, got 0.11"]),
        (Quietness(before=QUIET, after=QUIET, steal=0.05), ["stolen by the hypervisor, got 5.0%"]),
    ],
    ids=["quiet", "busy before", "busy before and after", "stolen"],
)
def test_each_disturbance_is_a_sentence(quietness, sentences):
    assert len(quietness.disturbances) == len(sentences)
    assert all(part in found for part, found in zip(sentences, quietness.disturbances, strict=True))


def test_measurement_does_not_begin_on_a_busy_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmarks.quietness.probe", lambda: BUSY)
    with pytest.raises(UserError, match=r"at most 0\.1 cores busy, got 0\.11\. Stop them, or add --busy"):
        main(["drift-cost", "--results", str(tmp_path)])


def test_results_of_a_machine_that_was_busy_at_the_end_are_printed_and_not_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    probes = iter([QUIET, BUSY])
    monkeypatch.setattr("benchmarks.quietness.probe", lambda: next(probes))
    with pytest.raises(SystemExit, match="Nothing was written: repeat it, or add --busy"):
        main(["drift-cost", "--results", str(tmp_path / "results")])
    assert json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not (tmp_path / "results").exists()


def test_report_states_the_speed_of_the_machine_and_what_disturbed_it(tmp_path):
    report = Report(suite="overview", workload="", figures={}, raw={}, sections=[])
    quietness = Quietness(before=QUIET, after=BUSY, steal=0.0)
    report.write(tmp_path, quietness)
    assert json.loads((tmp_path / "overview.json").read_text())["quietness"]["before"]["loop_ms"] == 2.0
    text = (tmp_path / "overview.md").read_text()
    assert "100,000 additions in Python: 2.00 ms before" in text
    assert "got 0.11" in text


def test_watch_gives_the_condition_before_and_after():
    found = QuietnessWatch().end()
    assert 0 < found.before.loop_ms < 1000
    assert 0 <= found.steal <= 1
