"""The system's own Chromium, driven by Playwright, which downloads none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str:
    """The browser that is installed; ``CHROMIUM`` names another.

    Raises:
        FileNotFoundError: There is none.
    """
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        msg = f"none of {', '.join(NAMES)} is installed; install one, or name it in CHROMIUM"
        raise FileNotFoundError(msg)
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    # A container's root user cannot have Chromium's sandbox; the pages are files that we wrote.
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()
