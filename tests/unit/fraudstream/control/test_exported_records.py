"""Records of customers and entities in a state export."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.control.export_manifest import ExportManifest
from fraudstream.control.exported_records import customer_record, entity_record
from jobs.operators.entity_state import signed
from jobs.shards import customer_bucket, entity_buckets
from jobs.state_files import CUSTOMERS, ENTITIES, StateEntry, state_file, write_entries
from models.features.engine import FeatureEngine
from models.features.entities.entity_engine import EntityEngine
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_labels import EntityLabels, labels_by_entity
from models.features.entities.entity_layout import ENTITY_LAYOUT
from models.features.label_batch import LabelBatch
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from schemas.errors import UserError
from tests.unit.fraudstream.control.exported_state import STATE
from tests.unit.training.histories import history

ROWS, SHARDS = 300, 2
TABLE = history().slice(0, ROWS)
FIRST = TABLE.to_pylist()[0]
(RECORDS,) = TABLE.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
(LABELLED,) = TABLE.select(LABEL_ARROW.names).combine_chunks().to_batches()


def customers() -> list[StateEntry]:
    """Return the entries of the customers in the first transactions, all of which have labels."""
    engine = FeatureEngine(load=lambda _key: None)
    engine.learn(LabelBatch.of(LABELLED))
    batch = engine.advance(RECORDS)
    engine.remember(batch, np.full(ROWS, 0.25, np.float32))
    found = (("histories", engine.records(batch.customers)), ("customer_labels", engine.pop_changed_labels()))
    return [
        StateEntry(handle, customer_bucket(name), name, raw)
        for handle, entries in found
        for name, raw in entries.items()
    ]


def entities() -> list[StateEntry]:
    """Return the entries of their merchants and devices."""
    engine, known = EntityEngine(ENTITY_LAYOUT, load=lambda _key: None), EntityLabels(load=lambda _key: None)
    engine.advance(entity_events(RECORDS))
    known.learn(labels_by_entity(LabelBatch.of(LABELLED))[0])
    found = (("entities", engine.records(engine.changed())), ("labels", known.pop_changed()))
    return [
        StateEntry(handle, int(entity_buckets(np.array([key], np.uint64))[0]), str(signed(key)), raw)
        for handle, records in found
        for key, raw in records.items()
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return an export of two shards of customers and one of entities."""
    folder = tmp_path_factory.mktemp("export")
    found = customers()
    for index in range(SHARDS):
        mine = [entry for entry in found if entry.bucket % SHARDS == index]
        write_entries(state_file(folder, CUSTOMERS, index), mine, {})
    write_entries(state_file(folder, ENTITIES, 0), entities(), {})
    ExportManifest(savepoint="/s", state=STATE, files={}, entries={}).write(folder)
    return folder


def test_every_customer_is_found_with_all_transactions_and_labels(folder):
    rows = pa.Table.from_pylist(TABLE.to_pylist()).group_by("customer_id").aggregate([("amount_minor", "count")])
    for row in rows.to_pylist():
        found = customer_record(folder, row["customer_id"])
        assert found is not None
        assert len(found["transactions"]) == len(found["labels"]) == row["amount_minor_count"]
        assert found["transactions"][0]["score"] == 0.25
        assert found["expires_at"] > found["transactions"][-1]["event_time"]


@pytest.mark.parametrize("name", ["merchant", "device"])
def test_every_merchant_and_device_is_found(folder, name):
    values = [value for value in TABLE[f"{name}_id"].to_pylist() if value is not None]
    for value in dict.fromkeys(values):
        found = entity_record(folder, name, value)
        assert found is not None
        assert found["recent_events"] == min(32, values.count(value))
        assert all(feature.startswith(name) for feature in found["features"])
        assert "labels" in found


def test_unknown_names_have_no_record(folder):
    assert customer_record(folder, "nobody") is None
    assert entity_record(folder, "merchant", "nowhere") is None


def shown(*arguments: str):
    return CliRunner().invoke(app, ["state", "show", *arguments])


@pytest.mark.parametrize(("option", "column"), [(None, "customer_id"), ("--merchant", "merchant_id")])
def test_command_shows_tables_or_json(folder, option, column):
    words = [option, FIRST[column]] if option else [FIRST[column]]
    tables, as_json = shown(str(folder), *words), shown(str(folder), *words, "--json")
    assert (tables.exit_code, as_json.exit_code) == (0, 0)
    assert FIRST[column] in tables.output
    assert json.loads(as_json.output)[column] == FIRST[column]


@pytest.mark.parametrize("words", [[], ["c1", "--merchant", "m1"], ["--merchant", "m1", "--device", "d1"]])
def test_command_expects_one_name(folder, words):
    refused = shown(str(folder), *words).exception
    assert isinstance(refused, UserError)
    assert "expected one of CUSTOMER, --merchant and --device" in str(refused)


def test_command_says_that_a_name_is_not_in_the_export(folder):
    assert "got nobody, of which it has nothing" in str(shown(str(folder), "nobody").exception)
