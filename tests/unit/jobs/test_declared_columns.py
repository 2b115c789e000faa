"""Declared columns through the job's operators."""

from base64 import b64encode

import numpy as np
import pyarrow as pa
import pytest

from jobs.job_config import JobConfig
from jobs.record_types import TRANSACTIONS
from jobs.shards import SHARD_KEYS
from models.features.table import FEATURE_NAMES
from models.scoring.artifact import ArtifactError
from models.scoring.history_scorer import HistoryScorer
from producers.encoding import encode_transactions
from schemas.avro_schemas import RULES
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import FileRegistry
from tests.unit.jobs.declared_records import NOW_MS, ROWS, records, table
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.operator_in_memory import OperatorInMemory, batches
from tests.unit.rules.books import book, rule
from tests.unit.schemas.declaration.declarations import declared, payments
from tests.unit.training.declared_histories import declaration, declared_artifact, declared_folder
from tests.unit.training.histories import artifact_folder

(SHARD, *_) = SHARD_KEYS[1]
OWN = ("risk", "entry_mode", "declined", "opened")


def operator(own, folder=None, **changes):
    config = {"shards": 1, "feature_log_share": 1.0, "declaration": None if own is None else own.to_dict(), **changes}
    return OperatorInMemory(folder or declared_folder(), **config)


def expected():
    (batch,) = table().combine_chunks().to_batches()
    scored = HistoryScorer(declared_artifact()).score(batch)
    return dict(zip(batch.column("transaction_id").to_pylist(), scored.scores.tolist(), strict=True))


@pytest.mark.parametrize("size", [1, 37, ROWS])
def test_scores_are_those_of_the_history_scorer_however_batches_are_cut(size):
    job = operator(declaration())
    for batch in batches(records(declaration()), size):
        job.send(TRANSACTIONS, batch, shard=SHARD, time_ms=NOW_MS)
    assert job.scores == expected()
    assert not job.letters


def test_schema_with_names_of_its_own_gives_the_same_scores(tmp_path):
    fields = [
        {"name": "session", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "risk", "type": ["double", "null"]},
        {"name": "entry_mode", "type": ["null", "string"]},
        {"name": "ip", "type": ["null", "string"]},
        {"name": "declined", "type": ["null", "boolean"]},
        {"name": "opened", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    ]
    roles = {"customer_id": "card", "amount_minor": "cents"}
    columns = declaration().to_dict()["columns"]
    text = '[transaction]\nschema = "p.avsc"\nroles = { customer_id = "card", amount_minor = "cents" }\n[columns]\n'
    text += "".join(f'{name} = "{kind}"\n' for name, kind in columns.items()) + '[entities]\nip = "ip"\n'
    own = declared(tmp_path, text, p=payments(*fields, **roles))
    assert own.hash == declaration().hash
    job = operator(own)
    rows = table().append_column("session", pa.repeat("7", ROWS))
    job.send(TRANSACTIONS, records(own, rows), shard=SHARD, time_ms=NOW_MS)
    assert job.scores == expected()


def test_alerts_and_log_have_the_columns_and_a_record_that_can_not_be_read_is_a_dead_letter():
    job = operator(declaration())
    bad = table().slice(0, 1).set_column(table().column_names.index("ip"), "ip", pa.array(["1" * 257]))
    good = records(declaration(), table().slice(1))
    cut = (good[0][0], good[0][1][:-1])
    job.send(TRANSACTIONS, [*records(declaration(), bad), cut, *good], shard=SHARD, time_ms=NOW_MS)
    assert [letter["reason"] for letter in job.letters] == ["INVALID_TEXT", "UNDECODABLE"]
    alerts = job.of("fraud.alerts.v1")
    assert alerts
    assert all(alert["features"].keys() == {*FEATURE_NAMES, *OWN} for alert in alerts)
    assert {alert["feature_spec_hash"] for alert in alerts} == {declared_artifact().row_columns.spec_hash}


def test_record_of_the_built_in_schema_has_no_values_of_them():
    job = operator(declaration())
    plain = [(key.decode(), value) for key, value in encode_transactions(table(), FileRegistry(), "t-value")]
    job.send(TRANSACTIONS, plain, shard=SHARD, time_ms=NOW_MS)
    (batch,) = table().select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
    scored = HistoryScorer(declared_artifact()).score(batch)
    assert list(job.scores.values()) == scored.scores.tolist()
    risk, _, declined, opened = declared_artifact().row_columns.encodings
    assert np.unique(scored.x[:, -4]).tolist() == [np.float32(risk.missing)]
    assert np.unique(scored.x[:, -2:]).tolist() == sorted({declined.missing, opened.missing})


def test_model_without_declared_columns_scores_under_a_declaration():
    job = operator(declaration(), artifact_folder())
    job.send(TRANSACTIONS, records(declaration()), shard=SHARD, time_ms=NOW_MS)
    plain = operator(None, artifact_folder())
    plain.send(TRANSACTIONS, records(None), shard=SHARD, time_ms=NOW_MS)
    assert job.scores == plain.scores


def test_model_of_another_declaration_is_refused_by_the_job(tmp_path):
    for own in (None, declared(tmp_path, '[columns]\nrisk = "flag"\n')):
        job = operator(own)
        with pytest.raises(ArtifactError, match=r"expected the declaration \w+ that it was trained with, got"):
            job.send(TRANSACTIONS, records(own), shard=SHARD, time_ms=NOW_MS)


def test_declaration_is_in_the_settings_file_of_the_job(tmp_path):
    config = job_config(declaration=declaration().to_dict())
    (tmp_path / "job.json").write_text(config.to_json())
    read = JobConfig.from_file(tmp_path / "job.json")
    assert read.declared == declaration()
    assert job_config().declared is None


def test_rule_on_a_declared_column_raises_alerts_of_the_job():
    codec = RecordCodec(RULES, "", FileRegistry())
    written = codec.encode(book(rule("own", 'entry_mode == "keyed" and not missing(ip)')).to_record())
    job = operator(declaration(), first_rules=b64encode(written).decode())
    job.send(TRANSACTIONS, records(declaration()), shard=SHARD, time_ms=NOW_MS)
    fired = {
        alert["transaction_id"]
        for alert in job.of("fraud.alerts.v1")
        if any(reason["code"] == "rule:own" for reason in alert["reasons"])
    }
    rows = table().select(["transaction_id", "entry_mode", "ip"]).to_pylist()
    assert fired == {row["transaction_id"] for row in rows if row["entry_mode"] == "keyed" and row["ip"]}
    assert fired
