"""Runs consoles for tests, and looks at their pages."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page

from tests.harness.kubernetes import eventually

CHROMIUM = "/usr/bin/chromium"
MILLISECONDS = 20_000.0
# A folder in which pictures of the pages are kept, if anybody wants to see them.
PICTURES = os.environ.get("IRIS_PICTURES")


class Consoles:
    """Starts consoles in a folder, by default as the administrator. Ctrl-C ends them."""

    def __init__(self, program: Path, kubeconfig: Path, folder: Path) -> None:
        self._command = [str(program), "console", "--no-open", "--kubeconfig"]
        self._kubeconfig, self._folder = kubeconfig, folder
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, *words: str, kubeconfig: Path | None = None) -> str:
        """The printed address."""
        command = [*self._command, str(kubeconfig or self._kubeconfig), *words]
        running = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._started.append(running)
        assert running.stdout is not None
        return running.stdout.readline().strip()

    def stop(self) -> None:
        """Each must end without a failure and without another word."""
        while self._started:
            running = self._started.pop()
            running.send_signal(signal.SIGINT)
            rest, _ = running.communicate(timeout=20)
            assert (running.returncode, rest) == (0, "")


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
            # A chart gets its new width after the page's.
            await eventually(lambda: page.evaluate("document.documentElement.scrollWidth"), width.__ge__)
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)


async def until(client: httpx.Client, path: str, text: str) -> str:
    """The page, once it has this text."""

    async def read() -> str:
        return (await asyncio.to_thread(client.get, path)).text

    return await eventually(read, lambda page: text in page, within=30)
