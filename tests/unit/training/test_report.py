"""Report of an evaluation."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from models.training.evaluate import evaluate_prepared, prepare
from models.training.report import evaluation_report, render, scenario_recall, write_report
from models.training.report_charts import Measured
from tests.unit.training.evaluation_folds import SMALL, settings
from tests.unit.training.histories import history_file


@pytest.fixture(scope="module")
def report():
    prepared = prepare(history_file(), settings(), lambda *_: None)
    return evaluation_report(evaluate_prepared(prepared, SMALL, settings()))


class Outside(HTMLParser):
    """Parser that collects the external resources of a page."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.charts = 0

    def handle_starttag(self, tag, attrs):
        self.charts += tag == "figure"
        self.found += [value for name, value in attrs if name in {"src", "href"} or tag in {"script", "link"}]


def test_page_needs_no_other_file(report):
    page = Outside()
    page.feed(render(report))
    assert page.charts == 5
    assert [value for value in page.found if value and not value.startswith("#")] == []


def test_table_has_every_fold_and_both_means(report):
    assert [name for name, _ in report.rows] == [
        f"validation from {report.rows[0][0][-10:]}",
        "validation, mean",
        report.rows[2][0],
        report.rows[3][0],
        "test, mean",
    ]
    assert all(len(cells) == len(report.columns) for _, cells in report.rows)


def test_same_report_gives_the_same_file(report, tmp_path):
    for name in ("one", "two"):
        write_report(tmp_path / name / "report.html", report)
    assert (tmp_path / "one" / "report.html").read_bytes() == (tmp_path / "two" / "report.html").read_bytes()


def test_names_are_escaped(report):
    hostile = replace(report, title="<script>x</script>", importance={"<b>&": 1.0})
    page = render(hostile)
    assert "<script>" not in page
    assert "<b>&" not in page


def test_report_without_scenarios_has_no_scenario_chart(report):
    page = render(replace(report, measured=[replace(one, scenario=None) for one in report.measured]))
    assert "kind of fraud" not in page


def test_recall_by_scenario_is_measured_at_the_alert_rate():
    scores = np.linspace(0, 1, 200, dtype=np.float32)
    is_fraud = np.zeros(200, np.bool_)
    is_fraud[[197, 198, 199]] = True
    scenario = np.full(200, None, object)
    scenario[[197, 198, 199]] = ["spree", "spree", "burst"]
    one = Measured(
        name="a", period="test", event_time_ms=np.zeros(200, int), is_fraud=is_fraud, scores=scores, scenario=scenario
    )
    # 1 % of 200 are the first two: one spree and the burst.
    assert scenario_recall([one]) == {"burst": 1.0, "spree": 0.5}
