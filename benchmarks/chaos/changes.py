"""Model swaps and rule changes of a chaos run."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from benchmarks.chaos.books import BOOKS, ChaosBook
from fraudstream.control.control_topic import publish_deployment, publish_rules
from fraudstream.devstack.stack import Services
from models.scoring.artifact import Artifact, load_artifact
from schemas.deployment import Deployment, Served
from schemas.rule_book import RuleBook


class Changes:
    """Publisher of deployments and rule books, each kind in rotation.

    Parameters
    ----------
    services
        Stack with the control topic.
    folders
        Model artifacts; the job starts with the first.
    """

    def __init__(self, services: Services, folders: Sequence[Path]) -> None:
        self._broker = services.broker
        artifacts = {folder: load_artifact(folder) for folder in folders}
        self.models: dict[str, Artifact] = {item.manifest.model_id: item for item in artifacts.values()}
        """Models by id."""
        self.books: dict[str, ChaosBook] = {}
        """Published rule books by id."""
        self._folders = cycle([*folders[1:], folders[0]])
        self._served = {
            folder: Served(
                model_id=item.manifest.model_id, location=str(folder.absolute()), sha256=item.manifest.onnx_sha256
            )
            for folder, item in artifacts.items()
        }
        self._books = cycle(BOOKS)

    def swap_model(self) -> str:
        """Deploy the next model; returns its id."""
        served = self._served[next(self._folders)]
        deployment = Deployment(
            deployment_id=str(uuid.uuid4()),
            changed_at=datetime.now(UTC),
            changed_by="chaos",
            reason="chaos",
            champion=served,
        )
        publish_deployment(self._broker, deployment)
        return served.model_id

    def change_rules(self) -> str:
        """Publish the next rule book; returns its id."""
        book = next(self._books)
        book_id = str(uuid.uuid4())
        # Stored before it is published: the job may use it at once.
        self.books[book_id] = book
        record = RuleBook(
            book_id=book_id,
            changed_at=datetime.now(UTC),
            changed_by="chaos",
            reason="chaos",
            rules=book.rules,
            lists=(),
            snoozes=(),
        )
        publish_rules(self._broker, record)
        return book_id
