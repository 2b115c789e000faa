"""Packing of several byte strings into one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.operators.packed import PackedError, pack, unpack


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_parts_are_unpacked_as_they_were_packed(parts):
    assert [bytes(part) for part in unpack(pack(parts))] == parts


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=3), st.data())
def test_bytes_that_are_cut_off_are_refused(parts, data):
    raw = pack(parts)
    with pytest.raises(PackedError, match="expected packed bytes of version 1"):
        unpack(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(st.binary(max_size=64))
def test_other_bytes_are_refused_or_are_some_parts(raw):
    with contextlib.suppress(PackedError):
        assert pack([bytes(part) for part in unpack(raw)]) == raw
