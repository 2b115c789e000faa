"""Texts of `fraudstream verify` about what it could not compare."""

import numpy as np
import pytest

from fraudstream.archive.inference_samples import Logged
from fraudstream.cli.verify import _parts
from models.scoring.consistency import Consistency
from models.scoring.recorded_sequences import NamedSequences
from tests.unit.scoring.inference_samples import sample

CONSISTENT = {
    "compared": 9, "missing": 0, "mismatching": 0, "disordered": 0, "shared_numbers": 0, "differences": {},
    "entities_uncertain": {},
}  # fmt: skip
LOGGED = Logged(
    sample=sample([[1]]),
    sequences=NamedSequences(
        np.empty(0, np.int64),
        np.empty(0, np.uint64),
        np.empty((0, 2), np.int64),
        np.empty((0, 2, 0), np.int64),
        np.empty((0, 0), np.int64),
    ),
    repeated=0,
    other_models=0,
    undecodable=0,
)


def texts(unrecorded, **found):
    return [str(part) for part in _parts(Consistency(**{**CONSISTENT, **found}), LOGGED, 0, unrecorded)][1:]


@pytest.mark.parametrize(
    ("unrecorded", "found", "expected"),
    [
        (0, {}, ["Identical"]),
        (7, {}, ["Identical"]),
        (7, {"entities_uncertain": {"merchant": 3}}, ["Identical", "7 transactions have no score"]),
        (0, {"shared_numbers": 2}, ["Not identical", "Sequence numbers are used twice"]),
    ],
)
def test_report_says_what_was_not_compared_and_what_to_do(unrecorded, found, expected):
    shown = texts(unrecorded, **found)
    assert len(shown) == len(expected)
    assert all(text.startswith(begin) for text, begin in zip(shown, expected, strict=True))
    assert "verify again" in shown[-1].lower() or shown[-1] == "Identical"
