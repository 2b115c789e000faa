"""The job's view of a schema registry that may be down, or flooded with invented ids."""

import pytest

from schemas.errors import UserError
from schemas.registry import RegistryUnavailableError, UnknownSchemaError
from schemas.resilient_registry import ASK_AGAIN_S, LIST_S, MISSES, ResilientRegistry


class Flaky:
    """A registry that may be down, and counts its requests."""

    def __init__(self):
        self.known = {1: "one"}
        self.subjects = {"t-value": [1]}
        self.down = False
        self.asked = self.listed = 0

    def id_for(self, subject, _name):
        return self.subjects[subject][0]

    def ids(self, subject, _name):
        self.listed += 1
        if self.down:
            raise RegistryUnavailableError("it is down")
        return self.subjects[subject]

    def schema_for(self, schema_id):
        self.asked += 1
        if self.down:
            raise RegistryUnavailableError("it is down")
        if schema_id not in self.known:
            raise UnknownSchemaError(f"expected a known id, got {schema_id}")
        return self.known[schema_id]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def flaky():
    return Flaky()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def steady(flaky, clock):
    return ResilientRegistry(flaky, clock)


def refused(steady, schema_id):
    with pytest.raises(UnknownSchemaError, match=r"expected|down") as caught:
        steady.schema_for(schema_id)
    return str(caught.value)


def test_known_schema_outlives_the_registry(steady, flaky):
    assert steady.schema_for(1) == "one"
    flaky.down = True
    refused(steady, 2)
    assert steady.schema_for(1) == "one"


def test_outage_is_waited_for_once_in_a_while_and_ends_by_itself(steady, flaky, clock):
    flaky.down = True
    assert all("down" in refused(steady, 1) for _ in range(100))
    assert flaky.asked == 1
    flaky.down = False
    clock.now += ASK_AGAIN_S
    assert steady.schema_for(1) == "one"


def test_unknown_id_is_asked_for_again_later(steady, flaky, clock):
    for _ in range(100):
        refused(steady, 2)
    assert flaky.asked == 1
    flaky.known[2] = "two"
    clock.now += ASK_AGAIN_S
    assert steady.schema_for(2) == "two"


def test_invented_ids_are_looked_up_a_limited_number_of_times(steady, flaky, clock):
    for schema_id in range(2, 10_000):
        refused(steady, schema_id)
    assert flaky.asked == MISSES
    clock.now += ASK_AGAIN_S
    assert steady.schema_for(1) == "one"


def flood(steady):
    for schema_id in range(1_000, 1_000 + 10 * MISSES):
        refused(steady, schema_id)


def test_new_writer_of_our_subject_is_known_at_once_among_invented_ids(steady, flaky, clock):
    steady.id_for("t-value", "transaction")
    flood(steady)
    clock.now += LIST_S
    flaky.known[2], flaky.subjects["t-value"] = "two", [1, 2]
    assert steady.schema_for(2) == "two"
    assert flaky.asked == MISSES + 1


def test_listed_id_needs_no_further_listing(steady, flaky):
    flaky.known |= {2: "two", 3: "three"}
    flaky.subjects["t-value"] = [1, 2, 3]
    steady.id_for("t-value", "transaction")
    flood(steady)
    assert [steady.schema_for(2), steady.schema_for(3), flaky.listed] == ["two", "three", 1]


def test_invented_ids_cost_one_listing_in_a_while(steady, flaky, clock):
    steady.id_for("t-value", "transaction")
    flood(steady)
    flood(steady)
    assert (flaky.asked, flaky.listed) == (MISSES, 1)
    clock.now += LIST_S
    flood(steady)
    assert (flaky.asked, flaky.listed) == (MISSES, 2)


def test_outage_met_by_the_listing_is_waited_for_once_and_ends_by_itself(steady, flaky, clock):
    steady.id_for("t-value", "transaction")
    for schema_id in range(1_000, 1_000 + MISSES):
        refused(steady, schema_id)
    flaky.down = True
    flood(steady)
    assert "down" in refused(steady, 1)
    clock.now += LIST_S
    flood(steady)
    assert (flaky.asked, flaky.listed) == (MISSES, 1)
    flaky.down = False
    clock.now += ASK_AGAIN_S
    assert steady.schema_for(1) == "one"


def test_refused_listing_leaves_the_former_one(steady, flaky, clock, monkeypatch):
    def conflict(_subject, _name):
        raise UserError("expected a list, got HTTP 422")

    steady.id_for("t-value", "transaction")
    flood(steady)
    clock.now += LIST_S
    monkeypatch.setattr(flaky, "ids", conflict)
    flood(steady)
    assert steady.schema_for(1) == "one"


def test_id_of_our_own_schema_is_asked_for_once(flaky, steady, monkeypatch):
    asked = []
    monkeypatch.setattr(flaky, "id_for", lambda *names: asked.append(names) or 7)
    assert [steady.id_for("t-value", "score") for _ in range(3)] == [7, 7, 7]
    assert asked == [("t-value", "score")]


def test_registry_that_answers_otherwise_is_no_reason_to_stop(steady, flaky, clock, monkeypatch):
    def conflict(_schema_id):
        raise UserError("expected a schema, got HTTP 422")

    with monkeypatch.context() as patched:
        patched.setattr(flaky, "schema_for", conflict)
        assert "422" in refused(steady, 1)
    clock.now += ASK_AGAIN_S
    assert steady.schema_for(1) == "one"
