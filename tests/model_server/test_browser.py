"""The page in a real headless Chromium, served by a real process."""

import json
import signal
from collections.abc import AsyncIterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.model_server import artifacts, processes
from tests.model_server.browsers import SECONDS
from tests.model_server.contrast import CONTRAST
from tests.model_server.processes import Running

# One loop and one Chromium for all: starting it takes longer than a test.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

VIRGINICA = dict(zip(artifacts.FEATURES, (6.7, 3.0, 5.2, 2.3), strict=True))


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, real_server: Running) -> AsyncIterator[Page]:
    """The page after its first answer; whatever the browser complains of fails the test."""
    opened = await browser.new_page()
    opened.set_default_timeout(SECONDS)
    complaints: list[str] = []
    hosts: set[str] = set()
    opened.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
    await opened.goto(real_server.url)
    await expect(opened.locator("#label")).to_have_text("Iris setosa", timeout=SECONDS)
    yield opened
    assert complaints == []
    assert {host for host in hosts if not host.startswith("data:")} == {real_server.url}
    await opened.close()


async def move(page: Page, measured: dict[str, float]) -> None:
    for name, value in measured.items():
        await page.get_by_label(name.replace("_", " ").capitalize(), exact=True).fill(str(value))


async def test_the_page_shows_class_probabilities_version_and_digest(page: Page) -> None:
    await expect(page.locator("#sure")).to_have_text("Quite sure: 97.9 %")
    await expect(page.locator("#classes li")).to_have_text(
        [r"Setosa97.9 %", r"Versicolor2.1 %", r"Virginica< 0.1 %"]
    )
    await expect(page.locator("#version")).to_have_text("1.4.0")
    digest = f"sha256:{artifacts.card()['artifact']['sha256']}"
    await expect(page.locator("#digest")).to_have_attribute("title", digest)


async def test_sliders_reach_a_quarter_beyond_the_training_ranges_which_stand_below_them(page: Page) -> None:
    sliders = await page.get_by_role("slider").all()
    trained = page.locator(".ends span:nth-child(2)")

    limits = [
        (float(await one.get_attribute("min") or 0), float(await one.get_attribute("max") or 0))
        for one in sliders
    ]

    for (low, high), (lowest, highest) in zip(artifacts.RANGES, limits, strict=True):
        assert lowest == pytest.approx(max(0.1, low - (high - low) / 4), abs=0.051)
        assert highest == pytest.approx(high + (high - low) / 4, abs=0.051)
    await expect(trained).to_have_text(
        [f"trained on {low:.1f} to {high:.1f}" for low, high in artifacts.RANGES]
    )


async def test_the_answer_for_an_input_outside_the_training_data_is_marked(page: Page) -> None:
    outside = page.locator("#outside")
    await move(page, VIRGINICA)
    await expect(page.locator("#label")).to_have_text("Iris virginica")
    await expect(outside).to_be_hidden()

    await move(page, VIRGINICA | {"petal_length": 8.0})
    await expect(outside).to_have_text(
        "Outside the training data: petal length. The model has learnt nothing there."
    )

    await move(page, VIRGINICA)
    await expect(outside).to_be_hidden()


async def test_an_answer_that_the_next_question_cuts_off_changes_nothing(page: Page) -> None:
    await page.evaluate(
        """() => {
          const real = window.fetch;
          window.cut = new Promise((resolve) => {
            window.fetch = async (...given) => {
              window.fetch = real;
              const response = await real(...given);
              response.json = () => Promise.reject(new DOMException("cut off", "AbortError"));
              resolve();
              return response;
            };
          });
        }"""
    )
    await move(page, {"petal_length": 5.2})
    await page.evaluate("window.cut")
    await expect(page.locator("#label")).to_have_text("Iris setosa")

    await move(page, VIRGINICA)

    await expect(page.locator("#label")).to_have_text("Iris virginica")
    await expect(page.locator("#trouble")).to_be_hidden()


async def test_the_page_answers_while_a_slider_moves(page: Page) -> None:
    await move(page, VIRGINICA)

    await expect(page.locator("#label")).to_have_text("Iris virginica")
    await expect(page.locator("#share-2")).to_have_text("95.1 %")
    bars = page.locator(".bar i")
    widths = [box["width"] for box in [await one.bounding_box() for one in await bars.all()] if box]
    assert max(widths) == widths[2]


async def test_the_page_works_by_keyboard_alone(page: Page) -> None:
    # The link to the description of the API, then the four sliders.
    for _ in range(5):
        await page.keyboard.press("Tab")
    await page.keyboard.press("End")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("End")

    await expect(page.locator("#petal_width-value")).to_have_text("3.1 cm")
    await expect(page.locator("#petal_length-value")).to_have_text("8.4 cm")
    await expect(page.locator("#label")).to_have_text("Iris virginica")


async def test_the_shell_line_asks_the_same_question(page: Page, real_server: Running) -> None:
    await move(page, VIRGINICA)
    await page.get_by_text("Ask from a shell").click()

    line = await page.locator("#shell").inner_text()

    assert line.startswith(
        f"curl -s {real_server.url}/api/v1/predict -H 'Content-Type: application/json' -d '"
    )
    assert json.loads(line.split("-d '")[1].rstrip("'")) == VIRGINICA


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 820, 1400])
async def test_the_page_fits_every_width_in_both_schemes(page: Page, width: int, scheme: str) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_viewport_size({"width": width, "height": 800})

    overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    contrast = await page.evaluate(CONTRAST)

    assert overflow <= 0
    assert min(contrast.values()) >= 4.5, contrast


async def test_the_page_reports_that_the_server_is_gone_and_recovers(
    browser: Browser, tmp_path: Path
) -> None:
    folder = artifacts.write(tmp_path / "model")
    page = await browser.new_page()
    page.set_default_timeout(SECONDS)
    with processes.running(folder, tmp_path) as first:
        await page.goto(first.url)
        await expect(page.locator("#label")).to_have_text("Iris setosa", timeout=SECONDS)
        first.process.send_signal(signal.SIGINT)
        first.ended()
        await move(page, VIRGINICA)
        await expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")

    artifacts.write(folder, "1.5.0", created="2026-11-24T12:00:00Z")
    with processes.running(folder, tmp_path, port=first.url.rpartition(":")[2]):
        await expect(page.locator("#label")).to_have_text("Iris virginica", timeout=SECONDS)
        await expect(page.get_by_role("alert")).to_be_hidden()
        await expect(page.locator("#version")).to_have_text("1.5.0")
    await page.close()


@pytest.mark.parametrize(("width", "height"), [(390, 700), (1280, 720)])
async def test_version_and_digest_are_visible_without_scrolling(page: Page, width: int, height: int) -> None:
    await page.set_viewport_size({"width": width, "height": height})

    for name in ("#version", "#digest"):
        box = await page.locator(name).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= width


ASK = """async (url) => {
  const headers = {"content-type": "application/json", "x-request-id": "mine"};
  try {
    const response = await fetch(`${url}/api/v1/predict`, {method: "POST", body: "{}", headers});
    return [response.status, response.headers.get("x-request-id"), (await response.json()).status];
  } catch (error) {
    return error.name;
  }
}"""


async def test_a_page_of_another_origin_may_call_the_server_where_it_is_allowed(
    browser: Browser, real_server: Running, tmp_path: Path
) -> None:
    pages = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), pages) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{site.server_port}"
        folder = artifacts.write(tmp_path / "model")
        page = await browser.new_page()
        await page.goto(origin)
        with processes.running(folder, tmp_path, IRIS_CORS_ORIGINS=origin) as open_server:
            assert await page.evaluate(ASK, open_server.url) == [422, "mine", 422]
        assert await page.evaluate(ASK, real_server.url) == "TypeError"
        await page.close()
        site.shutdown()
