"""Status of services and jobs."""

from typing import Any

from fraudstream.control.late_recovery import late_recovery
from fraudstream.control.topic_watch import input_topics_now
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.run_state import RunState

ENDED = {"FINISHED", "CANCELED", "FAILED"}
COUNTERS = "fraudstream"
"""Metric group of the job's counters, see `jobs.operators.counts`."""


def read_status(settings: Settings) -> dict[str, Any]:
    """Return what is running, as plain values for JSON.

    Returns
    -------
    dict
        `ready`, `processes`, `bootstrap_servers`, `broker` (answers), `rest_url`, `cluster` (answers),
        `registry_url`, `slots_free`, `slots_total`, `jobs`: each with what it counted since its start, when it runs,
        its last failure, None when it had none, a recovery that may have lost output, in words, or None, and its input
        topics that were deleted or created again, each in words.
    """
    run = RunState.load(settings.state)
    servers = settings.kafka.bootstrap_servers or run.bootstrap_servers
    rest_url = settings.flink.rest_url or run.rest_url
    broker = None if servers is None else Broker(settings, servers)
    answers = broker is not None and broker.answers()
    overview, jobs = _cluster(rest_url, TopicIds(broker) if broker and answers else None)
    return {
        "ready": answers and overview is not None and all(process.alive() for process in run.processes),
        "processes": [
            {
                "name": process.name,
                "pid": process.pid,
                "alive": process.alive(),
                "memory_mb": process.resident_bytes() // 1_000_000,
                "log": process.log,
            }
            for process in run.processes
        ],
        "bootstrap_servers": servers,
        "broker": answers,
        "rest_url": rest_url,
        "registry_url": settings.kafka.schema_registry_url or run.registry_url,
        "cluster": overview is not None,
        "slots_free": overview["slots-available"] if overview else 0,
        "slots_total": overview["slots-total"] if overview else 0,
        "jobs": jobs,
    }


def _cluster(rest_url: str | None, ids: TopicIds | None) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    if rest_url is None:
        return None, []
    rest = FlinkRest(url=rest_url)
    try:
        overview, jobs = rest.overview(), rest.jobs()
    except (NotReady, RuntimeFailure):
        return None, []
    return overview, [
        {
            "id": job["jid"],
            "name": job["name"],
            "state": job["state"],
            "counts": _counts(rest, job),
            "last_failure": _last_failure(rest, job),
            "late_recovery": _late_recovery(rest, job),
            "recreated_topics": _recreated_topics(rest, job, ids),
        }
        for job in jobs
    ]


def _counts(rest: FlinkRest, job: dict[str, Any]) -> dict[str, int]:
    if job["state"] != "RUNNING":
        return {}
    try:
        found = rest.counters(job["jid"], COUNTERS)
    except (NotReady, RuntimeFailure):  # it ended meanwhile
        return {}
    return {name: count for name, count in sorted(found.items()) if count}


def _last_failure(rest: FlinkRest, job: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return rest.last_failure(job["jid"])
    except (NotReady, RuntimeFailure):  # the cluster forgot it, or went away, meanwhile
        return None


def _late_recovery(rest: FlinkRest, job: dict[str, Any]) -> str | None:
    try:
        found = late_recovery(rest, job["jid"])
    except (NotReady, RuntimeFailure):  # it ended meanwhile
        return None
    return None if found is None else str(found)


def _recreated_topics(rest: FlinkRest, job: dict[str, Any], ids: TopicIds | None) -> list[str]:
    if ids is None or job["state"] in ENDED:
        return []
    try:
        found = input_topics_now(rest, job["jid"], ids)
    except (NotReady, RuntimeFailure):  # it ended meanwhile
        return []
    return [text for text in found.values() if text]
