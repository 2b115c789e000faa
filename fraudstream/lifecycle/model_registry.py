"""Model registry in MLflow."""

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
from models.scoring.artifact import LIBRARY_FILE, MANIFEST_FILE, MODEL_FILE, Artifact, Manifest, checksum
from models.scoring.loaded_model import load_tested
from schemas.errors import UserError
from schemas.s3_path import S3Path

LOG = logging.getLogger("fraudstream.models")

REPORT_FILE = "report.html"
"""Training report in the folder of the artifact."""

ARTIFACT = "model"
"""Folder of the model in the artifacts of a run."""

MODEL_ID, ONNX_SHA256, MANIFEST_SHA256, SHARE = "model_id", "onnx_sha256", "manifest_sha256", "share"
"""Tags of a version."""


class ModelRegistry:
    """Model versions in MLflow: artifacts, metrics and aliases.

    Creating a registry imports MLflow, which takes seconds.

    Parameters
    ----------
    settings
        Settings with `models.tracking_uri`; without it a SQLite file under the state folder.

    Raises
    ------
    NotReady
        MLflow does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        os.environ.update(QUIET)
        # The default retries an unreachable server for minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        from mlflow.tracking import MlflowClient  # noqa: PLC0415  (takes seconds)

        # Creating the tables logs to standard error.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self._name, self._foreign_logged = settings.models.name, False
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
        """Register the artifact in a folder, or return its existing version.

        Returns
        -------
        version : ModelVersion
        new : bool
            Whether the version was created.

        Raises
        ------
        ArtifactError
            The folder has no artifact that this program version can serve.
        """
        manifest = load_tested(folder).manifest
        manifest_sha256 = checksum((folder / MANIFEST_FILE).read_bytes())
        with self._answering():
            for version in self._versions():
                if version.tags.get(MANIFEST_SHA256) == manifest_sha256:
                    return self._version(version, self._aliases()), False
            run_id = self._record_run(manifest, folder)
            self._create_model()
            made = self._client.create_model_version(
                self._name,
                source=f"{self._client.get_run(run_id).info.artifact_uri}/{ARTIFACT}",
                run_id=run_id,
                tags={MODEL_ID: manifest.model_id, ONNX_SHA256: manifest.onnx_sha256, MANIFEST_SHA256: manifest_sha256},
            )
            return self._version(made, {}), True

    def versions(self) -> list[ModelVersion]:
        """Return all versions, newest first."""
        with self._answering():
            found = self._versions()
            aliases = self._aliases() if found else {}
            return [self._version(version, aliases) for version in found]

    def find(self, name: str) -> ModelVersion:
        """Return the version with a number, alias or model id; the newest of several.

        Raises
        ------
        UserError
            There is none.
        """
        known = self.versions()
        for version in known:
            if name in {str(version.version), f"v{version.version}", version.model_id, *version.aliases}:
                return version
        names = (
            ", ".join(version.name for version in known[:10])
            or "none. Register one with `fraudstream model push FOLDER`"
        )
        raise UserError(f"expected a registered model {name!r} (a number, an alias or a model id), found {names}")

    def alias(self, alias: str) -> ModelVersion | None:
        """Return the version with an alias, if any."""
        return next((version for version in self.versions() if alias in version.aliases), None)

    def set_serving(self, serving: Serving) -> None:
        """Set the aliases to the versions that score."""
        with self._answering():
            if serving.challenger is not None:
                self._client.set_model_version_tag(self._name, str(serving.challenger), SHARE, str(serving.share))
            for alias, version in ((CHAMPION, serving.champion), (CHALLENGER, serving.challenger)):
                if version is not None:
                    self._client.set_registered_model_alias(self._name, alias, str(version))
                else:
                    self._client.delete_registered_model_alias(self._name, alias)

    def load(self, version: ModelVersion) -> Artifact:
        """Return the artifact of a version, verified against its registered checksums.

        Raises
        ------
        UserError
            The artifact was changed, or can't serve.
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
                    f"expected {version.name} to have a {name} of SHA-256 {expected}, as registered, got {got}. "
                    "The files of the store were changed: push the model again"
                )
        return artifact

    def download(self, version: ModelVersion, folder: Path) -> Path:
        """Download the files of a version into a folder, and return the folder of the artifact."""
        with self._answering():
            return Path(self._client.download_artifacts(version.run_id, ARTIFACT, str(folder)))

    def _record_run(self, manifest: Manifest, folder: Path) -> str:
        """Record the training as a run, with the files of the folder."""
        run = self._client.create_run(self._experiment(), run_name=manifest.model_id)
        run_id = str(run.info.run_id)
        for name, value in {**manifest.settings, **_flat("data", manifest.data.model_dump())}.items():
            self._client.log_param(run_id, name, value)
        for name, number in _metrics(manifest).items():
            self._client.log_metric(run_id, name, number)
        for name, text in {"feature_spec_hash": manifest.feature_spec_hash, **manifest.versions}.items():
            self._client.set_tag(run_id, name, text)
        with tempfile.TemporaryDirectory() as own:
            for name in (MODEL_FILE, MANIFEST_FILE, LIBRARY_FILE, REPORT_FILE):
                file = folder / name
                if file.is_file():
                    self._client.log_artifact(run_id, str(_local(file, Path(own))), ARTIFACT)
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
        """Return the versions that `push` registered; other MLflow users may register more under the name."""
        found = _every(self._client.search_model_versions, f"name = '{self._name}'")
        ours = [version for version in found if _is_ours(version)]
        if len(ours) < len(found) and not self._foreign_logged:
            self._foreign_logged = True
            numbers = ", ".join(str(version.version) for version in found if version not in ours)
            LOG.warning(
                "skipped versions of %s that `fraudstream model push` did not register: %s", self._name, numbers
            )
        return ours

    def _version(self, version: Any, aliases: dict[str, tuple[str, ...]]) -> ModelVersion:
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
        # Search results have no aliases; the registered model has all.
        found: dict[str, tuple[str, ...]] = {}
        for alias, version in sorted(self._client.get_registered_model(self._name).aliases.items()):
            found[str(version)] = (*found.get(str(version), ()), alias)
        return found

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn errors of MLflow into NotReady."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            yield
        except MlflowException as error:
            raise NotReady(
                f"expected MLflow to answer at {self._uri}, got: {str(error).splitlines()[0]}. Start it, or correct "
                "models.tracking_uri (its login: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD)"
            ) from None


def _local(file: Path, folder: Path) -> Path:
    """Return a file, or its copy in a folder: MLflow reads local files only."""
    if not isinstance(file, S3Path):
        return file
    copy = folder / file.name
    copy.write_bytes(file.read_bytes())
    return copy


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
    """Parse a share from a tag that any user may write; 0 if invalid."""
    try:
        share = float(text)
    except ValueError:
        return 0.0
    return share if 0 <= share <= 1 else 0.0


def _every(search: Any, question: str) -> list[Any]:
    """Return the results of all pages, newest version first."""
    found, token = [], None
    while True:
        page = search(question, page_token=token)
        found += page
        token = page.token
        if not token:
            return sorted(found, key=lambda version: -int(version.version))
