"""Bytes that the record walk passes to the batch decoder: only the canonical encoding of each record."""

import json

import pytest

from schemas.avro_bytes import encoded_long, encoded_string
from schemas.framing import header
from schemas.record_walk import RecordWalk

ID = 7
HEAD = header(ID)
MAX_LONG = 200
NULLABLE_TEXT, NULLABLE_DOUBLE = ["null", "string"], ["null", "double"]
TIME = {"type": "long", "logicalType": "timestamp-millis"}


def sound(avro_type, body, *, head=HEAD):
    walk = RecordWalk({"type": "record", "fields": [{"name": "only", "type": avro_type}]}, ID)
    # Between others, whose bytes it must not read.
    (_, found, _) = walk.sound([HEAD + b"\x02", head + body, HEAD + b"\x02"], MAX_LONG)
    return bool(found)


SOUND = [
    ("string", encoded_string("")),
    ("string", encoded_string("text")),
    ("string", encoded_string("\x00 ü 日本 \U0010ffff \ud7ff \ue000")),
    ("long", encoded_long(0)),
    ("long", encoded_long(-1)),
    ("long", encoded_long(2**63 - 1)),
    ("long", encoded_long(-(2**63))),
    (TIME, encoded_long(1_700_000_000_000)),
    ("boolean", b"\x00"),
    ("boolean", b"\x01"),
    ("double", b"\xff" * 8),
    ("float", bytes(4)),
    ("int", encoded_long(2**31 - 1)),
    ("int", encoded_long(-(2**31))),
    (["int", "null"], b"\x02"),
    (["int", "null"], b"\x00" + encoded_long(5)),
    (NULLABLE_DOUBLE, b"\x00"),
    (NULLABLE_DOUBLE, b"\x02" + bytes(8)),
    (NULLABLE_TEXT, b"\x02" + encoded_string("text")),
]

UNSOUND = {
    "nothing at all": ("string", b""),
    "more after the end": ("long", b"\x02\x00"),
    "length without end": ("string", b"\x80"),
    "text cut off": ("string", encoded_long(5) + b"text"),
    "text of negative length": ("string", encoded_long(-3) + b"text"),
    "text longer than all memory": ("string", encoded_long(2**62) + b"text"),
    "longest length": ("string", encoded_long(2**63 - 1) + b"text"),
    "most negative length": ("string", encoded_long(-(2**63)) + b"text"),
    "varint with a needless byte": ("long", b"\x80\x00"),
    "varint with needless bytes": ("long", b"\x81\x80\x00"),
    "varint of 65 bits": ("long", b"\xff" * 9 + b"\x02"),
    "varint of eleven bytes": ("long", b"\xff" * 10 + b"\x01"),
    "varint without end": ("long", b"\xff" * 40),
    "boolean of two": ("boolean", b"\x02"),
    "int of 33 bits": ("int", encoded_long(2**31)),
    "float cut off": ("float", bytes(3)),
    "value of a null": (["int", "null"], b"\x02" + encoded_long(5)),
    "double cut off": ("double", bytes(7)),
    "third branch": (NULLABLE_DOUBLE, b"\x04" + bytes(8)),
    "negative branch": (NULLABLE_DOUBLE, b"\x01" + bytes(8)),
    "branch with a needless byte": (NULLABLE_DOUBLE, b"\x80\x00"),
    "no branch": (NULLABLE_DOUBLE, b""),
    "value after null": (NULLABLE_DOUBLE, b"\x00" + bytes(8)),
    "larger than allowed": ("string", encoded_string("x" * MAX_LONG)),
}

NOT_UTF8 = [
    b"\xff", b"\x80", b"a\xc3", b"\xc3(", b"\xc0\x80", b"\xe0\x80\x80", b"\xe2\x82", b"\xe2(\xa1", b"\xed\xa0\x80",
    b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
]  # fmt: skip


@pytest.mark.parametrize(("avro_type", "body"), SOUND)
def test_canonical_record_is_sound(avro_type, body):
    assert sound(avro_type, body)


@pytest.mark.parametrize(("avro_type", "body"), UNSOUND.values(), ids=UNSOUND)
def test_any_other_encoding_is_not_sound(avro_type, body):
    assert not sound(avro_type, body)


@pytest.mark.parametrize("text", NOT_UTF8)
def test_text_that_is_not_utf8_is_not_sound(text):
    assert not sound("string", encoded_long(len(text)) + text)
    # Neither the bytes of the next record nor those of the previous one may complete it.
    assert not sound("string", encoded_long(len(text) + 3) + b"abc" + text)


@pytest.mark.parametrize("head", [b"", b"\x00", header(ID)[:4], b"\x01" + header(ID)[1:], header(ID + 1)])
def test_record_without_the_schemas_header_is_not_sound(head):
    assert not sound("long", b"\x02", head=head)


def test_every_two_and_three_bytes_are_text_exactly_if_python_decodes_them():
    texts = [bytes([a, b]) for a in range(256) for b in range(256)]
    texts += [bytes([a, b, 0xA0]) for a in range(0xE0, 256) for b in range(256)]
    walk = RecordWalk({"type": "record", "fields": [{"name": "only", "type": "string"}]}, ID)
    found = walk.sound([header(ID) + encoded_long(len(text)) + text for text in texts], MAX_LONG)
    assert found.tolist() == [is_text(text) for text in texts]


def is_text(raw):
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_empty_batch_has_no_sound_record():
    walk = RecordWalk({"type": "record", "fields": [{"name": "only", "type": "string"}]}, ID)
    assert walk.sound([], MAX_LONG).tolist() == []


def test_unsupported_type_is_refused():
    schema = json.loads('{"type": "record", "fields": [{"name": "many", "type": {"type": "array", "items": "long"}}]}')
    with pytest.raises(ValueError, match="expected a field of string, long"):
        RecordWalk(schema, ID)
