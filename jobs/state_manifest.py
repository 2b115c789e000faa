"""Manifest of a savepoint: what its state depends on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from importlib.metadata import version
from typing import Any

from jobs.job_config import JobConfig
from jobs.operator_uids import SCORE_BATCH, is_replaced, marked, stateful_uids
from models.features.entities.entity_record import ENTITY_VERSION
from models.features.history import HISTORY_VERSION
from models.features.label_record import LABEL_RECORD_VERSION
from models.features.logged_transactions import LOG_VERSION
from models.scoring.artifact import load_artifact
from schemas.errors import UserError

FORM = 1
"""Version of the manifest itself."""

STATE_VERSIONS = {
    "histories": HISTORY_VERSION,
    "history_log": LOG_VERSION,
    "label_records": LABEL_RECORD_VERSION,
    "entities": ENTITY_VERSION,
}
"""Versions that this release writes. It reads all earlier ones, which are described where each is encoded."""


_SET_BACK = "set it back, or carry the state over with `fraudstream state export` and `state import` (docs/state.md)"


class StateMismatchError(UserError):
    """A savepoint that the job to start cannot continue from."""


@dataclass(frozen=True, kw_only=True)
class StateManifest:
    """Properties that the state of a job depends on: written next to each savepoint, compared at restore.

    The model and the feature table are recorded, not compared: features are computed from the histories at each
    transaction, and another model or table needs no other state.

    Attributes
    ----------
    fraudstream : str
        The version that wrote the state.
    mode, shards
        Of the job, see `JobConfig`.
    transactions : str
        The topic whose offsets the state has.
    labels : str or None
        The same for the labels, None when the job reads none.
    control : str or None
        The same for the deployments, None in versions that knew none.
    topic_ids, generations : dict
        Of those topics, see `JobConfig`; empty in versions that noted none.
    operators : tuple of str
        Uids of the operators with state.
    state_versions : dict
        See STATE_VERSIONS.
    start_positions : dict
        Of a state that was imported, whose sources have no offsets, see `jobs.start_positions`.
    model_id, feature_spec_hash : str
        Of the model that the job scored with.
    """

    fraudstream: str
    mode: str
    shards: int
    transactions: str
    labels: str | None
    operators: tuple[str, ...]
    state_versions: dict[str, int]
    model_id: str
    feature_spec_hash: str
    control: str | None = None
    topic_ids: dict[str, str] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    start_positions: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: JobConfig) -> StateManifest:
        """Return the manifest of the state that a job with these settings writes.

        Raises
        ------
        ArtifactError
            The model cannot serve this version.
        """
        model = load_artifact(config.model_folder).manifest
        return cls(
            fraudstream=version("fraudstream"),
            mode=config.mode,
            shards=config.shards,
            transactions=config.topics.transactions,
            labels=config.topics.labels if config.labels else None,
            control=config.topics.control,
            topic_ids=config.topic_ids,
            generations=config.generations,
            start_positions=config.start_positions,
            operators=tuple(sorted(_uids(config))),
            state_versions=STATE_VERSIONS,
            model_id=model.model_id,
            feature_spec_hash=model.feature_spec_hash,
        )

    def to_json(self) -> str:
        """Return the manifest as JSON, see `from_json`."""
        return json.dumps({"form": FORM, **asdict(self)}, indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> StateManifest:
        """Read what `to_json` wrote; what a newer version of the same form adds is passed over.

        Raises
        ------
        StateMismatchError
            The text is no manifest, or one of another form.
        """
        try:
            values: dict[str, Any] = dict(json.loads(text))
            was = values.pop("form", None)
            if was != FORM:
                raise StateMismatchError(
                    f"expected a manifest of form {FORM} next to the savepoint, got form {was}: "
                    "start the job with the version of fraudstream that wrote it"
                )
            known = {item.name: values[item.name] for item in fields(cls) if item.name in values or _needed(item)}
            return cls(**{**known, "operators": _texts(known["operators"]), "state_versions": _versions(known)})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            got = f"{type(error).__name__}: {error}"[:200]
            raise StateMismatchError(
                f"expected a manifest next to the savepoint, got something else ({got}). "
                "Restore the file, or remove it to start unchecked"
            ) from None

    def require_fit(self, job: StateManifest) -> None:
        """Refuse a job that cannot start from this state.

        Raises
        ------
        StateMismatchError
            With everything that does not fit.
        """
        refusals = [*self._refusals(job)]
        if refusals:
            raise StateMismatchError("This savepoint does not fit the job.\n" + "\n".join(refusals))

    @property
    def unmarked(self) -> bool:
        """Whether the state is of a version whose uids named neither shards nor mode, see `operator_uids.marked`."""
        return SCORE_BATCH in self.operators

    def lost_operators(self, job: StateManifest) -> list[str]:
        """Return the uids whose state a job would not restore, though its version needs it."""
        found = {marked(uid, mode=self.mode, shards=self.shards) for uid in self.operators if not is_replaced(uid)}
        return sorted(found - set(job.operators))

    def _refusals(self, job: StateManifest) -> Iterator[str]:
        fixed = (
            ("mode", "job.mode", f"Flink names the state of the two modes differently: {_SET_BACK}"),
            ("shards", "job.shards", f"the state is kept by shard: {_SET_BACK}"),
            ("transactions", "topics.transactions", "its offsets are those of that topic: set it back"),
        )
        for name, setting, advice in fixed:
            was, wanted = getattr(self, name), getattr(job, name)
            if was != wanted:
                yield f"expected {setting} to be {was!r} as in the savepoint, got {wanted!r}: {advice}"
        for name in ("labels", "control"):
            was, wanted = getattr(self, name), getattr(job, name)
            if was and wanted and was != wanted:
                yield (
                    f"expected topics.{name} to be {was!r} as in the savepoint, got {wanted!r}: "
                    "its offsets are those of that topic: set it back"
                )
        for name, number in self.state_versions.items():
            known = job.state_versions.get(name, 0)
            if number > known:
                yield (
                    f"expected {name} of version {known} or older in the state, got {number}: "
                    f"start it with fraudstream {self.fraudstream} or newer, which wrote it"
                )


def _uids(config: JobConfig) -> set[str]:
    return stateful_uids(
        labels=config.labels,
        standby=config.standby,
        mode=config.mode,
        shards=config.shards,
        generations=config.generations,
    )


def _texts(parsed: Any) -> tuple[str, ...]:
    if not (isinstance(parsed, list) and all(isinstance(uid, str) for uid in parsed)):
        raise TypeError("operators are a list of texts")
    return tuple(parsed)


def _versions(parsed: Mapping[str, Any]) -> dict[str, int]:
    versions = parsed["state_versions"]
    if not (isinstance(versions, dict) and all(type(number) is int for number in versions.values())):
        raise TypeError("state_versions is an object of whole numbers")
    return versions


def _needed(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING
