"""Durable form of an entity."""

import numpy as np
import pytest

from models.features.entities.entity_record import (
    ENTITY_VERSION,
    ENTRY,
    HEADER,
    decode_entity,
    encode_entity,
    newest_event_time_ms,
)
from models.features.history import HistoryVersionError
from tests.unit.features.entity_records import entity


@pytest.mark.parametrize(
    "record", [entity(0), entity(1), entity(32), entity(32, 0, tiled=True), entity(32, 1_024, tiled=True)]
)
def test_a_record_is_read_as_it_was_written(record):
    read = decode_entity(encode_entity(record))
    for name, found, expected in zip(record._fields, read, record, strict=True):
        if name == "ids":
            assert list(map(list, found)) == list(map(list, expected or ((), ())))
        elif expected is None or isinstance(expected, int):
            assert found == expected
        else:
            np.testing.assert_array_equal(found, expected)


def test_the_newest_event_is_read_without_what_left():
    raw = encode_entity(entity(32, 100, tiled=True))
    assert newest_event_time_ms(raw) == newest_event_time_ms(raw[: HEADER.size + 32 * ENTRY.itemsize]) == 31_000
    assert newest_event_time_ms(encode_entity(entity(0))) == 0


@pytest.mark.parametrize(
    ("raw", "got"),
    [
        (b"", "too short for a header"),
        (HEADER.pack(ENTITY_VERSION + 1, 0, ENTRY.itemsize, 0, 0, 0), f"version {ENTITY_VERSION + 1}"),
        (HEADER.pack(ENTITY_VERSION, 2, ENTRY.itemsize, 0, 0, 0) + b"x" * 32, "2 entries"),
        (HEADER.pack(ENTITY_VERSION, 0, ENTRY.itemsize, 1_025, 0, 0), "1025 ids"),
        (encode_entity(entity(32, 9, tiled=True))[:-3], "not compressed"),
    ],
)
def test_bytes_that_are_no_entity_are_refused_in_words(raw, got):
    with pytest.raises(HistoryVersionError, match=got):
        decode_entity(raw)
