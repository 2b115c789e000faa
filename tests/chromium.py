"""A real Chromium for tests of pages; importing modules are skipped if it or Playwright is missing."""

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
    """Run Chromium within a block."""
    with playwright.sync_playwright() as driver:
        # Its sandbox refuses root, the user of tests in containers; it shows only pages of this project.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()
