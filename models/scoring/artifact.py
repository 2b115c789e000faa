"""Model artifact: manifest, model and checks."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.features.former_names import by_present_name, present_names
from models.features.risk import RiskTable
from models.features.row_columns import RowColumns, names_with
from models.features.table import FEATURE_NAMES, TABLE_WIDTHS, spec_hash
from models.scoring.self_test import SelfTest
from models.whole_file import replace_file
from schemas.errors import UserError

ARTIFACT_VERSION = 1
"""Version of the folder's layout and of the manifest's fields."""

MODEL_FILE, MANIFEST_FILE = "model.onnx", "manifest.json"

LIBRARY_FILE = "library_model.txt"
"""Text of the library's own model, from which the ONNX graph was exported; kept for reference, not served."""


MODEL_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""Model ids name folders and records."""

CONTENT_ADDRESS = re.compile(r"-([0-9a-f]{64})$")
"""End of the name of a folder of the model store: the SHA-256 of its manifest.json, which has that of model.onnx."""


class ArtifactError(UserError):
    """A model artifact that cannot serve this version of the program."""


def _ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(later < earlier for earlier, later in pairwise(values)):
        raise ValueError("the numbers are not in ascending order")
    return values


def _risk_table(value: dict[str, Any]) -> dict[str, Any]:
    rates = value.get("rates")
    if value.keys() != {"prior", "rates"} or not isinstance(rates, dict):
        raise ValueError("a risk table is an object of prior and rates")
    for rate in (value["prior"], *rates.values()):
        # A NaN compares false; True is an int.
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise ValueError(f"a fraud rate is a number from 0 to 1, got {rate!r}")
    return value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Ascending = AfterValidator(_ascending)
ByFeature = AfterValidator(by_present_name)
RiskRates = Annotated[dict[str, Any], AfterValidator(_risk_table)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataFingerprint(_Part):
    """Identity of the training history: enough to recognise the file, not to rebuild it."""

    sha256: str
    rows: int
    first_event_time_ms: int
    last_event_time_ms: int


class Parity(_Part):
    """How far ONNX is from the library that trained the model, over `rows` rows made to find a difference."""

    rows: int
    threshold_rows: int
    max_difference: float
    bound: Annotated[float, Field(ge=0, le=1e-3)]
    decision_flips: int


class Reference(_Part):
    """Distribution of a feature, or of the score, over the validation rows: drift is measured against it."""

    mean: Finite
    deviation: Annotated[Finite, Field(ge=0)]
    deciles: Annotated[tuple[Finite, ...], Field(min_length=11, max_length=11), Ascending]


class SignalReference(_Part):
    """A drift signal over the validation rows, by the part of the week: see `models.drift.baseline`.

    `edges` part its histogram, whose rows `counts` has by the part of the week.
    """

    edges: Annotated[tuple[Finite, ...], Field(min_length=1, max_length=9), Ascending]
    means: tuple[Finite, ...] = Field(min_length=48, max_length=48)
    variances: tuple[Annotated[Finite, Field(ge=0)], ...] = Field(min_length=48, max_length=48)
    counts: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...] = Field(min_length=48, max_length=48)

    @model_validator(mode="after")
    def _check_histograms(self) -> "SignalReference":
        wrong = {len(row) for row in self.counts} - {len(self.edges) + 1}
        if wrong:
            raise ValueError(f"counts have a column more than there are edges: {len(self.edges) + 1}, got {min(wrong)}")
        return self


class LearnedColumn(_Part):
    """Declared column that the model reads, see `ColumnEncoding`."""

    name: str
    kind: Literal["number", "category", "flag", "time"]
    missing: Finite
    risk: RiskRates | None


class ReadAggregates(_Part):
    """Declared aggregates that the model reads, see `AggregateTables`."""

    tables: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    kinds: dict[str, Literal["number", "category", "flag", "time", "text"]]
    entities: dict[str, tuple[str, ...]]
    names: tuple[str, ...]
    missing: tuple[Finite, ...]


class LearnedColumns(_Part):
    """Declared columns and aggregates that the model reads after all other features, and their declaration's hash."""

    declaration: str
    columns: tuple[LearnedColumn, ...]
    aggregates: ReadAggregates | None = None

    @model_validator(mode="after")
    def _check_any(self) -> "LearnedColumns":
        if not self.columns and self.aggregates is None:
            raise ValueError("columns or aggregates are there, got neither")
        return self

    @classmethod
    def of(cls, row_columns: RowColumns) -> "LearnedColumns":
        """Return the columns as the manifest has them."""
        return cls.model_validate(row_columns.to_json())

    @property
    def row_columns(self) -> RowColumns:
        """The columns as features."""
        return RowColumns.from_json(self.model_dump())


class Manifest(_Part):
    """Everything about a model but its trees.

    Thresholds are float32 values, since the scores are. `metrics` are of the validation rows, all later than
    the rows trained on; `pr_auc` comes first. `recall_by_scenario` is by kind of fraud, from the review threshold
    on; `recall_at_1pct_alerts` when the 1 % with the highest scores are alerted. `usual_spread` is by feature how
    far genuine customers stray from their usual (see `models.scoring.unusual`). `reasons` says what the reasons of an
    alert are: contributions of the features to the model's log-odds, or, where the model has none, values far from
    the customer's usual. `self_test` is scored before a model serves, and `signals` is what drift is measured
    against; artifacts of earlier versions have neither. `declared` has the declared columns, None without any.
    """

    artifact_version: int = ARTIFACT_VERSION
    model_id: Annotated[str, Field(pattern=MODEL_ID_PATTERN)]
    metrics: dict[str, float]
    recall_by_scenario: dict[str, float] = {}
    recall_at_1pct_alerts: dict[str, float] = {}
    review_threshold: Share
    block_threshold: Share
    feature_spec_hash: str
    feature_names: Annotated[tuple[str, ...], AfterValidator(present_names)]
    onnx_sha256: str
    parity: Parity
    self_test: SelfTest | None = None
    data: DataFingerprint
    settings: dict[str, float | int | str]
    versions: dict[str, str]
    usual_spread: Annotated[dict[str, Annotated[Finite, Field(gt=0)]], ByFeature]
    reasons: Literal["contributions", "unusual values"] = "unusual values"
    category_risk: RiskRates
    type_risk: RiskRates
    declared: LearnedColumns | None = None
    reference: Annotated[dict[str, Reference], ByFeature]
    signals: dict[str, SignalReference] = {}

    @property
    def width(self) -> int:
        """Number of features that the model reads, the first columns of x."""
        return len(self.feature_names)

    @model_validator(mode="after")
    def _check_thresholds(self) -> "Manifest":
        if self.review_threshold > self.block_threshold:
            raise ValueError(
                f"review_threshold is at most block_threshold, got {self.review_threshold:g} and "
                f"{self.block_threshold:g}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A model with its manifest, checked against each other and against this version of the features.

    Parameters
    ----------
    onnx : bytes
        The serialised ONNX model.
    manifest_sha256 : str
        Of the manifest.json that it was read from; empty where it was read from none.
    """

    manifest: Manifest
    onnx: bytes
    manifest_sha256: str = field(default="", compare=False)

    @property
    def category_risk(self) -> RiskTable:
        """Fraud rates of merchant_category, as they were in training."""
        return RiskTable.from_json(self.manifest.category_risk)

    @property
    def type_risk(self) -> RiskTable:
        """Fraud rates of transaction_type, as they were in training."""
        return RiskTable.from_json(self.manifest.type_risk)

    @cached_property
    def row_columns(self) -> RowColumns | None:
        """Declared columns that the model reads, None without any."""
        return None if self.manifest.declared is None else self.manifest.declared.row_columns


def checksum(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hex digits."""
    return hashlib.sha256(content).hexdigest()


def write_artifact(folder: Path, artifact: Artifact) -> None:
    """Write ``model.onnx`` and ``manifest.json`` into ``folder``, which is made when absent.

    The manifest is written last and each file appears at once: a reader finds the old artifact, the new one,
    or a checksum that does not fit and is refused; never half a file.

    Raises
    ------
    ArtifactError
        The folder is one of the model store, which is never overwritten.
    """
    if CONTENT_ADDRESS.search(folder.name):
        raise ArtifactError(
            f"Expected a folder of your own for the model artifact, got {folder} of the model store, which running "
            "jobs read. Give another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / MODEL_FILE, artifact.onnx)
    # Without declared columns a manifest has the bytes that it had before there were any.
    declared = artifact.manifest.declared
    unset: dict[str, Any] = {}
    if declared is None:
        unset = {"declared": True}
    elif declared.aggregates is None:
        unset = {"declared": {"aggregates": True}}
    text = artifact.manifest.model_dump_json(indent=2, exclude=unset)
    replace_file(folder / MANIFEST_FILE, text.encode() + b"\n")


def load_artifact(folder: Path) -> Artifact:
    """Read an artifact and refuse what would score wrongly.

    Raises
    ------
    ArtifactError
        A file is missing or unreadable, the checksum of model.onnx is not the manifest's, the model was trained on
        features that this version does not compute, or a folder of the model store has another manifest than its name.
    """
    raw = _read(folder, MANIFEST_FILE)
    manifest_sha256, address = checksum(raw), CONTENT_ADDRESS.search(folder.name)
    if address and address[1] != manifest_sha256:
        raise ArtifactError(
            f"Model artifact {folder}: expected the SHA-256 of manifest.json {address[1]}, got {manifest_sha256}. "
            "The store's file was changed: remove the folder, and submit or deploy the model again"
        )
    manifest = _parse_manifest(folder, raw)
    onnx = _read(folder, MODEL_FILE)
    for name, (expected, was, advice) in _refusals(manifest, onnx).items():
        if expected != was:
            raise ArtifactError(f"Model artifact {folder}: expected {name} {expected}, got {was}. {advice}")
    return Artifact(manifest=manifest, onnx=onnx, manifest_sha256=manifest_sha256)


def _refusals(manifest: Manifest, onnx: bytes) -> Mapping[str, tuple[object, object, str]]:
    retrain = "Train the model again with this version: fraudstream train"
    changed = "model.onnx was changed or copied in part: copy the folder again, or train: fraudstream train"
    was = manifest.feature_spec_hash
    if manifest.declared is None:
        expected = was if was in TABLE_WIDTHS else spec_hash()
        names = FEATURE_NAMES[: TABLE_WIDTHS.get(was)]  # a former table is the beginning of the present one
    else:
        row_columns = manifest.declared.row_columns
        expected, names = row_columns.spec_hash, names_with(row_columns)
    return {
        "the feature spec hash": (expected, was, retrain),
        "the features": (names, manifest.feature_names, retrain),
        "the SHA-256 of model.onnx": (manifest.onnx_sha256, checksum(onnx), changed),
    }


def _parse_manifest(folder: Path, raw: bytes) -> Manifest:
    _require_version(folder, raw)
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ArtifactError(
            f"Model artifact {folder}: expected a manifest.json of version {ARTIFACT_VERSION}, got none at "
            f"{field} ({first['msg']}; {error.error_count()} errors). Train again: fraudstream train"
        ) from None


def _require_version(folder: Path, raw: bytes) -> None:
    """Refuse a manifest of a later version by its version, before its fields: these are others."""
    try:
        version = json.loads(raw)["artifact_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # reported field by field
    if version != ARTIFACT_VERSION:
        raise ArtifactError(
            f"Model artifact {folder}: expected version {ARTIFACT_VERSION}, got {version}. "
            "Train the model again with this version: fraudstream train"
        )


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"Model artifact {folder}: expected the file {name}, got: {error.strerror or error}. "
            "Give the folder that `fraudstream train` wrote"
        ) from None
