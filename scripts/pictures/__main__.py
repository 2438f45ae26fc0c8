"""`make pictures`: plays a session on a cluster of its own, and writes docs/pictures."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import yaml
from playwright.async_api import Page, expect

from scripts.pictures import browser, session, stage, terminal
from scripts.pictures.stage import GARDEN, SHOP, Stage

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
        return subprocess.Popen(command, env=self._settings, stdout=subprocess.PIPE, text=True)


async def _screens(page: Page, address: str) -> None:
    """The pages of the console while one model waits for a version that does not exist."""
    await page.goto(address)
    await page.locator("#rows tr").nth(1).wait_for()
    await page.get_by_text("/s", exact=False).first.wait_for()
    await browser.save(page, "console-fleet", height=300)
    root = page.url.partition("?")[0].rstrip("/")
    await page.goto(f"{root}/model?key={GARDEN}/iris")
    await page.get_by_text("is still serving").wait_for()
    await browser.save(page, "console-model", height=620)
    await page.goto(f"{root}/model?key={SHOP}/iris")
    await browser.save(page, "console-rollout", height=1600, selector="section:has(#rollout)")
    await page.emulate_media(color_scheme="dark")
    await page.goto(f"{root}/charts?key={GARDEN}/iris&range=5m&window=5m")
    await expect(page.locator("figure:not([data-drawn])")).to_have_count(0, timeout=60_000)
    await browser.save(page, "console-charts", height=1040)
    await page.emulate_media(color_scheme="light")


async def _server(page: Page) -> None:
    await page.goto(f"http://{stage.ADDRESSES['1.1.0']}:8000")
    await expect(page.locator("#share-2")).to_contain_text("%", timeout=60_000)
    await browser.save(page, "page", height=760)


async def _play(found: Stage, folder: Path, page: Page) -> list[terminal.Exchange]:
    shell = Shell(folder, found.server.kubeconfig, found.prometheus)
    (folder / "iris.yaml").write_text(yaml.safe_dump(session.declaration(GARDEN, session.FIRST)))
    await found.declare(GARDEN, session.FIRST)
    await found.declare(SHOP, "1.1.0", rollout={"strategy": "Canary"})
    await found.wait(GARDEN, "Serving")
    await found.wait(SHOP, "Serving")
    await found.declare(SHOP, stage.WORSE, rollout={"strategy": "Canary"})
    await found.wait(SHOP, "RolledBack")
    await asyncio.sleep(_TRAFFIC_SECONDS)
    await shell.type(session.GET)
    await shell.type(session.BREAK)
    await found.wait(GARDEN, "ImagePullFailed")
    await shell.type(session.WHY)
    console = shell.console()
    try:
        [address] = itertools.islice(console.stdout or (), 1)
        await _screens(page, address.strip())
    finally:
        console.terminate()
        console.wait()
    await shell.type(session.MEND)
    await found.wait(GARDEN, "Serving")
    await shell.type(session.GET)
    await _server(page)
    return shell.exchanges


async def main() -> None:
    session.FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="iris-pictures-") as name:
        folder = Path(name)
        async with stage.running(folder) as found, browser.page() as page:
            exchanges = await _play(found, folder, page)
    (session.FOLDER / "terminal.svg").write_text(terminal.draw(exchanges), "utf-8")
    (session.FOLDER / "made.json").write_text(json.dumps(session.made(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
