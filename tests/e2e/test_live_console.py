"""`make console` as a reviewer meets it: a simulation that runs, a real Chromium, and the label on its topic.

With SCREENSHOTS=FOLDER it leaves the docs' pictures there: `make screenshots`.
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
from tests.e2e.own_settings import own_settings

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
        process = subprocess.Popen(  # noqa: S603  (our own command)
            [str(FRAUDSTREAM), "console", "--simulate", "--port", "0"],
            cwd=folder,
            env=own_settings(folder) | {"COLUMNS": "200"},
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


def picture(page: Any, name: str) -> None:
    if wanted := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(wanted) / f"console-{name}.png")


def test_a_reviewer_decides_on_an_alert_of_the_simulation_and_the_label_is_on_its_topic(page, url, folder):
    page.locator("[data-alert]").nth(11).wait_for()
    page.locator("[data-alert]").first.click()
    details = page.get_by_role("article", name="Alert")
    details.wait_for()
    details.get_by_text("Reading").wait_for(state="detached")
    picture(page, "alerts")
    alert_id = page.locator("[data-alert][aria-current]").get_attribute("data-alert")
    transaction_id = page.request.get(f"{url}/data/alerts/{alert_id}").json()["transaction_id"]
    assert transaction_id not in labels(folder)
    page.keyboard.press("f")
    page.locator(f'[data-alert="{alert_id}"]').wait_for(state="detached")

    assert labels(folder)[transaction_id] is True


def test_the_stream_is_drawn_while_it_flows(page, url):
    page.goto(f"{url}/#/stream")
    page.get_by_role("heading", name="Transactions a second").wait_for()

    def points() -> list[dict[str, float]]:
        return page.request.get(f"{url}/data/figures").json()["points"]

    assert wait_until(lambda: len(points()) >= 20, seconds=SHOWN_SECONDS, interval_s=1.0)
    assert all(point["transactions_per_s"] > 0 for point in points()[-10:])
    page.reload()
    page.get_by_role("img", name="Transactions a second").wait_for()
    picture(page, "stream")


@pytest.mark.parametrize(("view", "heading"), [("models", "Scoring now"), ("job", "Cluster")])
def test_the_views_have_what_runs(page, url, view, heading):
    page.goto(f"{url}/#/{view}")
    page.get_by_role("heading", name=heading).wait_for()
