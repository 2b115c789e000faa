"""Each message of the troubleshooting page is in the sources."""

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
    """Return all string constants of the sources, one per line, with VALUE for the fields of an f-string."""
    found = []
    for package in ("schemas", "models", "jobs", "producers", "fraudstream"):
        for file in (PROJECT_ROOT / package).rglob("*.py"):
            found += [_text(node) for node in ast.walk(ast.parse(file.read_text()))]
    return "\n".join(text.replace("\n", " ") for text in found)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or VALUE for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_in_sources(message: str) -> bool:
    parts = [re.escape(part) for part in message.split(VALUE)]
    return re.search(".*".join(parts), texts()) is not None


@pytest.mark.parametrize("message", MESSAGES)
def test_message_of_the_page_is_in_the_sources(message):
    assert is_in_sources(message)


def test_unknown_message_is_not_in_the_sources():
    assert len(MESSAGES) > 30
    assert not is_in_sources("expected a running broker, but there is one for …")
