"""Declared columns and features of imported transactions, through a real job."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.artifact import ArtifactError
from producers.encoding import encode_transactions
from schemas.avro_schemas import INFERENCE
from schemas.columns import TRANSACTION_ARROW, read_history
from schemas.declaration.declaration_file import read_declaration
from schemas.declaration.with_declared import with_declared
from schemas.registry import FileRegistry
from tests.integration.expected import card_world
from tests.integration.upgraded_jobs import ensure_slots
from tests.integration.verify_command import command, consistency
from tests.unit.schemas.declaration.declarations import written
from tests.unit.training.aggregate_histories import NAMES, TABLES, folder, model
from tests.unit.training.declared_histories import with_columns

pytestmark = pytest.mark.integration

ROWS = 3_000
CARDS = 3

MAP = """
[transaction]
transaction_id = "transaction_id"
customer_id = "card"
merchant_id = "merchant_id"
merchant_category = "merchant_category"
transaction_type = "transaction_type"
amount_minor = { column = "amount_minor", unit = "minor" }
currency = "currency"
device_id = "device_id"
latitude = "latitude"
longitude = "longitude"
event_time = "event_time"
is_fraud = "is_fraud"
label_time = "label_time"

[columns]
risk = { kind = "number", column = "Risiko" }
entry_mode = "category"
declined = "flag"
ip = "text"
opened = "time"

[entities]
ip = "ip"
"""


@pytest.fixture
def declaration_file(tmp_path) -> Path:
    """Write the map of a file, which declares its further columns too."""
    path = tmp_path / "payments.map.toml"
    path.write_text(MAP + TABLES)
    return path


def imported(folder: Path, declaration_file: Path) -> Path:
    """Write a CSV file with names of its own, and import it."""
    table = with_columns(card_world(ROWS), seed=5).drop_columns(["scenario"])
    modes = table["entry_mode"].to_pylist()
    modes[:3] = ["never seen in training"] * 3
    table = table.set_column(table.schema.get_field_index("entry_mode"), "entry_mode", pa.array(modes))
    names = {"customer_id": "card", "risk": "Risiko"}
    table = table.rename_columns([names.get(name, name) for name in table.column_names])
    pv.write_csv(table, folder / "payments.csv")
    file, out = str(folder / "payments.csv"), folder / "imported"
    done = command("import", file, "--map", str(declaration_file), "--out", str(out), "--json")
    assert done.exit_code == 0, done.output
    return out / "transactions.parquet"


def send(file: Path, begin: int, end: int) -> None:
    """Send some rows of an imported file with the command."""
    part = file.with_name(f"rows-{begin}.parquet")
    pq.write_table(pq.read_table(file).slice(begin, end - begin), part)
    sent = command("replay", str(part), "--with-labels", "--json")
    assert sent.exit_code == 0, sent.output


@pytest.mark.parametrize("mode", ["thread", pytest.param("process", marks=pytest.mark.long)])
def test_job_scores_with_imported_columns_as_offline(
    open_lane, point_at, monkeypatch, tmp_path, declaration_file, mode
):
    file, declaration = imported(tmp_path, declaration_file), read_declaration(declaration_file)
    assert declaration.hash == model().row_columns.declaration
    lane = open_lane(model=folder() / "model", declaration=declaration_file, feature_log_share=1, mode=mode)
    point_at(lane)
    monkeypatch.setenv("FRAUDSTREAM_JOB__DECLARATION", str(declaration_file))
    send(file, 0, ROWS // 2)
    table = read_history(file, with_declared(TRANSACTION_ARROW, declaration))
    long = table.slice(0, 1).select(TRANSACTION_ARROW.names).append_column("ip", pa.array(["1" * 300]))
    lane.send_raw([*encode_transactions(long, FileRegistry(), "t-value", declaration=declaration)])
    rules = tmp_path / "rules.toml"
    rules.write_text(f'[rules.own]\nwhen = "ip_cards_24h >= {CARDS}"\naction = "review"\n')
    assert command("rules", "apply", str(rules), "--wait", "0").exit_code == 1, "no job runs yet that could answer"
    lane.submit()
    lane.await_scores(ROWS // 2)
    lane.kill_taskmanagers()
    ensure_slots(lane, 1)
    send(file, ROWS // 2, ROWS)
    lane.await_scores(ROWS)
    lane.await_records(lane.topics.inference, ROWS)
    lane.await_records(lane.topics.dead_letters, 1)

    code, found = consistency(model=folder() / "model")
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, ROWS)
    assert (found["unrecorded"], found["entities_uncertain"]) == (0, {})
    logged = {record["transaction_id"]: record["features"] for record in lane._read(INFERENCE, lane.topics.inference)}
    times_ms = table["event_time"].cast(pa.int64()).to_numpy()
    own = np.array([logged[name] for name in table["transaction_id"].to_pylist()], np.float32)[:, len(FEATURES) :]
    assert all(len(np.unique(column)) > 1 for column in own[:, -len(NAMES) :].T), "declared features take part"
    for number, encoding in enumerate(model().row_columns.encodings):
        offline = encoding.of(table[encoding.name].combine_chunks(), times_ms)
        assert own[:, number].tobytes() == offline.tobytes()
        assert len(np.unique(offline)) > 2, encoding.name
    letters = lane.dead_letters()  # the kill may repeat it
    (letter,) = {(item["partition"], item["offset"]): item for item in letters}.values()
    assert letter["reason"] == "INVALID_TEXT"
    assert "as ip, got" in letter["detail"]
    cards = {name: features[len(features) - len(NAMES)] for name, features in logged.items()}
    alerts = lane.alerts()
    by_rule = [item["reasons"][0]["code"] == "rule:own" for item in alerts]
    # Scored again after the kill, a transaction may meet those of other customers in another sequence.
    assert by_rule == [item["features"]["ip_cards_24h"] >= CARDS for item in alerts]
    assert {name for name, value in cards.items() if value >= CARDS} <= {item["transaction_id"] for item in alerts}
    assert any(by_rule)
    alert = alerts[0]
    names = {*FEATURE_NAMES, "risk", "entry_mode", "declined", "opened", *NAMES}
    assert alert["features"].keys() == names
    explained = command("explain", alert["alert_id"], "--model", str(folder() / "model"), "--json")
    assert json.loads(explained.stdout.splitlines()[-1])["same"], explained.output

    archive = tmp_path / "archive"
    assert command("archive", "--out", str(archive)).exit_code == 0
    code, found = consistency("--archive", str(archive), "--json", model=folder() / "model")
    assert (code, found["compared"]) == (0, ROWS)


def test_model_of_another_declaration_is_refused_at_submit(open_lane, tmp_path):
    assert model().row_columns.aggregates
    other = tmp_path / "other.toml"
    other.write_text('[columns]\nrisk = "flag"\n')
    for declaration in (None, other, written(tmp_path)):
        with pytest.raises(ArtifactError, match=r"expected the declaration .* that it was trained with, got"):
            open_lane(model=folder() / "model", declaration=declaration).submit()
