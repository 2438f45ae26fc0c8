"""Runs consoles for tests, and looks at their pages."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from playwright.async_api import Browser, Page

from tests.harness.kubernetes import eventually

CHROMIUM = "/usr/bin/chromium"
MILLISECONDS = 20_000.0
# A folder in which pictures of the pages are kept, if anybody wants to see them.
PICTURES = os.environ.get("IRIS_PICTURES")
Start = Callable[..., str]


@contextmanager
def admitted(address: str) -> Iterator[httpx.Client]:
    """A client that has redeemed the token."""
    url = httpx.URL(address)
    with httpx.Client(base_url=f"http://{url.host}:{url.port}", follow_redirects=True, timeout=20) as client:
        assert client.get(address).status_code == 200
        yield client


async def opened(browser: Browser) -> tuple[Page, list[str]]:
    """A page, and a list that gets the errors of its scripts and its content policy."""
    page = await browser.new_page()
    page.set_default_timeout(MILLISECONDS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    return page, complaints


async def pictures(page: Page, name: str) -> None:
    """Each page fits a phone and a desk; kept as pictures if anybody wants them."""
    for width in (390, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)


async def until(client: httpx.Client, path: str, text: str) -> str:
    """The page, once it has this text."""

    async def read() -> str:
        return (await asyncio.to_thread(client.get, path)).text

    return await eventually(read, lambda page: text in page, within=30)
