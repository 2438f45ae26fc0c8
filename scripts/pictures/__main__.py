"""`make pictures`: plays a session on a cluster of its own, and writes docs/pictures.

With a folder (ALL=folder), each page is kept there at both widths in both colour schemes, to be looked at.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Page, expect

from scripts.pictures import browser, session, stage, terminal
from scripts.pictures.stage import GARDEN, MARKET, PARK, SHOP, Stage
from tests.harness import gateway

SCRIPTS: Final = Path(sys.executable).parent
# The graphs need some minutes of data.
_TRAFFIC_SECONDS: Final = 100


class Shell:
    """What is typed in a terminal, and what it answers."""

    def __init__(self, folder: Path, kubeconfig: Path, prometheus: str) -> None:
        self.exchanges: list[terminal.Exchange] = []
        self._folder = folder
        self._settings = {
            **os.environ, "COLUMNS": "104", "NO_COLOR": "1", "KUBECONFIG": str(kubeconfig),
            "IRIS_PROMETHEUS": prometheus,
            "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
        }  # fmt: skip

    async def type(self, command: str) -> None:
        ended = await asyncio.to_thread(
            subprocess.run, ["bash", "-c", command], cwd=self._folder, env=self._settings,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.exchanges.append((command, ended.stdout))
        sys.stderr.write(f"$ {command}\n{ended.stdout}{ended.stderr}")

    def console(self) -> subprocess.Popen[str]:
        command = ["iris", "console", "--no-open"]
        # In the clone, where the commits have authors.
        return subprocess.Popen(
            command, cwd=self._folder, env=self._settings, stdout=subprocess.PIPE, text=True
        )


class Looker:
    """Opens pages of a console and takes their pictures; with a folder, all variants of them, too."""

    def __init__(self, page: Page, folder: Path | None) -> None:
        self.page = page
        self._folder = folder
        self._root = ""

    async def begin(self, address: str) -> None:
        await self.page.goto(address)
        self._root = self.page.url.partition("?")[0].rstrip("/")

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self._root}/{path}")

    async def look(self, name: str) -> None:
        if self._folder is not None:
            await browser.variants(self.page, self._folder, name)

    async def charts(self, name: str, query: str) -> None:
        await self.open(f"charts?{query}")
        await expect(self.page.locator("figure:not([data-drawn])")).to_have_count(0, timeout=60_000)
        await self.look(name)


async def _screens(looker: Looker) -> None:
    """The pages of the console while one model waits for a version that does not exist."""
    page = looker.page
    await page.locator("#rows tr").nth(3).wait_for()
    await page.get_by_text("/s", exact=False).first.wait_for()
    await looker.look("fleet")
    await browser.save(page, "console-fleet", selector="body")
    await looker.open(f"model?key={GARDEN}/iris")
    await page.get_by_text("is still serving").wait_for()
    await looker.look("failure")
    await browser.save(page, "console-model", height=760)
    await looker.open(f"model?key={PARK}/iris")
    await looker.look("healthy")
    await looker.open(f"model?key={SHOP}/iris")
    await looker.look("refused")
    await browser.save(page, "console-rollout", height=1600, selector="section:has(#rollout)")
    await looker.open(f"model?key={MARKET}/iris")
    await looker.look("rollout")
    await browser.save(page, "console-steps", height=1600, selector="section:has(#rollout)")
    for board in ("fleet", "operator"):
        await looker.charts(f"charts-{board}", f"board={board}&range=5m")
    await looker.charts("charts-rollout", f"key={MARKET}/iris&range=5m&window=5m")
    await looker.charts("charts-drift", f"key={GARDEN}/iris&range=5m&window=5m")
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("figure:not([data-drawn])")).to_have_count(0, timeout=60_000)
    await browser.save(page, "console-charts", height=1040)
    await page.emulate_media(color_scheme="light")


async def _server(page: Page) -> None:
    await page.goto(f"http://{stage.ADDRESSES['1.1.0']}:8000")
    await expect(page.locator("#share-2")).to_contain_text("%", timeout=60_000)
    await browser.save(page, "page", height=760)


async def _declare(found: Stage) -> None:
    """What the models of the pictures went through before anybody looks."""
    steps = {"strategy": "Canary", "steps": [20, 50], "stepSeconds": 600, "decideSeconds": 1800}
    routed = {"route": {"host": "iris.market.test", **gateway.ROUTE}}
    await found.declare(GARDEN, session.FIRST, "Ann Bee")
    await found.declare(PARK, "1.1.0", "Li Wei")
    await found.declare(SHOP, "1.1.0", "Noor Haddad", rollout={"strategy": "Canary"})
    await found.declare(MARKET, "1.0.0", "Ann Bee", rollout=steps, **routed)
    for namespace in (GARDEN, PARK, SHOP, MARKET):
        await found.wait(namespace, "Serving")
    await found.declare(SHOP, stage.WORSE, "Noor Haddad", rollout={"strategy": "Canary"})
    await found.declare(MARKET, "1.1.0", "Tom Okafor", rollout=steps, **routed)
    await found.wait(SHOP, "RolledBack")
    await found.steps(20)


async def _play(found: Stage, page: Page, folder: Path | None) -> list[terminal.Exchange]:
    shell = Shell(found.repository.clone, found.server.kubeconfig, found.prometheus)
    await _declare(found)
    await asyncio.sleep(_TRAFFIC_SECONDS)
    await shell.type(session.GET)
    await shell.type(session.EDIT)
    await shell.type(session.BREAK)
    await found.sync(GARDEN)
    await found.wait(GARDEN, "ImagePullFailed")
    await shell.type(session.WHY)
    await found.quiet()
    console = shell.console()
    try:
        [address] = itertools.islice(console.stdout or (), 1)
        looker = Looker(page, folder)
        await looker.begin(address.strip())
        await _screens(looker)
    finally:
        console.terminate()
        console.wait()
    await shell.type(session.MEND)
    await found.sync(GARDEN)
    await found.wait(GARDEN, "Serving")
    await shell.type(session.GET)
    await _server(page)
    if folder is not None:
        await browser.variants(page, folder, "page")
    return shell.exchanges


async def main(all_variants: Path | None) -> None:
    session.FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="iris-pictures-") as name:
        async with stage.running(Path(name)) as found, browser.page() as page:
            exchanges = await _play(found, page, all_variants)
    (session.FOLDER / "terminal.svg").write_text(terminal.draw(exchanges), "utf-8")
    (session.FOLDER / "made.json").write_text(json.dumps(session.made(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
