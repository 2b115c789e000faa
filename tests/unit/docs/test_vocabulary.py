"""Pages use the field's vocabulary: words that it replaced do not return.

Code, commands and quoted messages are not prose, so fenced blocks and inline code are left out for words, and searched
for the former names of commands and settings.
"""

import re
from collections.abc import Iterator

import pytest

from fraudstream.settings import former_names
from fraudstream.system.folders import PROJECT_ROOT
from tests.markdown import pages

PAGES = [
    *(page for page in pages() if page.name != "CHANGELOG.md"),
    PROJECT_ROOT / "docker" / "README.md",
]
WORDS = {
    r"told|tells?|teller": "report, print, send, return",
    r"tak(?:e|es|en) in": "ingest, include",
    r"anew": "again, retrain, re-create",
    r"beside": "next to, in addition to, compared with",
    r"who(?:m)?ever|what so ever": "the person or service by its role",
    r"mend(?:s|ed|ing)?": "fix",
    r"judg(?:e|es|ed|ing)": "score, evaluate, measure",
    r"looks? (?:at|for|into)|a look": "check, search, read",
    r"(?:is|was|are|were) so": "the fact itself",
    r"of then|by whom": "the time or the person",
    r"once more": "again",
    r"for ever": "forever",
    r"made-up": "synthetic",
    r"lies|lay|lying": "is, is stored",
    r"stands? (?:in|there|beside)": "is listed, is in",
    r"nobody looked|nobody who": "the rule itself",
    r"goes? on": "continue, resume, run",
    r"orders?": "apply, deploy, deployment (of models and rules); sequence (of records)",
    r"fates?": "ingest status",
    r"certificates? of parity|parity certificates?|certif(?:y|ied|ies)": "parity report, verify",
    r"peers": "baselines",
    r"verdicts?": "label, review, decision",
    r"too dear": "too expensive",
    r"no chance": "beyond chance",
}
"""Pattern of former words, and what replaces them."""
ALLOWED = re.compile(r"\b(?:in the|out of|byte)\s+order\b")
"""Contexts in which a word means something else: here sorting."""
NAMES = {
    **{rf"(?:\bfraudstream |`){former}\b(?!` \|)": current for former, current in former_names.COMMANDS.items()},
    **{rf"(?<!\S){former}\b": name for words in former_names.WORDS.values() for former, name in words.items()},
    **{rf"\b{former.rpartition('.')[2]}\b": current for former, current in former_names.SETTINGS.items()},
}
"""Pattern of former commands, options and settings, and what replaces them. Alone in a cell, `serve` is an extra."""

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`[^`]*`")


def prose(text: str) -> str:
    """Return the text without fenced blocks, inline code and allowed contexts; lines keep their numbers."""
    for left_out in (_FENCED, _INLINE, ALLOWED):
        text = left_out.sub(lambda found: "\n" * found.group().count("\n"), text)
    return text


def words_found(text: str) -> Iterator[str]:
    """Yield each former word of a page with its line and what replaces it."""
    for number, line in enumerate(prose(text).splitlines(), 1):
        for pattern, better in WORDS.items():
            for match in re.finditer(rf"\b(?:{pattern})\b", line, re.IGNORECASE):
                yield f"line {number}: {match.group()} (better: {better})"


def names_found(text: str) -> Iterator[str]:
    """Yield each former command, option or setting of a page with its line and what replaces it."""
    for pattern, name in NAMES.items():
        for match in re.finditer(pattern.replace(" ", r"\s+"), text):
            number = text.count("\n", 0, match.start()) + 1
            yield f"line {number}: {match.group()} (now: {name})"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_page_has_no_former_word(page):
    assert list(words_found(page.read_text())) == []


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "configuration.md"],  # it lists the former names of settings
    ids=lambda page: str(page.relative_to(PROJECT_ROOT)),
)
def test_page_has_no_former_name(page):
    assert list(names_found(page.read_text())) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The job is told the name of a file.",
        "It is drift judged by hours.",
        "See what is missing, and how to mend it.",
        "Rules stand beside the model.",
        "It goes on.",
        "The newest order counts.",
        "Train anew.",
    ],
)
def test_former_word_is_found(sentence):
    assert len(list(words_found(f"# Page\n{sentence}\n"))) >= 1


def test_words_in_code_and_in_another_sense_pass():
    page = "```\nfraudstream tell\n```\nRun `fraudstream anew\ntold`, read in the order in which partitions come.\n"
    assert list(words_found(page)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Run `fraudstream serve`.",
        "Run `fraudstream\nmodel serve FOLDER`.",
        "Run `consistency`.",
        "```\ndlq replay --mend-keys\n```",
        "`least_frauds = 20`",
    ],
)
def test_former_name_is_found(text):
    assert len(list(names_found(text))) == 1
