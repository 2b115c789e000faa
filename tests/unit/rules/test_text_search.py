"""Search of texts by hash."""

import numpy as np
import pyarrow as pa
import pytest

from models.rules.text_search import search_texts, warm_up_search
from schemas.arrow_buffers import string_data, string_offsets

NEVER = np.iinfo(np.int64).max


@pytest.fixture(autouse=True)
def compiled():
    warm_up_search()


def search(texts, among, *, hashes, sorted_hashes):
    """Return which texts are among others, with the given hashes."""
    ours, others = pa.array(texts, pa.string()), pa.array(among, pa.string())
    found = np.empty(len(texts), np.bool_)
    search_texts(
        string_offsets(ours), string_data(ours), 0, np.array(hashes, np.uint64), np.zeros(len(texts), np.int64),
        np.ones(16, np.bool_), np.array(sorted_hashes, np.uint64), string_offsets(others), string_data(others),
        np.full(len(among), NEVER), found,
    )  # fmt: skip
    return found.tolist()


def test_other_text_of_the_same_hash_does_not_match():
    assert search(["aa", "a", "ab", "b"], ["ab"], hashes=[7, 7, 7, 7], sorted_hashes=[7]) == [False, False, True, False]
    assert search(["abc"], ["ab"], hashes=[7], sorted_hashes=[7]) == [False]


def test_each_of_several_texts_of_the_same_hash_is_found():
    among = ["x", "ab", "cd", "y"]
    assert search(["cd", "ab", "zz"], among, hashes=[7, 7, 7], sorted_hashes=[3, 7, 7, 9]) == [True, True, False]
