"""`make console` as a reviewer uses it: a running simulation, a real Chromium, and the label on its topic.

With SCREENSHOTS=FOLDER it writes the screenshots of the docs there: `make screenshots`.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.settings.settings import PathSettings, Settings
from fraudstream.system.deadline import wait_until
from schemas.avro_schemas import LABEL
from schemas.codec import RecordCodec
from schemas.registry import value_subject
from tests.chromium import chromium, needs_chromium
from tests.e2e.clean_environment import clean_environment

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(900),
    needs_chromium,
]

FRAUDSTREAM = Path(sys.executable).parent / "fraudstream"
STARTED_SECONDS, SHOWN_SECONDS = 600, 180
PICTURE = {"width": 1180, "height": 760}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    log = folder / "console.log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  (a command of this project)
            [str(FRAUDSTREAM), "console", "--simulate", "--port", "0"],
            cwd=folder,
            env=clean_environment(folder) | {"COLUMNS": "200"},
            stdout=file,
            stderr=file,
        )

    def addresses() -> list[str]:
        assert process.poll() is None, log.read_text()
        return re.findall(r"Console +(http://\S+)", log.read_text())

    try:
        assert wait_until(lambda: bool(addresses()), seconds=STARTED_SECONDS), log.read_text()
        yield addresses()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="module")
def page(url: str) -> Iterator[Any]:
    with chromium() as browser:
        opened = browser.new_page(viewport=PICTURE)
        opened.set_default_timeout(SHOWN_SECONDS * 1_000)
        opened.goto(url)
        yield opened


def labels(folder: Path) -> dict[str, bool]:
    settings = Settings(paths=PathSettings(state=folder / "state" / "demo" / "live"))
    topic = settings.topics.labels
    decode = RecordCodec(LABEL, value_subject(topic), registry_of(settings)).decode
    found = [decode(message.value()) for message in read_topic(Broker.of(settings), topic)]
    return {label["transaction_id"]: label["is_fraud"] for label in found}


def screenshot(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"console-{name}.png")


def test_review_of_an_alert_puts_a_label_on_its_topic(page, url, folder):
    page.locator("[data-alert]").nth(11).wait_for()
    page.locator("[data-alert]").first.click()
    details = page.get_by_role("article", name="Alert")
    details.wait_for()
    details.get_by_text("Reading").wait_for(state="detached")
    screenshot(page, "alerts")
    alert_id = page.locator("[data-alert][aria-current]").get_attribute("data-alert")
    transaction_id = page.request.get(f"{url}/data/alerts/{alert_id}").json()["transaction_id"]
    assert transaction_id not in labels(folder)
    page.keyboard.press("f")
    page.locator(f'[data-alert="{alert_id}"]').wait_for(state="detached")

    assert labels(folder)[transaction_id] is True


def test_stream_chart_is_updated_live(page, url):
    page.goto(f"{url}/#/stream")
    page.get_by_role("heading", name="Transactions a second").wait_for()

    def points() -> list[dict[str, float]]:
        return page.request.get(f"{url}/data/figures").json()["points"]

    assert wait_until(lambda: len(points()) >= 20, seconds=SHOWN_SECONDS, interval_s=1.0)
    assert all(point["transactions_per_s"] > 0 for point in points()[-10:])
    page.reload()
    page.get_by_role("img", name="Transactions a second").wait_for()
    screenshot(page, "stream")


@pytest.mark.parametrize(("view", "heading"), [("models", "Scoring now"), ("job", "Cluster")])
def test_views_show_the_running_job(page, url, view, heading):
    page.goto(f"{url}/#/{view}")
    page.get_by_role("heading", name=heading).wait_for()
