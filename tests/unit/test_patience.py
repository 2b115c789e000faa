"""Integration tests give other processes the time that a busy machine needs."""

import ast

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from tests.patience import PATIENCE_S

FOLDERS = ("integration", "e2e")


def short_deadlines(source: str) -> list[int]:
    """Return the lines that assert a condition with a deadline of their own below PATIENCE_S."""
    waits = (
        call
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assert)
        for call in ast.walk(node.test)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "wait_until"
    )
    given = ((word.value, call.lineno) for call in waits for word in call.keywords if word.arg == "seconds")
    return [line for value, line in given if isinstance(value, ast.Constant) and value.value < PATIENCE_S]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_assertion_waits_for_less_than_the_shared_deadline(folder):
    files = sorted((PROJECT_ROOT / "tests" / folder).glob("*.py"))
    found = {file.name: lines for file in files if (lines := short_deadlines(file.read_text()))}
    assert found == {}


def test_short_deadline_is_found():
    assert short_deadlines("assert wait_until(done, seconds=10), log()") == [1]
