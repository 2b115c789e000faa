"""Base class of the sections of the settings."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Section of the settings: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
