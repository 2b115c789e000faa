"""Records of the control topic in the settings of the job."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.first_records import pack_records, unpack_records

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(st.dictionaries(TEXTS, st.binary(max_size=40)))
def test_unpacked_records_equal_the_packed_ones(records):
    assert unpack_records(pack_records(records)) == records


def test_similar_records_compress_well():
    records = {f"list/some/m-{number:06}": f"m-{number:06} by jane for a reason".encode() for number in range(10_000)}
    assert len(pack_records(records)) < 20 * len(records)
