import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.features.risk import RiskTable
from models.features.table import FEATURE_NAMES, spec_hash
from models.scoring.self_test import SelfTest
from schemas.errors import UserError

ARTIFACT_VERSION = 1
"""Version of the folder's layout and of the manifest's fields."""

MODEL_FILE, MANIFEST_FILE = "model.onnx", "manifest.json"

LIBRARY_FILE = "library_model.txt"
"""What the model is exported from, in the text of the library that trained it: lies beside, and nothing serves it."""


class ArtifactError(UserError):
    """A model artifact that cannot serve this version of the program."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataFingerprint(_Part):
    """Which history a model was trained on: enough to recognise the file, not to rebuild it."""

    sha256: str
    rows: int
    first_event_time_ms: int
    last_event_time_ms: int


class Parity(_Part):
    """How far ONNX is from the library that trained the model, over `rows` rows made to find a difference."""

    rows: int
    threshold_rows: int
    max_difference: float
    bound: float
    decision_flips: int


class Reference(_Part):
    """Distribution of a feature, or of the score, over the validation rows: drift is measured against it."""

    mean: float
    deviation: float
    deciles: tuple[float, ...] = Field(min_length=11, max_length=11)


class SignalReference(_Part):
    """A drift signal over the validation rows, by the part of the week: see `models.drift.baseline`.

    `edges` part its histogram, whose rows `counts` has by the part of the week.
    """

    edges: tuple[float, ...] = Field(min_length=1, max_length=9)
    means: tuple[float, ...] = Field(min_length=48, max_length=48)
    variances: tuple[float, ...] = Field(min_length=48, max_length=48)
    counts: tuple[tuple[int, ...], ...] = Field(min_length=48, max_length=48)


class Manifest(_Part):
    """Everything about a model but its trees.

    Thresholds are float32 values, since the scores are. `metrics` are of the validation rows, all later than
    the rows trained on; `pr_auc` comes first. `recall_by_scenario` is by kind of fraud, from the review threshold
    on; `recall_at_1pct_alerts` when the 1 % with the highest scores are alerted. `usual_spread` is by feature how
    far genuine customers stray from their usual (see `models.scoring.unusual`). `reasons` says what the reasons of an
    alert are: what the model's features add to its log-odds, or, where the model does not tell, values far from the
    customer's usual. `self_test` is scored wherever the model is to serve, and `signals` is what drift is measured
    against; artifacts of earlier versions have neither.
    """

    artifact_version: int = ARTIFACT_VERSION
    model_id: str
    metrics: dict[str, float]
    recall_by_scenario: dict[str, float] = {}
    recall_at_1pct_alerts: dict[str, float] = {}
    review_threshold: float
    block_threshold: float
    feature_spec_hash: str
    feature_names: tuple[str, ...]
    onnx_sha256: str
    parity: Parity
    self_test: SelfTest | None = None
    data: DataFingerprint
    settings: dict[str, float | int | str]
    versions: dict[str, str]
    usual_spread: dict[str, float]
    reasons: Literal["contributions", "unusual values"] = "unusual values"
    category_risk: dict[str, Any]
    type_risk: dict[str, Any]
    reference: dict[str, Reference]
    signals: dict[str, SignalReference] = {}


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A model with its manifest, checked against each other and against this version of the features.

    Parameters
    ----------
    manifest : Manifest
    onnx : bytes
        The serialised ONNX model.
    """

    manifest: Manifest
    onnx: bytes

    @property
    def category_risk(self) -> RiskTable:
        """Fraud rates of merchant_category, as they were in training."""
        return RiskTable.from_json(self.manifest.category_risk)

    @property
    def type_risk(self) -> RiskTable:
        """Fraud rates of transaction_type, as they were in training."""
        return RiskTable.from_json(self.manifest.type_risk)


def checksum(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hex digits."""
    return hashlib.sha256(content).hexdigest()


def write_artifact(folder: Path, artifact: Artifact) -> None:
    """Write ``model.onnx`` and ``manifest.json`` into ``folder``, which is made when absent.

    The manifest is written last and each file appears at once: a reader finds the old artifact, the new one,
    or a checksum that does not fit and is refused; never half a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / MODEL_FILE, artifact.onnx)
    replace_file(folder / MANIFEST_FILE, artifact.manifest.model_dump_json(indent=2).encode() + b"\n")


def load_artifact(folder: Path) -> Artifact:
    """Read an artifact and refuse what would score wrongly.

    Raises
    ------
    ArtifactError
        A file is missing or unreadable, the checksum of model.onnx is not the manifest's, or the model was
        trained on other features than this version computes.
    """
    manifest = _read_manifest(folder)
    onnx = _read(folder, MODEL_FILE)
    refuse = _refusals(manifest, onnx)
    for name, (expected, was, advice) in refuse.items():
        if expected != was:
            raise ArtifactError(f"Model artifact {folder}: expected {name} {expected}, was {was}. {advice}")
    return Artifact(manifest=manifest, onnx=onnx)


def _refusals(manifest: Manifest, onnx: bytes) -> Mapping[str, tuple[object, object, str]]:
    retrain = "Train the model anew with this version: fraudstream train"
    changed = "model.onnx was changed or copied in part: copy the folder again, or train: fraudstream train"
    return {
        "version": (ARTIFACT_VERSION, manifest.artifact_version, retrain),
        "the feature spec hash": (spec_hash(), manifest.feature_spec_hash, retrain),
        "the features": (FEATURE_NAMES, manifest.feature_names, retrain),
        "the SHA-256 of model.onnx": (manifest.onnx_sha256, checksum(onnx), changed),
    }


def _read_manifest(folder: Path) -> Manifest:
    raw = _read(folder, MANIFEST_FILE)
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ArtifactError(
            f"Model artifact {folder}: expected a manifest.json of version {ARTIFACT_VERSION}, was none at "
            f"{place} ({first['msg']}; {error.error_count()} such places). Train anew: fraudstream train"
        ) from None


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"Model artifact {folder}: expected the file {name}, was: {error.strerror}. "
            "Give the folder that `fraudstream train` wrote"
        ) from None


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that appears at once, whole."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
