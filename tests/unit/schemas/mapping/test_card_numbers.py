"""Detection of card numbers."""

import random

import pyarrow as pa
import pytest

from schemas.mapping.card_numbers import CardNumberCount, has_card_number, has_check_digit, masked
from tests.cards import TEST_CARDS, card_numbers


def counted(*texts):
    count = CardNumberCount()
    count.add(pa.array(texts, pa.string()))
    return count


@pytest.mark.parametrize("digits", TEST_CARDS)
def test_check_digit_of_a_card_number_is_valid_and_of_its_neighbour_not(digits):
    assert has_check_digit(digits)
    assert not has_check_digit(digits[:-1] + str((int(digits[-1]) + 1) % 10))


@pytest.mark.parametrize("shape", ["{}", "card {}!", "{} "])
def test_column_of_card_numbers_is_found_in_any_writing(shape):
    texts = [shape.format(digits) for digits in TEST_CARDS]
    assert counted(*texts).are_card_numbers
    grouped = [" ".join(digits[at : at + 4] for at in range(0, len(digits), 4)) for digits in TEST_CARDS]
    assert counted(*grouped).are_card_numbers
    assert counted(*(text.replace(" ", "-") for text in grouped)).are_card_numbers


def test_few_card_numbers_among_tokens_are_found():
    assert counted(*(f"tok-{number}" for number in range(1_000)), *TEST_CARDS[:3]).are_card_numbers


def test_column_is_found_when_its_parts_are():
    count = counted(TEST_CARDS[0], TEST_CARDS[1])
    assert not count.are_card_numbers
    count.add(pa.array([TEST_CARDS[2]]))
    assert count.are_card_numbers


@pytest.mark.parametrize("digits", [13, 15, 16, 19])
def test_numbers_with_random_check_digits_are_no_card_numbers(digits):
    source = random.Random(7)  # noqa: S311
    texts = [f"4{source.randrange(10 ** (digits - 2)):0{digits - 2}}{source.randrange(10)}" for _ in range(2_000)]
    assert not counted(*texts).are_card_numbers


def test_times_uuids_and_device_numbers_are_no_card_numbers():
    source = random.Random(7)  # noqa: S311
    times = [str(1_767_259_800_000 + number) for number in range(1_000)]
    uuids = ["-".join(f"{source.getrandbits(4 * size):0{size}x}" for size in (8, 4, 4, 4, 12)) for _ in range(1_000)]
    assert not counted(*times).are_card_numbers
    assert not counted(*uuids).are_card_numbers
    assert not counted(*card_numbers(200, "35", 15)).are_card_numbers


def test_card_number_is_masked_and_other_text_stays():
    texts = pa.array(["4111 1111 1111 1111", "4111 1111 1111 1112", "shop", None])
    assert masked(texts).to_pylist() == ["****1111", "4111 1111 1111 1112", "shop", None]


@pytest.mark.parametrize("card", TEST_CARDS)
def test_card_number_is_found_anywhere_in_a_text(card):
    assert has_card_number(f'{{"id": 1234567890123, "card": "{card[:4]} {card[4:]}"}}')
    assert not has_card_number(f'{{"card": "1{card}"}}')
    assert not has_card_number(f'{{"card": "{card[:-1]}{(int(card[-1]) + 1) % 10}"}}')
