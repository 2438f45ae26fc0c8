"""The description of the API in a real headless Chromium, served by a real process."""

import pytest
from playwright.async_api import Browser, Route, expect

from tests.model_server.browsers import SECONDS
from tests.model_server.processes import Running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_the_description_of_the_api_can_be_tried(browser: Browser, real_server: Running) -> None:
    page = await browser.new_page()
    page.set_default_timeout(SECONDS)
    document = await (await page.request.get(f"{real_server.url}/openapi.json")).json()
    await page.goto(f"{real_server.url}/docs")

    await page.get_by_text("Predict one flower").click()
    operation = page.locator("details[open]")
    await operation.get_by_role("button", name="Send").click()

    await expect(operation.locator("pre")).to_contain_text('"prediction_label": "setosa"')
    operations = sum(len(path) for path in document["paths"].values())
    assert operations >= 8
    await expect(page.locator("details")).to_have_count(operations)
    await page.close()


async def test_the_description_asks_again_where_the_first_answer_never_comes(
    browser: Browser, real_server: Running
) -> None:
    page = await browser.new_page()
    asked: list[Route] = []

    async def answer(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:  # the first request is left open
            await route.continue_()

    await page.route("**/openapi.json", answer)
    await page.clock.install()
    await page.goto(f"{real_server.url}/docs")
    await expect(page.locator("#description")).to_have_text("Loading openapi.json.", timeout=SECONDS)

    await page.clock.run_for(10_000)
    await expect(page.locator("#description")).to_contain_text("asks again by itself", timeout=SECONDS)
    await page.clock.run_for(1_500)

    await expect(page.locator("summary").first).to_be_visible(timeout=SECONDS)
    await page.close()


async def test_the_description_of_the_api_fits_a_phone_when_every_row_is_open(
    browser: Browser, real_server: Running
) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 800})
    await page.goto(f"{real_server.url}/docs")
    await expect(page.locator("summary").first).to_be_visible(timeout=SECONDS)

    await page.evaluate("document.querySelectorAll('details').forEach((row) => { row.open = true; })")

    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.close()


async def test_a_row_of_the_description_has_a_mark_that_turns_when_it_opens(
    browser: Browser, real_server: Running
) -> None:
    page = await browser.new_page()
    await page.goto(f"{real_server.url}/docs")
    row = page.locator("summary").first
    mark = "(row) => [getComputedStyle(row, '::before').content, getComputedStyle(row, '::before').transform]"
    closed = await row.evaluate(mark)

    await row.click()

    assert closed[0] != "none"
    assert await row.evaluate(mark) != closed
    await page.close()
