"""Stored histories of customers, in every version."""

import numpy as np
import pytest

from models.features.history import (
    ENTRY,
    TILE,
    TILES_KEPT,
    HistoryVersionError,
    K,
    decode_history,
    encode_history,
    newest_event_time_ms,
)

# Written by the versions, never to be changed: running jobs have such state.
ENTRY_V1 = (0x0123456789ABCDEF, 1_767_225_600_123, 12.5, 7, 0, 0.25, 48.5, np.nan)
ENCODED_V1 = bytes.fromhex(
    "0100010028000000efcdab89674523017ba8da769b0100000000484107000000000000000000803e000042420000c07f"
)
ENCODED_V2 = b"\x02" + ENCODED_V1[1:]
ENCODED_V3 = b"\x03" + ENCODED_V1[1:]
ENCODED_V4 = b"\x04" + ENCODED_V1[1:]


@pytest.mark.parametrize("raw", [ENCODED_V1, ENCODED_V2, ENCODED_V3, ENCODED_V4])
def test_every_version_is_still_read(raw):
    (entry,), tiles, _ = decode_history(raw)
    assert tiles is None
    assert entry.tolist()[:7] == ENTRY_V1[:7]
    assert np.isnan(entry["longitude"])
    assert newest_event_time_ms(raw) == ENTRY_V1[1]


def test_version_4_is_still_written():
    assert encode_history(np.array([ENTRY_V1], ENTRY)) == ENCODED_V4


def test_a_full_history_may_have_tiles():
    entries, tiles = np.zeros(K, ENTRY), np.zeros(TILES_KEPT, TILE)
    entries["event_time_ms"], tiles["number"] = np.arange(K), np.arange(TILES_KEPT)
    raw = encode_history(entries, tiles)
    assert len(raw) == 5_168
    decoded, decoded_tiles, _ = decode_history(raw)
    assert decoded_tiles is not None
    assert (decoded.tobytes(), decoded_tiles.tobytes()) == (entries.tobytes(), tiles.tobytes())
    assert newest_event_time_ms(raw) == K - 1


@pytest.mark.parametrize("count", [0, 1, 40, K])
def test_round_trip_keeps_only_used_entries(count):
    entries = np.zeros(count, ENTRY)
    entries["event_time_ms"] = np.arange(count)
    raw = encode_history(entries)
    assert len(raw) == 8 + 40 * count
    assert decode_history(raw)[0].tobytes() == entries.tobytes()


@pytest.mark.parametrize(
    ("raw", "was"),
    [
        (b"\x05\x00" + ENCODED_V1[2:], "version 5"),
        (ENCODED_V2[:-1], "47 bytes"),
        (ENCODED_V2 + b"\x00", "49 bytes"),
        (b"", "too short"),
        (b"\x02\x00\x41\x00\x28\x00\x00\x00" + bytes(40 * 65), "65 entries"),
    ],
)
def test_other_bytes_are_refused_with_their_version(raw, was):
    with pytest.raises(HistoryVersionError, match=was) as caught:
        decode_history(raw)
    assert "expected version 1 to 4" in str(caught.value)
    assert "savepoint" in str(caught.value)
