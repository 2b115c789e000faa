"""Card numbers that payment networks publish for tests, and random ones with valid check digits."""

import random

from schemas.mapping.card_numbers import has_check_digit

TEST_CARDS = (
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "6759649826438453",
)


def card_numbers(count: int, prefix: str = "4", length: int = 16, seed: int = 7) -> list[str]:
    """Return random numbers of a length that begin with a prefix and have valid check digits."""
    source = random.Random(seed)  # noqa: S311
    size = length - len(prefix) - 1
    begins = [prefix + f"{source.randrange(10**size):0{size}}" for _ in range(count)]
    return [next(f"{begin}{digit}" for digit in range(10) if has_check_digit(f"{begin}{digit}")) for begin in begins]
