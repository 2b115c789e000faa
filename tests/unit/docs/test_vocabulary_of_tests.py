"""Tests use the field's vocabulary: the names that they define, their docstrings and comments."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT

TESTS = PROJECT_ROOT / "tests"
WORDS = re.compile(
    r"(?<![a-z])(?:told|tells?|teller|said|judg(?:e|es|ed|ing)|verdicts?|fates?|peers?|whoever|whatever|anew|beside|"
    r"mend(?:s|ed|ing)?|looks?[ _](?:at|for|into)|orders|ordered|lies|opinion|lessons?|once[ _]more|passed[ _]over)"
    r"(?![a-z])",
    re.IGNORECASE,
)
"""Words that the vocabulary replaced, also as parts of a name."""
QUOTED = re.compile(r"`[^`]*`")
LISTS = {"test_vocabulary.py", "test_vocabulary_of_tests.py", "test_help_texts.py"}
"""Tests that list the words."""


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the names that a module defines, each with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def sentences(source: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and comments of a module without inline code, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, QUOTED.sub("", node.value.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], QUOTED.sub("", token.string)


def former_words(source: str) -> list[str]:
    """List the former words of a module with their lines."""
    tree = ast.parse(source)
    found = [*names(tree), *sentences(source, tree)]
    return [f"line {line}: {word.group()}" for line, text in sorted(found) for word in WORDS.finditer(text)]


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in TESTS.rglob("*.py")}), ids=lambda folder: folder.name
)
def test_tests_of_a_folder_have_no_former_word(folder: Path) -> None:
    files = (file for file in sorted(folder.glob("*.py")) if file.name not in LISTS)
    found = {file.name: former_words(file.read_text()) for file in files}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def test_mistake_is_told():\n    pass",
        "told = 1",
        "class Verdict:\n    pass",
        "def check(ordered):\n    pass",
        '"""The rules beside the model."""',
        "x = 1  # looks for it",
    ],
)
def test_former_word_is_found(source: str) -> None:
    assert len(former_words(source)) == 1


def test_names_of_the_product_and_inline_code_pass() -> None:
    assert former_words('"""Run `fraudstream tell`."""\nscored.verdict.scores\nfind("told")\n') == []
