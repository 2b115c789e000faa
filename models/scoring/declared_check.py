"""Check that a model reads the columns of a deployment's declaration."""

from models.scoring.artifact import ArtifactError, Manifest
from schemas.declaration.declaration import Declaration

SHOWN_DIGITS = 12
"""Digits of a hash that a message shows."""

MAX_NAMES = 8
"""Names of columns and features that a message shows."""


def require_declaration(manifest: Manifest, declaration: Declaration | None) -> None:
    """Refuse a model that was trained with another declaration; one without declared columns fits any.

    Raises
    ------
    ArtifactError
    """
    if manifest.declared is None:
        return
    expected = manifest.declared.declaration
    got = None if declaration is None else declaration.hash
    if got != expected:
        aggregates = () if manifest.declared.aggregates is None else manifest.declared.aggregates.names
        names = [*(column.name for column in manifest.declared.columns), *aggregates]
        shown = ", ".join(names[:MAX_NAMES]) + (", ..." if len(names) > MAX_NAMES else "")
        advice = (
            f"Set job.declaration to the file that declares {shown}"
            if got is None
            else "Train the model again with the present one, or set job.declaration to that of the training"
        )
        raise ArtifactError(
            f"Model {manifest.model_id}: expected the declaration {expected[:SHOWN_DIGITS]} that it was trained with, "
            f"got {'none' if got is None else got[:SHOWN_DIGITS]}. {advice}"
        )
