"""Headless Chromium for the tests of the pages."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 20_000.0
# A busy machine paints late: the usual five seconds were once too short for the description of the API.
expect.set_options(timeout=SECONDS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser; fails the test on a machine without Chromium."""
    if shutil.which(CHROMIUM) is None:
        pytest.fail(f"{CHROMIUM}: not found, expected Chromium (apt-get install chromium)", pytrace=False)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        await launched.close()
