"""Columns of the model's input by kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features.table import FEATURES, Feature, Window


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureLayout:
    """Columns of x that a kernel writes, and the index of the fact of each.

    Parameters
    ----------
    windows_ms : ndarray of int64, (w,)
        Lengths of the kernel's windows, shortest first.
    columns : ndarray of int64, (c,)
        Indices in FEATURES.
    fact_indices : ndarray of int64, (c,)
        Index of each column among the facts of the kernel: the windowed ones for each window in turn, then the others.
    missing : ndarray of float32, (c,)
        Value of each column where its fact is NaN.
    """

    windows_ms: NDArray[np.int64]
    columns: NDArray[np.int64]
    fact_indices: NDArray[np.int64]
    missing: NDArray[np.float32]

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """windows_ms, columns, fact_indices and missing."""
        return self.windows_ms, self.columns, self.fact_indices, self.missing

    @classmethod
    def of(cls, windowed: tuple[str, ...], others: tuple[str, ...], windows: tuple[Window, ...]) -> FeatureLayout:
        """Return the layout of the FEATURES that a kernel with these facts writes."""
        indexed = [(column, fact_index(f, windowed, others, windows)) for column, f in enumerate(FEATURES)]
        written = [(column, index) for column, index in indexed if index is not None]
        return cls(
            windows_ms=np.array([window.length_ms for window in windows], np.int64),
            columns=np.array([column for column, _ in written], np.int64),
            fact_indices=np.array([index for _, index in written], np.int64),
            missing=np.array([FEATURES[column].missing for column, _ in written], np.float32),
        )


def fact_index(
    feature: Feature, windowed: tuple[str, ...], others: tuple[str, ...], windows: tuple[Window, ...]
) -> int | None:
    """Return the index of a feature among the facts of a kernel; None for another kernel.

    Raises
    ------
    ValueError
        The operation is this kernel's, the window is not.
    """
    name = feature.operation.value
    if name in windowed and feature.window in windows:
        return windows.index(feature.window) * len(windowed) + windowed.index(name)
    if name in others and feature.window is None:
        return len(windows) * len(windowed) + others.index(name)
    if name in (*windowed, *others):
        expected = ", ".join(window.name for window in windows) if name in windowed else "no window"
        raise ValueError(f"Feature {feature.name}: expected one of the windows {expected}, got {feature.window}")
    return None
