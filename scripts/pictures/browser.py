"""Takes screenshots in Chromium, small enough for a repository."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from PIL import Image
from playwright.async_api import FloatRect, Page, async_playwright

from scripts.pictures import session

CHROMIUM: Final = "/usr/bin/chromium"
_COLOURS: Final = 128
_WIDTH: Final = 1280
_MILLISECONDS: Final = 120_000.0


@asynccontextmanager
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = await browser.new_page(viewport={"width": _WIDTH, "height": 800})
        opened.set_default_timeout(_MILLISECONDS)
        yield opened
        await browser.close()


async def save(opened: Page, name: str, *, height: int = 800, selector: str = "") -> None:
    """The upper part of the page, or one element of it, as a PNG with few colours."""
    await opened.set_viewport_size({"width": _WIDTH, "height": height})
    # Not the element's own screenshot: the page may replace it meanwhile.
    box = await opened.locator(selector).bounding_box() if selector else None
    clip = FloatRect(**box) if box else None
    picture = Image.open(io.BytesIO(await opened.screenshot(clip=clip))).convert("RGB").quantize(_COLOURS)
    picture.save(session.FOLDER / f"{name}.png", optimize=True)
