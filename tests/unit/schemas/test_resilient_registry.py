"""The job's view of a schema registry that may be down, or flooded with invented ids."""

import pytest

from schemas.errors import UserError
from schemas.registry import RegistryUnavailableError, UnknownSchemaError
from schemas.resilient_registry import ASK_AGAIN_S, LIST_S, MISSES, ResilientRegistry


class Flaky:
    """A registry that can be down and counts its requests."""

    def __init__(self):
        self.known = {1: "one"}
        self.subjects = {"t-value": [1]}
        self.down = False
        self.requests = self.listed = 0

    def id_for(self, subject, _name):
        return self.subjects[subject][0]

    def ids(self, subject, _name):
        self.listed += 1
        if self.down:
            raise RegistryUnavailableError("it is down")
        return self.subjects[subject]

    def schema_for(self, schema_id):
        self.requests += 1
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
def resilient(flaky, clock):
    return ResilientRegistry(flaky, clock)


def refused(resilient, schema_id):
    with pytest.raises(UnknownSchemaError, match=r"expected|down") as caught:
        resilient.schema_for(schema_id)
    return str(caught.value)


def test_known_schema_outlives_the_registry(resilient, flaky):
    assert resilient.schema_for(1) == "one"
    flaky.down = True
    refused(resilient, 2)
    assert resilient.schema_for(1) == "one"


def test_outage_is_retried_at_intervals_until_it_ends(resilient, flaky, clock):
    flaky.down = True
    assert all("down" in refused(resilient, 1) for _ in range(100))
    assert flaky.requests == 1
    flaky.down = False
    clock.now += ASK_AGAIN_S
    assert resilient.schema_for(1) == "one"


def test_unknown_id_is_requested_again_later(resilient, flaky, clock):
    for _ in range(100):
        refused(resilient, 2)
    assert flaky.requests == 1
    flaky.known[2] = "two"
    clock.now += ASK_AGAIN_S
    assert resilient.schema_for(2) == "two"


def test_lookups_of_invented_ids_are_limited(resilient, flaky, clock):
    for schema_id in range(2, 10_000):
        refused(resilient, schema_id)
    assert flaky.requests == MISSES
    clock.now += ASK_AGAIN_S
    assert resilient.schema_for(1) == "one"


def flood(resilient):
    for schema_id in range(1_000, 1_000 + 10 * MISSES):
        refused(resilient, schema_id)


def test_new_writer_of_a_known_subject_is_found_at_once_among_invented_ids(resilient, flaky, clock):
    resilient.id_for("t-value", "transaction")
    flood(resilient)
    clock.now += LIST_S
    flaky.known[2], flaky.subjects["t-value"] = "two", [1, 2]
    assert resilient.schema_for(2) == "two"
    assert flaky.requests == MISSES + 1


def test_listed_id_needs_no_further_listing(resilient, flaky):
    flaky.known |= {2: "two", 3: "three"}
    flaky.subjects["t-value"] = [1, 2, 3]
    resilient.id_for("t-value", "transaction")
    flood(resilient)
    assert [resilient.schema_for(2), resilient.schema_for(3), flaky.listed] == ["two", "three", 1]


def test_invented_ids_cost_one_listing_per_interval(resilient, flaky, clock):
    resilient.id_for("t-value", "transaction")
    flood(resilient)
    flood(resilient)
    assert (flaky.requests, flaky.listed) == (MISSES, 1)
    clock.now += LIST_S
    flood(resilient)
    assert (flaky.requests, flaky.listed) == (MISSES, 2)


def test_outage_during_the_listing_is_retried_until_it_ends(resilient, flaky, clock):
    resilient.id_for("t-value", "transaction")
    for schema_id in range(1_000, 1_000 + MISSES):
        refused(resilient, schema_id)
    flaky.down = True
    flood(resilient)
    assert "down" in refused(resilient, 1)
    clock.now += LIST_S
    flood(resilient)
    assert (flaky.requests, flaky.listed) == (MISSES, 1)
    flaky.down = False
    clock.now += ASK_AGAIN_S
    assert resilient.schema_for(1) == "one"


def test_refused_listing_keeps_the_previous_one(resilient, flaky, clock, monkeypatch):
    def conflict(_subject, _name):
        raise UserError("expected a list, got HTTP 422")

    resilient.id_for("t-value", "transaction")
    flood(resilient)
    clock.now += LIST_S
    monkeypatch.setattr(flaky, "ids", conflict)
    flood(resilient)
    assert resilient.schema_for(1) == "one"


def test_id_of_a_committed_schema_is_requested_once(flaky, resilient, monkeypatch):
    requests = []
    monkeypatch.setattr(flaky, "id_for", lambda *names: requests.append(names) or 7)
    assert [resilient.id_for("t-value", "score") for _ in range(3)] == [7, 7, 7]
    assert requests == [("t-value", "score")]


def test_unexpected_answer_of_the_registry_does_not_stop_the_job(resilient, flaky, clock, monkeypatch):
    def conflict(_schema_id):
        raise UserError("expected a schema, got HTTP 422")

    with monkeypatch.context() as patched:
        patched.setattr(flaky, "schema_for", conflict)
        assert "422" in refused(resilient, 1)
    clock.now += ASK_AGAIN_S
    assert resilient.schema_for(1) == "one"
