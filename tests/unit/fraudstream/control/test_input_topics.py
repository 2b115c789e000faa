"""Input topics of a state compared with those of the broker."""

from dataclasses import replace

import pytest

from fraudstream.control.input_topics import (
    BrokerTopics,
    advance_generations,
    compare_inputs,
    differing_ids,
    note_topics,
    require_same_inputs,
)
from fraudstream.control.state_topics import StateTopics
from jobs.state_manifest import StateMismatchError
from schemas.errors import UserError
from tests.unit.fraudstream.control.job_ids import JOB
from tests.unit.jobs.job_configs import job_config

CONFIG = job_config()
TOPICS = CONFIG.input_topics
IDS = {topic: f"id of {name}" for name, topic in TOPICS.items()}
LABELS = TOPICS["labels"]
STATE = StateTopics(ids=IDS, offsets={(topic, 0): 10 for topic in TOPICS.values()})
BROKER = BrokerTopics(ids=IDS, ranges={(topic, 0): (0, 12) for topic in TOPICS.values()})


def broker(name: str, *, topic_id: str | None = "same", ends: tuple[int, int] = (0, 12)) -> BrokerTopics:
    """Return the topics with one that differs."""
    topic = TOPICS[name]
    ids = {**IDS, topic: IDS[topic] if topic_id == "same" else topic_id}
    return BrokerTopics(ids=ids, ranges={**BROKER.ranges, (topic, 0): ends})


def without_ids(topics: BrokerTopics) -> BrokerTopics:
    return replace(topics, ids={})


def texts(state: StateTopics, topics: BrokerTopics) -> list[str]:
    return [item.text for item in compare_inputs(TOPICS, state, topics)]


@pytest.mark.parametrize("state", [STATE, StateTopics(), StateTopics(ids=IDS), replace(STATE, ids={})])
@pytest.mark.parametrize("topics", [BROKER, without_ids(BROKER), BrokerTopics()])
def test_topics_of_the_state_are_accepted_without_a_message(state, topics):
    assert texts(state, topics) == []
    config, lines = note_topics(CONFIG, state, topics, (), keep=False)
    assert lines == []
    assert config.topic_ids == {**state.ids, **topics.ids}


@pytest.mark.parametrize("name", ["transactions", "labels", "control"])
@pytest.mark.parametrize("ends", [(0, 3), (0, 10_000)])
def test_topic_with_another_id_is_refused_even_with_as_many_records(name, ends):
    found = compare_inputs(TOPICS, STATE, broker(name, topic_id="another", ends=ends))
    assert [(item.name, item.recreated) for item in found] == [(name, True)]
    with pytest.raises(StateMismatchError) as refusal:
        require_same_inputs(found)
    text = str(refusal.value)
    assert f"({TOPICS[name]}) to be the topic with the id id of {name}" in text
    assert "got one with the id another: it was deleted and created again, so that" in text
    assert f"--reset-topic {name}" in text
    assert ("label_offsets" in text) == (name == "labels")


def test_all_replaced_topics_are_reported_at_once():
    others = BrokerTopics(ids=dict.fromkeys(IDS, "another"))
    with pytest.raises(
        StateMismatchError, match=r"(?s)transactions.*labels.*--reset-topic transactions --reset-topic lab"
    ):
        note_topics(CONFIG, STATE, others, (), keep=False)


@pytest.mark.parametrize(("state", "brokers"), [(replace(STATE, ids={}), BROKER), (STATE, without_ids(BROKER))])
def test_without_ids_a_topic_that_ends_before_the_state_is_refused(state, brokers):
    short = replace(brokers, ranges={**brokers.ranges, (LABELS, 0): (0, 9)})
    with pytest.raises(
        StateMismatchError, match=r"(?s)partition 0 of fraud.labels.v1 to reach offset 10 .*got 9.*--reset-topic"
    ):
        note_topics(CONFIG, state, short, (), keep=False)


def test_without_ids_a_topic_that_has_fewer_partitions_than_the_state_is_refused():
    state = StateTopics(offsets={(LABELS, 0): 10, (LABELS, 1): 4})
    with pytest.raises(StateMismatchError, match=r"partition 1 of fraud.labels.v1 to reach offset 4 .*got 0"):
        note_topics(CONFIG, state, BROKER, (), keep=False)


def test_records_lost_by_the_same_topic_are_a_warning():
    _, lines = note_topics(CONFIG, STATE, broker("labels", ends=(0, 9)), (), keep=False)
    assert lines == [
        "expected partition 0 of fraud.labels.v1 to reach offset 10 as in the state, got 9: it lost records, and is "
        "read again whole"
    ]


def test_unread_records_removed_by_retention_are_a_warning_except_in_compacted_topics():
    _, lines = note_topics(CONFIG, STATE, broker("transactions", ends=(11, 12)), (), keep=False)
    assert ["1 were removed before they were read" in line for line in lines] == [True]
    assert texts(STATE, broker("transactions", ends=(10, 12))) == []
    assert texts(STATE, broker("control", ends=(11, 12))) == []


def test_reset_topic_gets_a_new_source_and_its_id_is_recorded():
    other = broker("labels", topic_id="another")
    config, left = advance_generations(CONFIG, STATE, ["labels"])
    config, lines = note_topics(config, STATE, other, ["labels"], keep=False)
    assert (config.generations, left) == ({"labels": 1}, {"labels-source", "label-lanes-source"})
    assert config.topic_ids[LABELS] == "another"
    assert lines == ["fraud.labels.v1 is read from its first record"]

    again = StateTopics(ids=config.topic_ids, generations=config.generations)
    config, left = advance_generations(CONFIG, again, ["labels", "control"])
    assert (config.generations, left) == (
        {"labels": 2, "control": 1},
        {"labels-source-1", "label-lanes-source-1", "control-source", "lists-source"},
    )


def test_generations_of_the_state_override_the_settings():
    state = StateTopics(generations={"labels": 3})
    assert advance_generations(replace(CONFIG, generations={"control": 1}), state, ())[0].generations == {"labels": 3}
    assert advance_generations(job_config(labels=False), state, ())[0].generations == {"labels": 3}


def test_topic_of_the_state_is_not_reset_by_mistake():
    with pytest.raises(UserError, match=r"got control: fraud.control.v1 is the one .* Leave the option out"):
        note_topics(CONFIG, STATE, BROKER, ["control"], keep=False)
    note_topics(CONFIG, replace(STATE, ids={}), BROKER, ["control"], keep=False)
    note_topics(CONFIG, STATE, broker("labels", ends=(0, 9)), ["labels"], keep=False)


@pytest.mark.parametrize(("config", "name"), [(CONFIG, "queries"), (job_config(labels=False), "labels")])
def test_unknown_input_is_refused_with_the_known_ones(config, name):
    with pytest.raises(UserError, match=rf"expected --reset-topic with one of transactions.*, got {name}"):
        advance_generations(config, STATE, [name])


def test_restored_job_continues_on_a_replaced_topic_with_a_warning_while_it_runs():
    other = broker("labels", topic_id="another")
    config, lines = note_topics(CONFIG, STATE, other, (), keep=True)
    assert ["deleted and created again" in line for line in lines] == [True]
    assert config.generations == {}
    manifest = replace(JOB, labels=LABELS, topic_ids=config.topic_ids)
    assert list(differing_ids(manifest, other.ids)) == [LABELS]


def test_status_of_a_running_job_names_only_replaced_and_missing_topics():
    manifest = replace(
        JOB, transactions=TOPICS["transactions"], labels=LABELS, control=TOPICS["control"], topic_ids=IDS
    )
    assert differing_ids(manifest, IDS) == {}
    assert differing_ids(manifest, {}) == {}
    assert differing_ids(replace(manifest, topic_ids={}), IDS) == {}
    found = differing_ids(manifest, {**IDS, LABELS: "another", TOPICS["control"]: None})
    assert found.keys() == {LABELS, TOPICS["control"]}
    assert "--reset-topic labels" in found[LABELS]
    assert "found none: it was deleted" in found[TOPICS["control"]]
