"""Docstrings begin with a noun phrase or an imperative, never with a question word."""

import ast

import pytest

from fraudstream.system.folders import PROJECT_ROOT

QUESTION_WORDS = {"What", "Who", "Whose", "Where", "Which"}
FOLDERS = [
    "benchmarks",
    "dags",
    "docker",
    "fraudstream",
    "jobs",
    "models",
    "producers",
    "schemas",
    "tests",
]


def questions(source: str) -> list[str]:
    """List the docstrings of a source, including those below fields, that begin with a question word."""
    texts = [
        node.value.value.strip()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return [text for text in texts if text and text.split(maxsplit=1)[0].rstrip(",:") in QUESTION_WORDS]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_with_a_question_word(folder: str) -> None:
    files = {str(file.relative_to(PROJECT_ROOT)): file for file in sorted((PROJECT_ROOT / folder).rglob("*.py"))}
    found = {name: questions(file.read_text()) for name, file in files.items()}
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    "source",
    [
        '"""What a page shows."""',
        'class Page:\n    """Whose page it is."""',
        'def page():\n    """Which, of all, is shown."""',
        'LIMIT = 3\n"""Where it ends."""',
    ],
)
def test_question_is_found(source: str) -> None:
    assert len(questions(source)) == 1


def test_noun_phrase_and_imperative_pass() -> None:
    assert questions('"""Pages."""\ndef page():\n    """Return the page, whose name is `page`."""') == []
