"""Model registry in MLflow."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fraudstream.lifecycle.audit_log import Serving
from fraudstream.lifecycle.model_version import CHALLENGER, CHAMPION, ModelVersion
from fraudstream.settings.settings import Settings
from fraudstream.system.environment import QUIET
from fraudstream.system.failures import NotReady
from models.scoring.artifact import (
    LIBRARY_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    Artifact,
    Manifest,
    checksum,
)
from models.scoring.loaded_model import load_tested
from schemas.errors import UserError

LOG = logging.getLogger("fraudstream.models")

REPORT_FILE = "report.html"
"""What `fraudstream train` writes beside the artifact."""

ARTIFACT = "model"
"""Folder of a run's artifacts that holds the model."""

MODEL_ID, ONNX_SHA256, MANIFEST_SHA256, SHARE = "model_id", "onnx_sha256", "manifest_sha256", "share"
"""Tags of a version."""


class ModelRegistry:
    """Versions of the model, their artifacts, what was measured of each, and which is champion: kept by MLflow.

    MLflow takes seconds to import, so whoever does not need the registry should not make one.

    Parameters
    ----------
    settings
        Which MLflow: `models.tracking_uri`, or a SQLite file under the state folder.

    Raises
    ------
    NotReady
        It does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        os.environ.update(QUIET)
        # By itself it tries a server that is down for minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        from mlflow.tracking import MlflowClient  # noqa: PLC0415  (takes seconds)

        # Of the making of its tables it tells on standard error.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self._name, self._foreign_told = settings.models.name, False
        self._artifacts: str | None = None
        uri = settings.models.tracking_uri
        if uri is None:
            folder = settings.state.models
            folder.mkdir(parents=True, exist_ok=True)
            uri, self._artifacts = f"sqlite:///{folder / 'registry.db'}", (folder / "artifacts").as_uri()
        self._uri = uri
        with self._answering():
            self._client: Any = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def push(self, folder: Path) -> tuple[ModelVersion, bool]:
        """Register the artifact in a folder; one that is registered already is found again.

        Returns
        -------
        version : ModelVersion
        new : bool
            Whether it was not there before.

        Raises
        ------
        ArtifactError
            The folder holds none that this version of the program can serve.
        """
        manifest = load_tested(folder).manifest
        manifest_sha256 = checksum((folder / MANIFEST_FILE).read_bytes())
        with self._answering():
            for version in self._versions():
                if version.tags.get(MANIFEST_SHA256) == manifest_sha256:
                    return self._told(version, self._aliases()), False
            run_id = self._record_run(manifest, folder)
            self._create_model()
            made = self._client.create_model_version(
                self._name,
                source=f"{self._client.get_run(run_id).info.artifact_uri}/{ARTIFACT}",
                run_id=run_id,
                tags={
                    MODEL_ID: manifest.model_id,
                    ONNX_SHA256: manifest.onnx_sha256,
                    MANIFEST_SHA256: manifest_sha256,
                },
            )
            return self._told(made, {}), True

    def versions(self) -> list[ModelVersion]:
        """Return all versions, the newest first."""
        with self._answering():
            found = self._versions()
            aliases = self._aliases() if found else {}
            return [self._told(version, aliases) for version in found]

    def find(self, wanted: str) -> ModelVersion:
        """Return the version with this number, alias or model id; of several with the id the newest.

        Raises
        ------
        UserError
            There is none.
        """
        known = self.versions()
        for version in known:
            if wanted in {str(version.version), f"v{version.version}", version.model_id, *version.aliases}:
                return version
        names = ", ".join(version.name for version in known[:10]) or "none: `fraudstream model push FOLDER`"
        raise UserError(
            f"expected a registered model {wanted!r} (a number, an alias or a model id), but there is {names}"
        )

    def alias(self, alias: str) -> ModelVersion | None:
        """Return the version that an alias names, None where there is none."""
        return next((version for version in self.versions() if alias in version.aliases), None)

    def set_serving(self, serving: Serving) -> None:
        """Let the aliases say which versions score."""
        with self._answering():
            if serving.challenger is not None:
                self._client.set_model_version_tag(self._name, str(serving.challenger), SHARE, str(serving.share))
            for alias, version in ((CHAMPION, serving.champion), (CHALLENGER, serving.challenger)):
                if version is not None:
                    self._client.set_registered_model_alias(self._name, alias, str(version))
                else:
                    self._client.delete_registered_model_alias(self._name, alias)

    def load(self, version: ModelVersion) -> Artifact:
        """Return a version's artifact, checked against what was registered.

        Raises
        ------
        UserError
            It is another by now, or can't serve.
        """
        with tempfile.TemporaryDirectory() as folder:
            artifact = load_tested(self.download(version, Path(folder)))
        files = {
            MODEL_FILE: (version.onnx_sha256, artifact.manifest.onnx_sha256),
            MANIFEST_FILE: (version.manifest_sha256 or artifact.manifest_sha256, artifact.manifest_sha256),
        }
        for name, (expected, got) in files.items():
            if expected != got:
                raise UserError(
                    f"expected {version.name} to have a {name} of SHA-256 {expected}, as it was registered, got {got}: "
                    "somebody changed the store's files, so push the model again"
                )
        return artifact

    def download(self, version: ModelVersion, folder: Path) -> Path:
        """Put a version's files into a folder, and return where the artifact lies in it."""
        with self._answering():
            return Path(self._client.download_artifacts(version.run_id, ARTIFACT, str(folder)))

    def _record_run(self, manifest: Manifest, folder: Path) -> str:
        """Record what `train` measured as a run, with the folder's files."""
        run = self._client.create_run(self._experiment(), run_name=manifest.model_id)
        run_id = str(run.info.run_id)
        for name, value in {**manifest.settings, **_flat("data", manifest.data.model_dump())}.items():
            self._client.log_param(run_id, name, value)
        for name, number in _metrics(manifest).items():
            self._client.log_metric(run_id, name, number)
        for name, text in {"feature_spec_hash": manifest.feature_spec_hash, **manifest.versions}.items():
            self._client.set_tag(run_id, name, text)
        for file in (MODEL_FILE, MANIFEST_FILE, LIBRARY_FILE, REPORT_FILE):
            if (folder / file).is_file():
                self._client.log_artifact(run_id, str(folder / file), ARTIFACT)
        self._client.set_terminated(run_id)
        return run_id

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(self._name, artifact_location=self._artifacts))

    def _create_model(self) -> None:
        if not self._client.search_registered_models(f"name = '{self._name}'"):
            self._client.create_registered_model(self._name)

    def _versions(self) -> list[Any]:
        """Return the versions that `push` registered: whoever may use MLflow may register others under the name."""
        found = _every(self._client.search_model_versions, f"name = '{self._name}'")
        ours = [version for version in found if _is_ours(version)]
        if len(ours) < len(found) and not self._foreign_told:
            self._foreign_told = True
            numbers = ", ".join(str(version.version) for version in found if version not in ours)
            LOG.warning(
                "skipped versions of %s that `fraudstream model push` did not register: %s", self._name, numbers
            )
        return ours

    def _told(self, version: Any, aliases: dict[str, tuple[str, ...]]) -> ModelVersion:
        return ModelVersion(
            version=int(version.version),
            model_id=version.tags[MODEL_ID],
            onnx_sha256=version.tags[ONNX_SHA256],
            manifest_sha256=version.tags.get(MANIFEST_SHA256, ""),
            registered_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
            run_id=version.run_id,
            aliases=aliases.get(str(version.version), ()),
            share=_share(version.tags.get(SHARE, "0")),
            metrics=dict(self._client.get_run(version.run_id).data.metrics),
        )

    def _aliases(self) -> dict[str, tuple[str, ...]]:
        # A search gives versions without theirs; the registered model has all.
        found: dict[str, tuple[str, ...]] = {}
        for alias, version in sorted(self._client.get_registered_model(self._name).aliases.items()):
            found[str(version)] = (*found.get(str(version), ()), alias)
        return found

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Say of an error of MLflow's what it means."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            yield
        except MlflowException as error:
            raise NotReady(
                f"expected an answer of MLflow at {self._uri}, but: {str(error).splitlines()[0]}: start it, or correct "
                "models.tracking_uri (its login: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD)"
            ) from None


def _metrics(manifest: Manifest) -> dict[str, float]:
    return {
        **manifest.metrics,
        **_flat("recall", manifest.recall_by_scenario),
        **_flat("recall_at_1pct_alerts", manifest.recall_at_1pct_alerts),
        "review_threshold": manifest.review_threshold,
        "block_threshold": manifest.block_threshold,
        "parity_max_difference": manifest.parity.max_difference,
    }


def _flat(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _is_ours(version: Any) -> bool:
    return bool(version.run_id) and {MODEL_ID, ONNX_SHA256} <= version.tags.keys()


def _share(text: str) -> float:
    """Read a tag that anyone may write; what is no share is none."""
    try:
        share = float(text)
    except ValueError:
        return 0.0
    return share if 0 <= share <= 1 else 0.0


def _every(search: Any, question: str) -> list[Any]:
    """Return all pages of an answer, the newest version first."""
    found, token = [], None
    while True:
        page = search(question, page_token=token)
        found += page
        token = page.token
        if not token:
            return sorted(found, key=lambda version: -int(version.version))
