"""A real Chromium for tests of pages; who imports this is skipped where it or Playwright is not here."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no Playwright here: `make browser` installs it, for this test alone"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: `apt-get install chromium`, for this test alone"
)


@contextmanager
def chromium() -> Iterator[Any]:
    """Run it for the length of a block."""
    with playwright.sync_playwright() as driver:
        # Its sandbox refuses root, as which tests run in containers; it shows our own page alone.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()
