"""The pages of the documentation and their code."""

import re
from collections.abc import Iterator
from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")


def pages() -> list[Path]:
    """List README.md, CONTRIBUTING.md, CHANGELOG.md, docs/*.md and the pages of examples/."""
    folders = PROJECT_ROOT.glob("*.md"), (PROJECT_ROOT / "docs").glob("*.md"), (PROJECT_ROOT / "examples").rglob("*.md")
    return [page for found in folders for page in sorted(found)]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each fenced block as (language, code)."""
    yield from _FENCED.findall(text)


def inline(text: str) -> list[str]:
    """List the inline code of sentences, with line breaks as blanks."""
    return [" ".join(code.split()) for code in _INLINE.findall(_FENCED.sub("", text))]
