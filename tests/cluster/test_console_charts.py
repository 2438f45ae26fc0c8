"""The console's charts in Chromium: a real Prometheus scrapes a real operator and real model servers."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.cluster.conftest import ADDRESSES, Iris
from tests.cluster.console_pages import MILLISECONDS, Consoles, admitted, opened, pictures, until
from tests.harness import prometheus_process
from tests.harness.kubernetes import Cluster, eventually
from tests.harness.prometheus_process import Target

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

# There is no kubelet and no Flux here, and no failed request.
OF_A_NODE = {"CPU cores", "Memory", "CPU time per request"}
# The model has no rollout by steps.
OF_A_ROLLOUT = {"Requests of the candidate", "Gates"}


@asynccontextmanager
async def asked(address: str) -> AsyncIterator[None]:
    """A client asks for the block; its flowers are larger than those of the training data."""
    values = random.Random(7)  # noqa: S311 - no secret

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
                body = {name: round(values.uniform(4, 9), 1) for name in names}
                await client.post(f"http://{address}:8000/api/v1/predict", json=body)

    asking = asyncio.create_task(ask())
    yield
    asking.cancel()


async def drawn(page: Page) -> dict[str, str]:
    """The text of each panel by its title, once all are drawn."""
    await expect(page.locator("figure:not([data-drawn])")).to_have_count(0, timeout=MILLISECONDS)
    figures = await page.locator("figure").all()
    return {
        await figure.locator("figcaption").inner_text(): await figure.locator(".drawing").inner_text()
        for figure in figures
    }


async def test_each_panel_of_each_board_is_drawn_with_the_data_of_a_real_prometheus(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    pods: "Kubelet",
    console: Consoles,
    browser: Browser,
    tmp_path: Path,
) -> None:
    await iris.declare("1.0.0", route=None)
    await iris.reaches("Serving")
    labels = {"namespace": cluster.namespace, "service": "iris"}
    targets = [
        Target(f"{address}:8000", {**labels, "pod": f"iris-0-{version}"})
        for version, address in ADDRESSES.items()
    ]
    system = {"namespace": "iris-system", "pod": "iris-operator-0"}
    targets.append(Target(operator.url.removeprefix("http://"), system))
    page, complaints = await opened(browser)
    with prometheus_process.running(tmp_path / "prometheus", targets) as prometheus:
        async with asked(ADDRESSES["1.0.0"]), asked(ADDRESSES["1.1.0"]):
            await page.goto(console("-n", cluster.namespace, "--prometheus", prometheus))
            await page.get_by_role("link", name="iris", exact=True).click()
            await page.get_by_role("link", name="Charts").click()

            async def empty() -> set[str]:
                await page.reload()
                return {title for title, text in (await drawn(page)).items() if "No data" in text}

            without = OF_A_NODE | OF_A_ROLLOUT
            assert await eventually(empty, lambda found: found <= without, within=90) == without
            await expect(page.get_by_role("link", name="1h").first).to_have_attribute("aria-current", "true")
            await page.get_by_role("link", name="15m").first.click()
            await page.get_by_role("link", name="5m", exact=True).last.click()
            panels = await drawn(page)
            await pictures(page, "charts-model")
            assert panels["Serving version"].split() == ["1.0.0", "1.1.0"]
            assert "petal_width 1.0.0" in panels["Feature drift (PSI)"]
            for board in ("fleet", "operator"):
                await page.goto(page.url.partition("charts?")[0] + f"charts?board={board}&range=15m")
                await drawn(page)
                await pictures(page, f"charts-{board}")
    assert complaints == []


async def test_without_a_prometheus_the_charts_say_why(console: Consoles, cluster: Cluster) -> None:
    with admitted(console("-n", cluster.namespace)) as client:
        assert first_event(client) == (
            "No charts. Prometheus: found none of Prometheus Operator here, "
            "expected its address in --prometheus or IRIS_PROMETHEUS."
        )
        await until(client, "/", "No traffic, errors and charts. Prometheus: found none")


async def test_a_user_who_may_not_use_the_proxy_reads_why_there_are_no_charts(
    api_server: "ApiServer", console: Consoles
) -> None:
    jane = api_server.kubeconfig_of_user("jane")

    with admitted(console("-n", "a", "--prometheus", "a/b:80", kubeconfig=jane)) as client:
        found = first_event(client)

    assert found == "No charts. Prometheus a/b:80: this user may not get services/proxy there."


def first_event(client: httpx.Client) -> str:
    """The text of the first event of the fleet's charts."""
    with client.stream("GET", "/charts/events") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: trouble"
        return str(json.loads(next(lines).removeprefix("data: ")))


@pytest.mark.parametrize("path", ["/charts?board=other", "/charts?key=a/b", "/charts/events?key=a/b"])
def test_charts_of_nothing_are_not_found(visitor: httpx.Client, path: str) -> None:
    assert visitor.get(path).status_code == 404
