"""Each message of the troubleshooting page must still be one that the code can give."""

import ast
import re
from functools import cache

import pytest

from fraudstream.system.folders import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "troubleshooting.md").read_text()
MESSAGES = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
VALUE = "…"


@cache
def texts() -> str:
    """Return all texts of the sources, a line for each; what an f-string fills in is VALUE."""
    found = []
    for package in ("schemas", "models", "jobs", "producers", "fraudstream"):
        for file in (PROJECT_ROOT / package).rglob("*.py"):
            found += [_text(node) for node in ast.walk(ast.parse(file.read_text()))]
    return "\n".join(text.replace("\n", " ") for text in found)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or VALUE for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_given(message: str) -> bool:
    parts = [re.escape(part) for part in message.split(VALUE)]
    return re.search(".*".join(parts), texts()) is not None


@pytest.mark.parametrize("message", MESSAGES)
def test_message_of_the_page_is_in_the_sources(message):
    assert is_given(message)


def test_messages_are_found_and_a_strange_one_is_noticed():
    assert len(MESSAGES) > 30
    assert not is_given("expected a running broker, but there is one for …")
