"""The commands of the tutorial on a realistic CSV."""

import os
from pathlib import Path

import pyarrow.csv as pa_csv
import pytest

from fraudstream.system.folders import PROJECT_ROOT
from tests.markdown import blocks
from tests.page_commands import run_commands
from tests.unit.training.histories import history

pytestmark = pytest.mark.integration

PAGE = (PROJECT_ROOT / "docs" / "tutorial.md").read_text()


def write_csv(path: Path) -> None:
    """Write the simulated history with the column names of the tutorial."""
    rows = history().to_pandas()
    named = {
        "id": rows["transaction_id"],
        "card": rows["customer_id"],
        "shop": rows["merchant_id"],
        "kind_of_shop": rows["merchant_category"],
        "channel": rows["transaction_type"],
        "amount": rows["amount_minor"] / 100,
        "currency": rows["currency"],
        "paid_at": rows["event_time"].map(lambda time: time.isoformat()),
        "fraud": rows["is_fraud"].astype(int),
        "reported_at": rows["label_time"].map(lambda time: time.isoformat()),
    }
    rows.assign(**named)[list(named)].to_csv(path, index=False)


def run(lines: str, folder: Path) -> str:
    """Run a block of the tutorial in a folder, without settings of the user."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRAUDSTREAM_")}
    cache = {name: value for name, value in os.environ.items() if name == "FRAUDSTREAM_CACHE"}
    return run_commands(lines, folder, inherited | cache, timeout=180)


@pytest.fixture
def folder(tmp_path: Path):
    write_csv(tmp_path / "payments.csv")
    yield tmp_path
    run("fraudstream down", tmp_path)


def test_csv_of_the_page_has_the_columns_of_the_test(folder):
    example = next(code for language, code in blocks(PAGE) if language == "csv")
    (folder / "example.csv").write_text(example)
    written = pa_csv.read_csv(folder / "payments.csv")
    assert pa_csv.read_csv(folder / "example.csv").column_names == written.column_names


def test_commands_of_the_tutorial_lead_to_alerts_from_the_csv(folder):
    outputs = [run(code, folder) for language, code in blocks(PAGE) if language == "bash"]
    alerts = next(text for text in outputs if "REVIEW" in text or "BLOCK" in text)
    ours = set(history()["customer_id"].to_pylist())
    assert any(customer in alerts for customer in ours)
