"""The page of features lists all of the table, and no other."""

import re
from itertools import product

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from models.features.entities.entity_record import BLOOM_ADDS, RECENT, REGISTERS
from models.features.table import CUSTOMER_FEATURES, FEATURE_NAMES

PAGE, _, FORMER = (PROJECT_ROOT / "docs" / "features.md").read_text().partition("other names in earlier versions")


def expanded(pattern: str) -> list[str]:
    """Return the names that a pattern with braces stands for."""
    parts = [part.split(",") for part in re.split(r"[{}]", pattern)]
    return ["".join(chosen) for chosen in product(*parts)]


def test_every_feature_is_in_the_first_column_of_a_table_once():
    cells = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
    names = [name for cell in cells for pattern in re.findall(r"`([^`]+)`", cell) for name in expanded(pattern)]
    assert sorted(names) == sorted(FEATURE_NAMES)


@pytest.mark.parametrize(
    "figure",
    [
        f"{len(FEATURE_NAMES)} numbers",
        f"{len(CUSTOMER_FEATURES)} of the customer",
        f"newest {RECENT} transactions",
        f"{REGISTERS} registers",
        f"standard error {1.04 / REGISTERS**0.5:.0%}".replace("%", " %"),
        f"last {BLOOM_ADDS} to {2 * BLOOM_ADDS} customers",
    ],
)
def test_figures_of_the_page_are_those_of_the_code(figure):
    assert figure in PAGE


def test_patterns_are_expanded():
    assert expanded("{a,b}_{1,2}_c") == ["a_1_c", "a_2_c", "b_1_c", "b_2_c"]
    assert expanded("plain") == ["plain"]
