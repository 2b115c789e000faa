"""Input topics of a running job against those that it began with."""

from fraudstream.control.input_topics import differing_ids
from fraudstream.control.savepoints import job_manifest
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.topic_ids import TopicIds
from jobs.state_manifest import StateMismatchError


def input_topics_now(rest: FlinkRest, job_id: str, ids: TopicIds) -> dict[str, str]:
    """Map the input topics whose ids a job recorded to a message, empty where the topic is still the same.

    Raises
    ------
    NotReady, RuntimeFailure
        The cluster does not answer, or does not know the job.
    """
    try:
        manifest = job_manifest(rest, job_id)
    except StateMismatchError:  # of another version
        return {}
    if manifest is None:
        return {}
    now = ids.read(manifest.topic_ids)
    differing = differing_ids(manifest, now)
    return {topic: differing.get(topic, "") for topic in manifest.topic_ids if topic in now}
