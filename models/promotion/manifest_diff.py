"""Differences between the manifests of two models."""

from collections.abc import Iterator
from typing import Any

from models.scoring.artifact import Manifest

LEFT_OUT = {"reference", "usual_spread", "self_test", "feature_names"}
"""Hundreds of numbers that differ between any two trainings."""


def manifest_diff(a: Manifest, b: Manifest) -> dict[str, tuple[Any, Any]]:
    """Return what two manifests say otherwise, by dotted name; None where one says nothing."""
    first, second = (dict(_leaves("", one.model_dump(mode="json", exclude=LEFT_OUT))) for one in (a, b))
    names = dict.fromkeys((*first, *second))
    return {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(f"{prefix}.{name}" if prefix else name, part)
    else:
        yield prefix, value
