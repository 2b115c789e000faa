"""`fraudstream explore` in its isolated environment: the page of an archive and labels from a real broker."""

import json
import re
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.exploration.store import HERE
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.settings import load_settings
from fraudstream.system.failures import RuntimeFailure
from producers.publisher import Publisher
from schemas.avro_schemas import LABEL
from schemas.codec import RecordCodec
from schemas.columns import LABEL_ARROW
from schemas.registry import FileRegistry, value_subject
from tests.integration.expected import card_world
from tests.integration.inference_records import inference_records

pytestmark = [pytest.mark.integration, pytest.mark.long]

ROWS = 3_000
CHART = re.compile(r'<div class="scroll" data-chart="(\d+)">')
CHARTS = re.compile(r"^const charts = (.*);$", re.MULTILINE)
DRAW = """
import json, sys, vl_convert
print([len(vl_convert.vegalite_to_svg(chart)) for chart in json.load(open(sys.argv[1])) if chart])
"""
MIN_BYTES = 5_000
"""A smaller image has at most axes: drawing it failed."""
SECTION = re.compile(r'<section id="([^"]+)">')


def run(*line: str) -> dict:
    done = CliRunner().invoke(cli.app, [*line, "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def archive(lone_broker: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archive the inference topic, with labels in the labels topic, and point the command line at the broker."""
    folder = tmp_path_factory.mktemp("explore") / "archive"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRAUDSTREAM_PATHS__STATE", str(lone_broker))
        settings = load_settings()
        broker = Broker.of(settings)
        create_topics(broker)
        codec = RecordCodec(LABEL, value_subject(settings.topics.labels), FileRegistry())
        labels = card_world(ROWS).select(LABEL_ARROW.names).to_pylist()
        with Publisher(broker.bootstrap_servers) as publisher:
            publisher.publish(inference_records(ROWS), settings.topics.inference)
            records = [(row["customer_id"].encode(), codec.encode(row)) for row in labels]
            publisher.publish(records, settings.topics.labels)
            publisher.flush()
        assert run("archive", "--out", str(folder))["records"] == ROWS
        yield folder


def test_page_has_a_chart_of_every_query_and_no_external_resource(archive, tmp_path):
    query, page = tmp_path / "mine.sql", tmp_path / "new" / "page.html"
    query.write_text("SELECT '<script>alert(1)</script>' AS said, count(*) AS transactions FROM labelled")
    result = run("explore", str(archive), "--with-labels", "--query", str(query), "--out", str(page))
    text = page.read_text()
    queries = {file.stem for file in (HERE / "queries").glob("*.sql")}
    assert set(SECTION.findall(text)) == queries | {"mine"}
    assert len(CHART.findall(text)) == len(queries) - 1  # models are a table
    assert "Nothing to show" not in text
    assert f"<td>&lt;script&gt;alert(1)&lt;/script&gt;</td><td>{ROWS:,}</td>" in text
    assert "<script>alert" not in text
    assert re.findall(r"(?:src|href)=", text.partition("<script>")[0]) == []
    assert len(pq.read_table(result["labels"])) == ROWS
    assert Path(result["python"]).is_file()


def test_every_chart_can_be_drawn(archive, tmp_path):
    page, charts = tmp_path / "page.html", tmp_path / "charts.json"
    result = run("explore", str(archive), "--with-labels", "--out", str(page))
    charts.write_text(CHARTS.search(page.read_text())[1])
    done = subprocess.run([result["python"], "-c", DRAW, charts], capture_output=True, text=True, check=True)  # noqa: S603
    sizes = json.loads(done.stdout)
    assert len(sizes) == len(list((HERE / "queries").glob("*.sql"))) - 1
    assert min(sizes) > MIN_BYTES, done.stderr


def test_page_without_labels_names_the_missing_charts(archive, tmp_path):
    page = tmp_path / "page.html"
    run("explore", str(archive), "--out", str(page))
    assert page.read_text().count("Nothing to show") == 3


def test_failing_query_is_named_with_its_error(archive, tmp_path):
    query = tmp_path / "mine.sql"
    query.write_text("SELECT nothing FROM scored")
    with pytest.raises(RuntimeFailure, match=r'mine\.sql: Binder Error: Referenced column "nothing" not found'):
        run("explore", str(archive), "--query", str(query), "--out", str(tmp_path / "page.html"))
