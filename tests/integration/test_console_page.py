"""The console's page in a real Chromium, as a reviewer uses it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudstream.control.control_topic import read_snoozes
from fraudstream.system.deadline import wait_until
from schemas.avro_schemas import ALERT
from tests.chromium import chromium, needs_chromium
from tests.integration.console_process import console_process
from tests.integration.console_records import labels, send
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S
from tests.unit.fraudstream.console.records import HOSTILE, alert

pytestmark = [pytest.mark.integration, needs_chromium]
PATIENT_MS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def lane(running) -> Lane:
    """Make a lane without a job, with three alerts."""
    lane = running.lane()
    send(lane, ALERT, lane.topics.alerts, *(alert(number) for number in range(3)))
    return lane


@pytest.fixture
def open_page(browser) -> Iterator[Any]:
    """Return a function that opens a page; the page must not fail or violate its content security policy."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def make(url: str, **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENT_MS)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        return page

    yield make
    for context in contexts:
        context.close()
    # A page may poll again after its server has ended.
    expected = ("401", "ERR_CONNECTION_REFUSED")
    assert [text for text in complaints if not any(word in text for word in expected)] == []


def row(page: Any, number: int) -> Any:
    return page.locator(f'[data-alert="a{number:03d}"]')


def test_new_alert_appears_and_its_review_is_a_label_on_the_topic(lane, open_page, tmp_path: Path):
    with console_process(lane, tmp_path / "log") as url:
        page = open_page(url)
        row(page, 2).wait_for()
        page.locator("#link.live").wait_for()
        send(lane, ALERT, lane.topics.alerts, alert(3))
        row(page, 3).click()
        page.get_by_role("article", name="Alert").get_by_text(HOSTILE).wait_for()
        assert page.locator("main img").count() == 0
        page.keyboard.press("f")
        assert wait_until(lambda: len(labels(lane)) == 1, seconds=PATIENCE_S)
        (label,) = labels(lane)
        assert (label["transaction_id"], label["is_fraud"]) == (alert(3)["transaction_id"], True)
        row(page, 3).wait_for(state="detached")
        page.locator('[data-alert="a002"][aria-current]').wait_for()  # the next is open already
        page.get_by_role("button", name="Genuine").click()
        row(page, 2).wait_for(state="detached")
        assert [label["is_fraud"] for label in labels(lane)].count(False) == 1


def test_customer_is_snoozed_from_the_alert(lane, open_page, tmp_path: Path):
    with console_process(lane, tmp_path / "log") as url:
        page = open_page(url)
        row(page, 2).click()
        page.get_by_role("button", name="Snooze 7 days").click()
        page.get_by_text(f"{alert(2)['customer_id']}: no reviews until").wait_for()
    assert [*read_snoozes(lane.broker)] == [alert(2)["customer_id"]]


def test_keys_search_and_views_work(lane, open_page, tmp_path: Path):
    with console_process(lane, tmp_path / "log") as url:
        page = open_page(url)
        row(page, 2).wait_for()
        page.keyboard.press("/")
        page.keyboard.type("a001")
        row(page, 2).wait_for(state="detached")
        assert row(page, 1).count() == 1
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.get_by_role("article", name="Alert").wait_for()
        for key, text in (("2", "Transactions a second"), ("3", "Scoring now"), ("4", "Cluster")):
            page.keyboard.press(key)
            page.get_by_role("heading", name=text).wait_for()


def test_page_fits_a_small_phone_and_dark_mode(lane, open_page, tmp_path: Path):
    shown = {}
    with console_process(lane, tmp_path / "log") as url:
        for scheme in ("light", "dark"):
            page = open_page(url, viewport={"width": 360, "height": 740}, color_scheme=scheme)
            row(page, 2).click()
            page.get_by_role("article", name="Alert").wait_for()
            for view in ("alerts", "stream", "models", "job"):
                page.goto(f"{url}/#/{view}")
                page.locator("main .panel").first.wait_for()
                assert page.evaluate("document.documentElement.scrollWidth") <= 360, view
            shown[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shown["light"] != shown["dark"]


def test_token_is_requested_and_kept_in_the_tab(lane, open_page, tmp_path: Path):
    token = "a-token-of-the-tests"
    with console_process(lane, tmp_path / "log", tokens=token) as url:
        page = open_page(url)
        page.locator("#token").fill(token)
        page.locator("#token").press("Enter")
        row(page, 2).wait_for()
        page.reload()
        row(page, 2).wait_for()
        assert page.context.cookies() == []
