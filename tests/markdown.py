"""The pages that users read, and what stands in them as code."""

import re
from collections.abc import Iterator
from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")


def pages() -> list[Path]:
    """List README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md."""
    return [*sorted(PROJECT_ROOT.glob("*.md")), *sorted((PROJECT_ROOT / "docs").glob("*.md"))]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Give each fenced block as (language, code)."""
    yield from _FENCED.findall(text)


def inline(text: str) -> list[str]:
    """List the code that stands within sentences; a line end in it is a blank."""
    return [" ".join(code.split()) for code in _INLINE.findall(_FENCED.sub("", text))]
