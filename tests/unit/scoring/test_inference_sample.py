"""Samples of the inference log."""

from dataclasses import replace

import numpy as np

from schemas.label_offset import label_entry, label_offset_text
from tests.unit.scoring.inference_samples import sample

AGAIN = label_entry(1, 0)


def test_sample_of_an_unchanged_topic_is_whole():
    remaining = sample([[5, 7], [6, 7]])
    found = remaining.of_present_labels()
    assert found.transactions == remaining.transactions
    assert found.label_offsets.tolist() == [[5, 7], [6, 7]]
    assert not remaining.knows_former_labels


def test_rows_based_on_a_recreated_labels_topic_are_left_out():
    remaining = sample([[500, 700], [AGAIN + 3, 700], [AGAIN + 4, AGAIN + 1]])
    found = remaining.of_present_labels()
    assert found.transactions == ["t1", "t2"]
    assert found.label_offsets.tolist() == [[3, 0], [4, 1]], "of partition 1 the first row knew none of the new topic"
    assert remaining.knows_former_labels


def test_sample_without_labels_or_rows_is_unchanged():
    assert len(sample(np.zeros((2, 0))).of_present_labels()) == 2
    empty = replace(sample([[1]]).take(np.array([], np.int64)))
    assert len(empty.of_present_labels()) == 0


def test_offset_is_shown_with_its_topic_only_if_that_was_recreated():
    assert label_offset_text(5) == "5"
    assert label_offset_text(2 * AGAIN + 5) == "5 (topic created again, 2)"
