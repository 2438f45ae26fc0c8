"""The console's pages in Chromium, with an API server and a Prometheus that answer what a test says."""

import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from iris_operator.monitoring.dashboards import tones
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.cli import snapshots
from tests.cluster.conftest import IRIS
from tests.cluster.console_pages import CHROMIUM, MILLISECONDS, Consoles, opened
from tests.harness import json_server
from tests.operator import bodies

pytestmark = pytest.mark.browser

# The usual five seconds are too short on a busy machine.
expect.set_options(timeout=MILLISECONDS)
# A watch that has no news ends after this time.
_WATCH_SECONDS: Final = 15.0
NOTHING: Final = "\N{EN DASH}"


class World:
    """One model and its events, and series of Prometheus by a part of their query."""

    def __init__(self) -> None:
        self.model = {**snapshots.serving(), "spec": bodies.body()["spec"]}
        self.events: list[snapshots.Body] = []
        self.series: dict[str, list[Mapping[str, Any]]] = {}
        self._changed = threading.Event()

    def change(self, **status: Any) -> None:
        metadata = {**self.model["metadata"], "resourceVersion": "8"}
        self.model = {**self.model, "metadata": metadata, "status": {**self.model["status"], **status}}
        self._changed.set()

    def end(self) -> None:
        self._changed.set()

    def answer(self, path: str, _: Any) -> Any:
        url = urlsplit(path)
        kind = url.path.rpartition("/")[2]
        if kind == "version":  # kubectl asks for it by itself
            return {"major": "1", "minor": "37"}
        if kind in ("query", "query_range"):
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            found = [line for part, lines in self.series.items() if part in asked["query"] for line in lines]
            return {"data": {"result": [_over(line, asked) for line in found if "start" in asked]}}
        if kind == "irismodels" and "watch=1" in path:
            self._changed.wait(_WATCH_SECONDS)
            return {"type": "MODIFIED", "object": self.model}
        items = {"irismodels": [self.model], "events": self.events}.get(kind, [])
        return {"metadata": {"resourceVersion": "7"}, "items": items}


def _over(line: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
    """The series with its value at each moment, until it ends so many steps before the last."""
    start, end, step = (int(asked[name]) for name in ("start", "end", "step"))
    times = range(start, end + 1 - line["ended"] * step, step)
    return {"metric": line["labels"], "values": [[moment, line["value"]] for moment in times]}


def series(value: int, *, ended: int = 0, **labels: str) -> dict[str, Any]:
    return {"labels": labels, "value": str(value), "ended": ended}


def history(count: int) -> list[dict[str, str]]:
    """Newest first."""
    return [
        {"version": f"1.{minor}.0", "from": f"2026-11-2{minor}T10:00:00Z", "outcome": "Served"}
        for minor in range(count, 0, -1)
    ]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def address(world: World, tmp_path: Path) -> Iterator[str]:
    """Of a console that has the world's API server and Prometheus."""
    with json_server.running(world.answer) as server:
        consoles = Consoles(IRIS, Path(json_server.kubeconfig(tmp_path, server)), tmp_path)
        yield consoles("-n", "iris", "--prometheus", server)
        consoles.stop()
        world.end()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield launched
        await launched.close()


async def page_of(browser: Browser, address: str, kind: str) -> Page:
    page, _ = await opened(browser)
    await page.goto(address)
    await page.goto(page.url.partition("?")[0] + f"{kind}?key=iris/iris&range=5m")
    return page


async def test_a_phone_shows_older_versions_and_events_on_demand_and_keeps_them_open(
    world: World, address: str, browser: Browser
) -> None:
    world.model["status"]["history"] = history(6)
    about = {"name": "iris"}
    world.events = [
        snapshots.event(f"Reason{minute}", f"2026-11-23T12:0{minute}:00Z", about=about) for minute in range(8)
    ]
    page = await page_of(browser, address, "model")
    older, oldest = page.locator("#older-versions"), page.get_by_role("rowheader", name="1.1.0")

    await page.set_viewport_size({"width": 390, "height": 900})
    await expect(page.get_by_role("rowheader")).to_have_text(["1.6.0", "1.5.0", "1.4.0"])
    await expect(oldest).to_be_hidden()
    await expect(page.get_by_text("Reason2", exact=True)).to_be_hidden()
    for _ in range(3):  # the links to all models and to the charts come first
        await page.keyboard.press("Tab")
    await expect(page.get_by_text("Older versions (3)")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(oldest).to_be_visible()

    world.change(servingVersion="1.0.9")
    await expect(page.locator(".facts")).to_contain_text("1.0.9")
    await expect(oldest).to_be_visible()
    await expect(older.locator("summary")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(page.get_by_text("Reason2", exact=True)).to_be_visible()


async def test_a_desk_shows_older_versions_and_events_at_once(
    world: World, address: str, browser: Browser
) -> None:
    world.model["status"]["history"] = history(4)
    page = await page_of(browser, address, "model")

    await page.set_viewport_size({"width": 1280, "height": 900})

    rows = page.get_by_role("rowheader")
    await expect(rows).to_have_text(["1.4.0", "1.3.0", "1.2.0", "1.1.0"])
    boxes = [await row.bounding_box() for row in await rows.all()]
    assert len({(box["x"], box["width"]) for box in boxes if box}) == 1
    await expect(page.get_by_text("Older versions (1)")).to_be_hidden()


async def test_a_model_page_names_the_time_zone_of_its_moment(address: str, browser: Browser) -> None:
    page = await page_of(browser, address, "model")

    await expect(page.locator("#now")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d \S+$"))


async def test_the_fleet_breaks_no_commit_beside_a_long_name(
    world: World, address: str, browser: Browser
) -> None:
    model = snapshots.stalled("ImagePullFailed", "back-off pulling the image of this version " * 3)
    model["metadata"] |= {
        "namespace": "garden",
        "name": "iris-with-quite-a-long-name-of-52-characters-abcdefgh",
    }
    model["status"]["source"] = {"revision": f"main@sha1:{1:040x}", "since": "2026-11-23T12:06:00Z"}
    model["status"]["rollout"] = {"state": "RolledBack", "summary": "RolledBack 1.1.0"}
    world.model = model
    page, _ = await opened(browser)
    await page.set_viewport_size({"width": 1280, "height": 900})

    await page.goto(address)

    commit = await page.locator("#rows code").bounding_box()
    assert commit
    assert commit["height"] < 30


@pytest.mark.parametrize(
    ("scheme", "color"), [("light", "rgb(103, 95, 125)"), ("dark", "rgb(166, 157, 189)")]
)
async def test_the_hint_of_the_filter_has_the_colour_of_other_hints(
    address: str, browser: Browser, scheme: Literal["light", "dark"], color: str
) -> None:
    """Chromium's own grey has a contrast of 3.7 to the dark page."""
    page, _ = await opened(browser)
    await page.emulate_media(color_scheme=scheme)

    await page.goto(address)

    hint = "input => getComputedStyle(input, '::placeholder').color"
    assert await page.get_by_role("searchbox").evaluate(hint) == color


async def test_a_series_that_has_ended_has_no_value_in_a_legend(
    world: World, address: str, browser: Browser
) -> None:
    world.series = {
        "count by (version) (model_info": [series(2, ended=2, version="1.0.0"), series(3, version="1.1.0")],
        "irismodel_condition": [
            series(1, ended=2, type="Ready", reason="Serving"),
            series(0, type="Ready", reason="PodsCrashing"),
        ],
    }

    page = await page_of(browser, address, "charts")
    await expect(page.locator("figure:not([data-drawn])")).to_have_count(0)

    def panel(title: str) -> Any:
        return page.get_by_role("group", name=title, exact=True)

    await expect(panel("Pods by version").get_by_role("listitem")).to_have_text([f"1.0.0{NOTHING}", "1.1.03"])
    await expect(panel("Conditions").locator(".state")).to_have_text(
        [f"Ready Serving{NOTHING}", "Ready PodsCrashingFalse"]
    )


async def test_conditions_have_the_colours_of_the_dashboard(
    world: World, address: str, browser: Browser
) -> None:
    world.series = {
        "irismodel_condition": [
            series(1, type="Ready", reason="Serving"),
            series(1, type="Stalled", reason="RolledBack"),
            series(0, type="RouteReady", reason="AddressNotPublished"),
        ]
    }

    page = await page_of(browser, address, "charts")

    states = page.get_by_role("group", name="Conditions", exact=True).locator(".state")
    await expect(states).to_have_text(
        ["Ready ServingTrue", "Stalled RolledBackTrue", "RouteReady AddressNotPublishedUnknown"]
    )
    for state, color in zip(await states.all(), (tones.GREEN, tones.RED, tones.GREY), strict=True):
        await expect(state.locator("rect")).to_have_attribute("fill", color)
