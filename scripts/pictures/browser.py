"""Takes screenshots in Chromium, small enough for a repository."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.async_api import FloatRect, Page, async_playwright

from scripts.pictures import session

CHROMIUM: Final = "/usr/bin/chromium"
_COLOURS: Final = 256
_WIDTH: Final = 1280
WIDTHS: Final = (390, _WIDTH)
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
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


async def variants(opened: Page, folder: Path, name: str) -> None:
    """The whole page at both widths in both colour schemes, for somebody to look at."""
    for width in WIDTHS:
        await opened.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            await opened.emulate_media(color_scheme=scheme)
            # A chart gets its new width after the page.
            await opened.wait_for_timeout(400)
            await opened.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    await opened.emulate_media(color_scheme="light")


async def save(opened: Page, name: str, *, height: int = 800, selector: str = "") -> None:
    """The upper part of the page, or one element of it, as a PNG with few colours."""
    await opened.set_viewport_size({"width": _WIDTH, "height": height})
    # Not the element's own screenshot: the page may replace it meanwhile.
    box = await _box(opened, selector) if selector else None
    picture = Image.open(io.BytesIO(await opened.screenshot(clip=box))).convert("RGB")
    reduced(picture).save(session.FOLDER / f"{name}.png", optimize=True)


def reduced(picture: Image.Image) -> Image.Image:
    """The picture with few colours.

    The median cut alone makes a rare green word grey, and an octree makes a page as white as its panels.
    """
    return picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)


async def _box(opened: Page, selector: str) -> FloatRect:
    """Where the element is; the page may replace it while it is asked for."""
    while True:
        box = await opened.locator(selector).bounding_box()
        if box is not None:
            return FloatRect(**box)
