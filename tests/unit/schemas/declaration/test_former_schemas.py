"""Records of earlier schemas of the same transactions."""

import numpy as np

from schemas.declared_codec import DeclaredCodec
from schemas.registry import FileRegistry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.records import NOON, NOON_MS, transaction
from tests.unit.schemas.declaration.declarations import declared, payments

IP = {"name": "ip", "type": ["null", "string"], "default": None}
OPENED = {"name": "opened", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": None}


def test_record_of_a_former_schema_has_no_value_of_a_later_column(tmp_path):
    columns = '[columns]\nip = "text"\n'
    old = declared(tmp_path, '[transaction]\nschema = "old.avsc"\n' + columns, old=payments(IP))
    text = '[transaction]\nschema = "new.avsc"\nformer = ["old.avsc"]\n' + columns + 'opened = "time"\n'
    new = declared(tmp_path, text, new=payments(IP, OPENED))
    registry = FileRegistry()
    decoder = TransactionBatchDecoder("t-value", registry, Limits(), lambda: NOON_MS, declaration=new)
    first = DeclaredCodec(old, "t-value", FileRegistry()).encode(transaction(1, ip="a"))
    second = DeclaredCodec(new, "t-value", FileRegistry()).encode(transaction(2, ip="b", opened=NOON))
    keys = [transaction(number)["customer_id"] for number in (1, 2)]
    found = decoder.decode(keys, [first, second], np.full(2, NOON_MS))
    assert not found.rejections
    assert found.records.select(["ip", "opened"]).to_pylist() == [
        {"ip": "a", "opened": None},
        {"ip": "b", "opened": NOON},
    ]
    # Without the former schema its id is unknown.
    alone = declared(tmp_path, text.replace('former = ["old.avsc"]\n', ""))
    decoder = TransactionBatchDecoder("t-value", FileRegistry(), Limits(), lambda: NOON_MS, declaration=alone)
    (rejection,) = decoder.decode(keys[:1], [first], np.full(1, NOON_MS)).rejections
    assert rejection.reason == "UNKNOWN_SCHEMA"


def test_records_of_the_built_in_schema_are_read_together(tmp_path):
    new = declared(tmp_path, '[columns]\nip = "text"\nopened = "time"\nflagged = "flag"\n')
    registry = FileRegistry()
    decoder = TransactionBatchDecoder("t-value", registry, Limits(), lambda: NOON_MS, declaration=new)
    written = decoder._writer(bytes([0]) + registry.id_for("t-value", "transaction").to_bytes(4, "big"))
    assert written is not None
