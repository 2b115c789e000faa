"""Code uses the field's vocabulary: words that it replaced return neither in names, comments nor messages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT

FOLDERS = ("schemas", "models", "jobs", "producers", "fraudstream", "benchmarks", "dags", "docker", "requirements")
ENDINGS = {".py", ".js", ".html", ".j2", ".sql", ".yml", ".yaml", ".cfg", ".properties", ".toml"}
WORDS = {
    r"told|tells?|teller": "report, notify, parsed, fields",
    r"tak(?:e|es|en)_in": "add, ingest",
    r"anew": "again, reset",
    r"whatever": "any, all",
    r"beside": "next to, in addition to",
    r"who(?:m)?ever": "the person or service by its role",
    r"mend(?:s|ed|ing)?": "fix",
    r"judg(?:e|es|ed|ing)": "score, evaluate, measure",
    r"verdicts?": "label, review, scores",
    r"watchers?": "progress",
    r"fates?": "ingest status",
    r"peers?": "baselines",
    r"nobody": "the person or service by its role",
    r"certificates? (?:of parity|says)|parity certificates?|certif(?:y|ied|ies)": "parity report, self-test",
    r"once more": "again",
    r"for ever": "without end",
    r"goes? on": "continue",
    r"looked (?:at|for|into)": "searched, checked",
    r"stands? (?:in|for|beside)": "is in, means",
}
"""Pattern of former words, and what replaces them. Underscores and capitals separate the words of a name."""
ALLOWED = {
    "fraudstream/settings/former_names.py": r"\w+",  # the table of former names
    "fraudstream/exploration/views.sql": r"judged",  # the former name of a view
    "fraudstream/console/alert_routes.py": r"verdict",  # the former name of a field
    "models/training/search.py": r"tell",  # Optuna's method
    "schemas/codec.py": r"tell",  # a file's method
    "schemas/parsed_writer.py": r"tell",
    "fraudstream/imports/text_stream.py": r"tell",
    **{
        f"models/features/label_{part}.py": r"verdicts?"  # a field of the stored labels
        for part in ("batch", "facts", "kernel", "record")
    },
    "models/features/engine.py": r"verdicts?",
    "models/features/entities/entity_labels.py": r"verdicts?",
    "jobs/operators/label_blobs.py": r"verdicts?",
}


def code_files() -> list[Path]:
    """Return the files of the product and the benchmarks that people read and write."""
    return sorted(
        path for folder in FOLDERS for path in (PROJECT_ROOT / folder).rglob("*") if path.suffix in ENDINGS
    )  # fmt: skip


def words_found(text: str, allowed: str | None = None) -> Iterator[str]:
    """Give each former word of a file with its line and what replaces it."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, better in WORDS.items():
            for match in re.finditer(rf"(?<![a-zA-Z])(?:{pattern})(?![a-z])", line, re.IGNORECASE):
                if allowed is None or not re.fullmatch(allowed, match.group(), re.IGNORECASE):
                    yield f"line {number}: {match.group()} (better: {better})"


@pytest.mark.parametrize("folder", FOLDERS)
def test_code_has_no_former_word(folder):
    names = {str(path.relative_to(PROJECT_ROOT)): path for path in code_files()}
    found = {
        name: words
        for name, path in names.items()
        if name.startswith(f"{folder}/") and (words := list(words_found(path.read_text(), ALLOWED.get(name))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "def take_in(self):",
        "TOLD_AT_ONCE = 50",
        "self._judge(x)",
        "# Rules stand beside it",
        '"""Tells what is new."""',
    ],
)
def test_former_word_is_found_in_names_and_comments(line):
    assert len(list(words_found(line))) >= 1


def test_parts_of_other_words_are_none():
    assert list(words_found("amendment, fatal, intellect, besides, untold, motel")) == []
