"""The examples and their commands."""

from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT
from tests.markdown import blocks

EXAMPLES = sorted(page.parent.name for page in (PROJECT_ROOT / "examples").glob("*/README.md"))


def example_folder(name: str) -> Path:
    """Return the folder of an example."""
    return PROJECT_ROOT / "examples" / name


def example_commands(name: str) -> list[str]:
    """Return the two commands of an example's page."""
    page = (example_folder(name) / "README.md").read_text()
    (code,) = (code for language, code in blocks(page) if language == "bash")
    return code.strip().splitlines()
