"""Reports of measurements."""

import json
import platform

from benchmarks.chart import Chart
from benchmarks.report import Report, Section

REPORT = Report(
    suite="throughput",
    workload="Each drains the same topic.",
    figures={"ratio": 2.5},
    raw={"rates": [10, 30]},
    sections=[Section(title="Draining", columns=("who", "events/s"), rows=[("job", "20")])],
    charts=[
        Chart(title="Rates", x="events/s", bars={"job": [10, 30], "loop": [8]}),
        Chart(title="Growth", x="customers", y="events/s", lines={"job": [(1, 2), (10, 3)]}, x_scale="log"),
    ],
)


def test_report_is_written_as_json_markdown_and_chart(tmp_path):
    data, text, picture = REPORT.write(tmp_path / "results")
    content = json.loads(data.read_text())
    assert content["figures"] == {"ratio": 2.5}
    assert content["raw"] == {"rates": [10, 30]}
    assert content["machine"]["versions"]["apache-flink"] == "2.3.0"
    assert "| who | events/s |\n| --- | ---: |\n| job | 20 |" in text.read_text()
    assert f"![throughput]({picture.name})" in text.read_text()
    drawn = picture.read_text()
    assert all(word in drawn for word in ("Rates", "loop", "Growth", "customers"))


def test_report_names_neither_the_machine_nor_a_path_on_it(tmp_path):
    for file in REPORT.write(tmp_path):
        assert platform.node() not in file.read_text()
        assert str(tmp_path) not in file.read_text()


def test_report_without_charts_has_no_image(tmp_path):
    report = Report(suite="overview", workload="", figures={}, raw={}, sections=[])
    assert [file.name for file in report.write(tmp_path)] == ["overview.json", "overview.md"]
    assert "![" not in (tmp_path / "overview.md").read_text()
