"""Links within the project have an existing target, and files that pages name exist."""

import re
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from tests.markdown import inline, pages

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"(?:benchmarks|dags|docker|exploration|fraudstream|jobs|models|producers|requirements|schemas|tests)"
    r"/[a-z0-9_./-]*\.(?:avsc|html|in|js|json|lock|py|sql|toml|yaml|yml)"
)
PAGES = [*pages(), PROJECT_ROOT / "docker" / "README.md"]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub derives them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """List the links of a page to a missing file or heading."""
    broken = []
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_links_of_a_page_have_a_target(page):
    assert broken_links(page) == []


def test_link_to_a_missing_heading_or_file_is_found(tmp_path):
    (tmp_path / "page.md").write_text("# One heading\n[a](#one-heading) [b](#another) [c](missing.md) [d](page.md)\n")
    assert broken_links(tmp_path / "page.md") == ["#another", "missing.md"]


def missing_files(text: str) -> list[str]:
    """List the files of the project that a text names as code and that do not exist."""
    return [code for code in inline(text) if FILE.fullmatch(code) and not (PROJECT_ROOT / code).exists()]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    assert missing_files(page.read_text()) == []


def test_missing_file_is_found():
    assert missing_files("See `jobs/topology.py` and `jobs/no_topology.py`.") == ["jobs/no_topology.py"]
