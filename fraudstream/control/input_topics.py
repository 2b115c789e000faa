"""Input topics of a job compared with those of a state: a recreated topic has other records at its offsets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from confluent_kafka import KafkaException

from fraudstream.control.state_topics import StateTopics
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.kafka.topic_reader import partition_ranges
from jobs.job_config import JobConfig
from jobs.operator_uids import source_uids
from jobs.state_manifest import StateManifest, StateMismatchError
from schemas.errors import UserError

Ranges = dict[tuple[str, int], tuple[int, int]]

_EFFECTS = {
    "transactions": "transactions below the offsets of the state would never be scored",
    "labels": "labels below the offsets of the state would never be known, and label_offsets of the scores would name "
    "labels that the topic does not have",
    "control": "deployments, rules, snoozes and list entries below the offsets of the state would never be applied",
}


@dataclass(frozen=True, kw_only=True)
class BrokerTopics:
    """Input topics as the brokers have them.

    Parameters
    ----------
    ids
        See `TopicIds.read`.
    ranges
        By topic and partition the oldest offset, and the one after the newest.
    """

    ids: Mapping[str, str | None] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)

    @classmethod
    def read(cls, broker: Broker, topics: Collection[str]) -> BrokerTopics:
        """Read them from the brokers; topics that these do not describe have no ranges."""
        ids, ranges = TopicIds(broker).read(topics), dict[tuple[str, int], tuple[int, int]]()
        with closing(broker.consumer()) as consumer:
            for topic in topics:
                try:
                    found = partition_ranges(consumer, topic)
                except KafkaException:
                    continue
                ranges |= {(topic, part): (low, high) for part, low, high in found}
        return cls(ids=ids, ranges=ranges)


@dataclass(frozen=True, kw_only=True)
class InputFinding:
    """Difference between an input topic and the state.

    Parameters
    ----------
    name
        Of the input, one of INPUTS.
    text
        The difference in words.
    recreated
        Whether the topic is, or may be, another one than the state's; else it lost records.
    """

    name: str
    text: str
    recreated: bool


def compare_inputs(topics: Mapping[str, str], state: StateTopics, broker: BrokerTopics) -> list[InputFinding]:
    """Compare the topics of a job's inputs with those of a state.

    Parameters
    ----------
    topics
        By input, see `JobConfig.input_topics`.
    state, broker
        Topics of the two.
    """
    return [found for name, topic in topics.items() for found in _compare(name, topic, state, broker)]


def _compare(name: str, topic: str, state: StateTopics, broker: BrokerTopics) -> Iterator[InputFinding]:
    was, now = state.ids.get(topic), broker.ids.get(topic)
    if was and now and was != now:
        yield InputFinding(name=name, text=recreated_text(name, topic, was, now), recreated=True)
        return
    for (_, partition), offset in sorted(item for item in state.offsets.items() if item[0][0] == topic):
        low, high = broker.ranges.get((topic, partition), (0, 0) if (topic, 0) in broker.ranges else (0, offset))
        if high < offset and was and now:
            text = (
                f"expected partition {partition} of {topic} to reach offset {offset} as in the state, got {high}: "
                "it lost records, and is read again whole"
            )
            yield InputFinding(name=name, text=text, recreated=False)
        elif high < offset:
            text = (
                f"expected partition {partition} of {topic} to reach offset {offset} as in the state, got {high}: "
                "the topic lost records, or was deleted and created again, and the offsets of the state are not its"
            )
            yield InputFinding(name=name, text=text, recreated=True)
        elif low > offset and name != "control":  # that one is compacted
            text = (
                f"expected partition {partition} of {topic} to have offset {offset} as in the state, got {low} as its "
                f"first: {low - offset:,} were removed before they were read"
            )
            yield InputFinding(name=name, text=text, recreated=False)


def recreated_text(name: str, topic: str, was: str, now: str) -> str:
    """Return the message on a topic that is not the state's."""
    return (
        f"expected topics.{name} ({topic}) to be the topic with the id {was}, whose offsets the state has, got one "
        f"with the id {now}: it was deleted and created again, so that {_EFFECTS[name]}"
    )


def reset_advice(names: Collection[str]) -> str:
    """Return the advice for recreated topics."""
    options = " ".join(f"--reset-topic {name}" for name in dict.fromkeys(names))
    return (
        f"Continue with `fraudstream submit --from-savepoint ... {options}`, which reads it from its first record. "
        "Where the job still runs, stop it with a savepoint before. Histories and known labels stay (docs/upgrades.md)"
    )


def require_same_inputs(found: Collection[InputFinding]) -> None:
    """Refuse a state some of whose topics were, or may have been, created again.

    Raises
    ------
    StateMismatchError
        Topics differ; the message has all of them, and what to do.
    """
    wrong = [item for item in found if item.recreated]
    if wrong:
        lines = "\n".join(item.text for item in wrong)
        advice = reset_advice([item.name for item in wrong])
        raise StateMismatchError(f"The topics are not those of the state.\n{lines}\n{advice}")


def advance_generations(
    config: JobConfig, state: StateTopics, reset: Collection[str]
) -> tuple[JobConfig, frozenset[str]]:
    """Return a job's settings with the generations of its inputs, and the uids of the sources that are left behind.

    Parameters
    ----------
    config
        Settings without those of the state.
    state
        State that the job continues from.
    reset
        Inputs that are to be read from their topic's first record.

    Raises
    ------
    UserError
        The input does not exist.
    """
    unknown = sorted(set(reset) - config.input_topics.keys())
    if unknown:
        raise UserError(f"expected --reset-topic with one of {', '.join(config.input_topics)}, got {unknown[0]}")
    before = state.generations  # of inputs that are off too: they may come back
    left = frozenset(uid for name in reset for uid in source_uids(name, before.get(name, 0)))
    return replace(config, generations={**before, **{name: before.get(name, 0) + 1 for name in reset}}), left


def note_topics(
    config: JobConfig, state: StateTopics, broker: BrokerTopics, reset: Collection[str], *, keep: bool
) -> tuple[JobConfig, list[str]]:
    """Return a job's settings with the ids of the topics that its offsets are of, and notes for the user.

    Parameters
    ----------
    config, state, reset
        See `advance_generations`.
    broker
        The topics as they are now.
    keep
        Whether the job continues from the offsets of the state even where a topic was created again.

    Raises
    ------
    StateMismatchError
        A topic was created again, and neither `reset` nor `keep` covers it.
    UserError
        An input is to be reset whose topic is the one of the state.
    """
    found = compare_inputs(config.input_topics, state, broker)
    _require_changed(config, state, broker, found, reset)
    left = [item for item in found if item.name not in reset]
    if not keep:
        require_same_inputs(left)
    now = {topic: topic_id for topic, topic_id in broker.ids.items() if topic_id is not None}
    # A difference that was accepted is reported for as long as the job runs.
    kept = {config.input_topics[item.name] for item in left if item.recreated} & state.ids.keys()
    ids = {**state.ids, **now, **{topic: state.ids[topic] for topic in kept}}
    lines = [item.text for item in left]
    lines += [f"{config.input_topics[name]} is read from its first record" for name in sorted(reset)]
    return replace(config, topic_ids=ids), lines


def _require_changed(
    config: JobConfig, state: StateTopics, broker: BrokerTopics, found: Collection[InputFinding], reset: Collection[str]
) -> None:
    for name in reset:
        topic = config.input_topics[name]
        was = state.ids.get(topic)
        if was and was == broker.ids.get(topic) and all(item.name != name for item in found):
            raise UserError(
                f"expected --reset-topic with a topic that was deleted and created again, got {name}: {topic} is the "
                "one that the state was made from, and its records would count twice. Leave the option out"
            )


def differing_ids(manifest: StateManifest, now: Mapping[str, str | None]) -> dict[str, str]:
    """Map each input topic of a running job that was replaced to a message."""
    topics = {"transactions": manifest.transactions, "labels": manifest.labels, "control": manifest.control}
    found = {}
    for name, topic in topics.items():
        was = manifest.topic_ids.get(topic or "")
        if topic is None or was is None or topic not in now:
            continue
        is_now = now[topic]
        if is_now is None:
            found[topic] = (
                f"expected topics.{name} ({topic}) at the brokers, found none: it was deleted, and the job "
                "reads nothing of it until it is back"
            )
        elif is_now != was:
            found[topic] = f"{recreated_text(name, topic, was, is_now)}. {reset_advice([name])}"
    return found
