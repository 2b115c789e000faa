"""A declaration's file, with its features checked."""

from pathlib import Path

from models.features.row_columns import require_own_names
from schemas.declaration.declaration import Declaration
from schemas.declaration.declaration_file import read_declaration


def read_checked_declaration(path: Path) -> Declaration:
    """Read a declaration.

    Raises
    ------
    DeclarationError
        It is missing, or has mistakes.
    """
    found = read_declaration(path)
    require_own_names(found)
    if found.raw_features:
        from models.declared.declared_features import declared_features  # noqa: PLC0415 - loads numba

        declared_features(found)  # refuses mistakes
    return found
