"""Operator ids as Flink derives them from uids."""

import pytest

from jobs.operator_id import operator_id
from tests.integration.savepoint_fixture import SAVEPOINTS

# As Flink 2.3.0 wrote them into the savepoint of 0.1.0: with fewer than 8, 16 and 32 letters, and with more.
UIDS = [
    "score-batch",
    "detect-drift",
    "labels-source",
    "transactions-window-aggregate",
    "outputs-constraint-enforcer-1",
]


@pytest.mark.parametrize("uid", UIDS)
def test_id_is_the_one_that_flink_wrote_into_a_savepoint(uid):
    metadata = (SAVEPOINTS / "0.1.0" / "savepoint" / "_metadata").read_bytes()
    assert bytes.fromhex(operator_id(uid)) in metadata


def test_id_is_the_hash_of_the_reference_code():
    assert operator_id("") == "0" * 32
    assert operator_id("transactions-source") == "cd6cfcdc2e08fae4cca1ba3f9b499e0b"
