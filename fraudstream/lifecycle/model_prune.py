"""Removal of unreferenced models from the store."""

import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fraudstream.control.model_events import SERVING, read_model_events
from fraudstream.control.model_in_use import LiveJob, live_jobs
from fraudstream.control.model_store import serving_folder
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.kafka.topics import require_topics
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.promotion import audit_log
from fraudstream.lifecycle.retained_state import find_states
from fraudstream.settings.settings import Settings
from models.scoring.artifact import CONTENT_ADDRESS, MODEL_FILE
from models.scoring.model_store import remove_model, used_s
from schemas.errors import UserError

MIN_AGE_S = 3_600.0
"""Minimum age of a removable model in seconds: a younger one may be about to be deployed."""

LAST_EVENTS = 2
"""Newest events of a shard: its models, and those that it falls back to."""

Reason = tuple[str, str]
"""Folder name or model id, and the reason to keep it."""


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """Model in the store.

    Parameters
    ----------
    folder
        Folder, whose name ends in the SHA-256 of the manifest.
    size
        Size of the files in bytes.
    kept_for
        Reasons to keep it; without any it can be removed.
    """

    folder: Path
    size: int
    kept_for: tuple[str, ...]


def examine_store(broker: Broker, rest: FlinkRest, now_s: float, *, unread_state: bool = False) -> list[StoredModel]:
    """Return the models of the store with the references to each.

    Parameters
    ----------
    broker
        Broker of the job; its settings have store, state folder and registry.
    rest
        Cluster of the job.
    now_s
        Seconds since 1970.
    unread_state
        Whether checkpoints that can't be read from here need none of these models.

    Raises
    ------
    NotReady
        The broker or the cluster does not answer.
    UserError
        The settings of a running job, or retained state, can't be read from here.
    """
    settings, root = broker.settings, serving_folder(broker.settings)
    folders = [folder for folder in sorted(root.glob("*")) if folder.is_dir() and CONTENT_ADDRESS.search(folder.name)]
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    names = [folder.name for folder in folders]
    jobs = live_jobs(rest)
    found = (
        *_named_by_jobs(settings, jobs, names),
        *_named_by_control_topic(broker, names),
        *_named_by_shards(broker),
        *_named_by_registry(settings),
        *_named_by_states(settings, jobs, folders, unread_state=unread_state),
    )
    for name, reason in found:
        for folder in folders:
            if folder.name == name or folder.name.startswith(f"{name}-"):
                reasons[folder.name].append(reason)
    for folder in folders:
        if now_s - used_s(folder) < MIN_AGE_S:
            reasons[folder.name].append("stored in the last hour")
    return [
        StoredModel(folder=folder, size=_size(folder), kept_for=tuple(dict.fromkeys(reasons[folder.name])))
        for folder in folders
    ]


def remove(models: list[StoredModel]) -> None:
    """Remove unreferenced models. Each folder disappears atomically."""
    for model in models:
        if not model.kept_for:
            remove_model(model.folder)


def _named_by_jobs(settings: Settings, jobs: list[LiveJob], names: list[str]) -> Iterator[Reason]:
    for job in jobs:
        if job.config is None:
            raise UserError(
                f"expected the settings of the running job {job.job_id} at {job.file}, found none readable. Run "
                "this where the job was submitted, or stop the job"
            )
        first = b64decode(job.config.get("first_deployment") or "")
        text = str(job.config.get("model", "")).encode() + b"\n" + first
        yield from ((name, f"job {job.job_id}") for name in names if name.encode() in text)
    # The settings of both versions of a switch may be submitted again.
    plan = settings.state.root / "bluegreen.json"
    values = json.loads(plan.read_text()).values() if plan.is_file() else ()
    for file in (Path(value) for value in values if isinstance(value, str) and value.endswith(".json")):
        text = file.read_bytes() if file.is_file() else b""
        yield from ((name, f"blue-green settings {file.name}") for name in names if name.encode() in text)


def _named_by_control_topic(broker: Broker, names: list[str]) -> Iterator[Reason]:
    topic = broker.topics.control
    require_topics(broker, topic)
    for message in read_topic(broker, topic):
        payload = message.value() or b""
        yield from ((name, f"a record of {topic}") for name in names if name.encode() in payload)


def _named_by_shards(broker: Broker) -> Iterator[Reason]:
    events = [e for e in read_model_events(broker) if e.kind == SERVING]
    for shard in sorted({event.shard for event in events}):
        for event in [event for event in events if event.shard == shard][-LAST_EVENTS:]:
            yield from (
                (model_id, f"shard {shard} serves it or served it last")
                for model_id in (event.model_id, *event.challengers)
            )


def _named_by_registry(settings: Settings) -> Iterator[Reason]:
    if not (settings.models.tracking_uri or (settings.state.models / "registry.db").is_file()):
        return
    versions = ModelRegistry(settings).versions()
    for version in versions:
        for alias in version.aliases:
            yield version.model_id, f"the registry's {alias}, v{version.version}"
    last = audit_log(settings).to_undo()
    if last is not None:
        former = {last.before.champion, last.before.challenger}
        for version in versions:
            if version.version in former:
                yield version.model_id, f"`model rollback` goes back to v{version.version}"


def _named_by_states(
    settings: Settings, jobs: list[LiveJob], folders: list[Path], *, unread_state: bool
) -> Iterator[Reason]:
    """Yield models in retained states; for a state that can't be searched, all models stored before it."""
    running = {job.job_id for job in jobs}
    names = [folder.name for folder in folders]
    for state in find_states(settings, unread_state=unread_state):
        yield from ((name, f"state {state.folder}") for name in state.mentions(names))
        # The shards of a running job report the models of its checkpoints.
        if not state.searchable and state.job_id not in running:
            for folder in folders:
                if _stored_s(folder) <= state.taken_s:
                    yield folder.name, f"state {state.folder}, which can't be searched, may name it"


def _stored_s(folder: Path) -> float:
    return (folder / MODEL_FILE).stat().st_mtime


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
