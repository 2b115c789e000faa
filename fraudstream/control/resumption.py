"""Checks of the state that a job continues from, and the settings that follow from it, before anything is started."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from fraudstream.control.input_topics import BrokerTopics, advance_generations, note_topics
from fraudstream.control.savepoints import (
    check_savepoint,
    has_replaced_operators,
    is_unmarked,
    known_manifest,
    readable_folder,
)
from fraudstream.control.state_topics import StateTopics
from fraudstream.devstack.stack import Services
from fraudstream.settings.settings import Settings
from jobs.job_config import JobConfig
from jobs.state_manifest import StateManifest


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """Restore from a savepoint or a retained checkpoint.

    Parameters
    ----------
    savepoint
        Folder or URI.
    may_drop
        Uids of the operators whose state may be left behind; None: any.
    reset_topics
        Inputs that are read from their topic's first record, since it was deleted and created again.
    keep_topics
        Whether the job continues from the offsets of the state even where a topic was created again.
    """

    savepoint: str
    may_drop: frozenset[str] | None = frozenset()
    reset_topics: Collection[str] = ()
    keep_topics: bool = False

    def drops_state(self, settings: Settings) -> bool:
        """Return whether Flink has to leave state behind."""
        if self.may_drop is None or self.may_drop or self.reset_topics:
            return True
        return has_replaced_operators(self.savepoint, settings.state)

    def apply(self, services: Services, config: JobConfig) -> tuple[JobConfig, list[str]]:
        """Return a job's settings with those of the state, and notes for the user.

        Raises
        ------
        UserError
            The state does not fit the job, or its topics were created again.
        """
        manifest, topics = known_manifest(self.savepoint, services.settings.state), list(config.input_topics.values())
        state = StateTopics.read(manifest, readable_folder(self.savepoint), topics)
        config, left = advance_generations(config, state, self.reset_topics)
        config = replace(config, start_positions=state.start_positions(self.reset_topics))
        note = check_savepoint(
            self.savepoint,
            StateManifest.of(config),
            may_drop=None if self.may_drop is None else self.may_drop | left,
            unmarked_state=config.unmarked_state,
            noted=manifest,
        )
        broker = BrokerTopics.read(services.broker, topics)
        config, lines = note_topics(config, state, broker, self.reset_topics, keep=self.keep_topics)
        if readable_folder(self.savepoint) is not None:
            config = replace(config, unmarked_state=is_unmarked(self.savepoint))
        return config, [*([note] if note else []), *lines]
