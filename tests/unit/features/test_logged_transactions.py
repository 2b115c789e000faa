"""Encoding of logged transactions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features.history import ENTRY, HistoryVersionError
from models.features.logged_transactions import LoggedTransactions

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(customers=st.lists(NAMES, max_size=20))
def test_decoding_returns_what_was_encoded(customers):
    added = np.zeros(len(customers), ENTRY)
    added["amount"] = np.arange(len(customers))
    found = LoggedTransactions.decode(LoggedTransactions(customers, added).encode())
    assert found.customers == customers
    assert found.added.tobytes() == added.tobytes()


@pytest.mark.parametrize("change", ["version", "size", "end", "nothing"])
def test_other_bytes_are_rejected(change):
    raw = bytearray(LoggedTransactions(["a", "b"], np.zeros(2, ENTRY)).encode())
    if change in {"version", "size"}:
        raw[0 if change == "version" else 2] += 1
    raw = raw[:-1] if change == "end" else b"" if change == "nothing" else raw
    with pytest.raises(HistoryVersionError, match="expected version 1 with 40 bytes"):
        LoggedTransactions.decode(bytes(raw))
