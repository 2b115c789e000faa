"""Builders of tests are in separate modules."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
IMPORT = re.compile(r"^\s*(?:from tests\.(?:\w+\.)*test_\w+ import|import tests\.(?:\w+\.)*test_\w+)", re.MULTILINE)


def test_nothing_is_imported_from_a_test_module():
    found = [str(file.relative_to(TESTS)) for file in TESTS.rglob("*.py") if IMPORT.search(file.read_text())]
    assert found == []
