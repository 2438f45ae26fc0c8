"""`iris console` against a real API server and the real operator, in a real Chromium."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, expect

from tests.cluster.conftest import Iris
from tests.cluster.console_pages import MILLISECONDS, Consoles, admitted, opened, pictures, until
from tests.harness.kubernetes import Cluster
from tests.harness.relay import Relay

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def test_the_console_follows_a_model_from_its_declaration_to_its_end(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    pods: "Kubelet",
    console: Consoles,
    browser: Browser,
) -> None:
    page, complaints = await opened(browser)
    await page.goto(console("-n", cluster.namespace))
    await expect(page.locator("#empty")).to_be_visible()

    await iris.declare("1.0.0", route=None)

    row = page.locator("#rows tr")
    await expect(row).to_contain_text("Serving", timeout=MILLISECONDS)
    await expect(row.get_by_role("cell").first).to_have_text("1.0.0")
    await row.get_by_role("link").click()
    await expect(page.locator("#content")).to_contain_text("2 of 2 pods prove version 1.0.0")

    await iris.declare("9.9.9", route=None)

    await expect(page.locator("#content")).to_contain_text(
        "declares version 9.9.9, but 1.0.0 is still serving"
    )
    await expect(page.locator("#content table tbody tr").first).to_contain_text("9.9.9")
    await pictures(page, "model")

    await page.go_back()
    await expect(page.locator("#rows tr")).to_contain_text("9.9.9")
    await pictures(page, "fleet")
    await cluster.delete("IrisModel", "iris")
    await expect(page.locator("#empty")).to_be_visible(timeout=MILLISECONDS)
    assert complaints == []


async def test_a_name_that_looks_like_html_is_shown_as_text(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, console: Consoles
) -> None:
    await iris.declare("1.0.0", route=None, env=[{"name": "A", "value": "<script>"}])
    await cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "iris.1"},
            "involvedObject": {"kind": "IrisModel", "name": "iris", "namespace": cluster.namespace},
            "reason": "Html",
            "message": "<script>alert(1)</script>",
            "type": "Warning",
        }
    )

    with admitted(console("-n", cluster.namespace)) as client:
        page = await until(client, f"/model?key={cluster.namespace}/iris", "Html")

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


async def test_a_console_survives_a_cluster_that_goes_away_and_comes_back(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, console: Consoles, browser: Browser, tmp_path: Path
) -> None:
    await iris.declare("1.0.0", route=None)
    page, _ = await opened(browser)
    async with Relay(api_server.kubeconfig_of_user("admin")) as relay:
        kubeconfig = relay.write_kubeconfig(tmp_path / "relayed")
        await page.goto(console("-n", cluster.namespace, kubeconfig=kubeconfig))
        await expect(page.locator("#rows tr")).to_contain_text("1.0.0")
        await expect(page.locator("#trouble")).to_be_hidden()

        await relay.cut()

        await expect(page.locator("#trouble")).to_contain_text("Shown is the last known state")
        await expect(page.locator("#rows tr")).to_contain_text("1.0.0")

        await iris.declare("1.1.0", route=None)
        await relay.restore()

        await expect(page.locator("#rows tr")).to_contain_text("1.1.0", timeout=2 * MILLISECONDS)
        await expect(page.locator("#trouble")).to_be_hidden()


async def test_a_page_says_when_its_console_has_ended(
    cluster: Cluster, iris: Iris, console: Consoles, browser: Browser
) -> None:
    await iris.declare("1.0.0", route=None)
    page, _ = await opened(browser)
    await page.goto(console("-n", cluster.namespace))
    await expect(page.locator("#rows tr")).to_contain_text("1.0.0")

    console.stop()

    await expect(page.locator("#trouble")).to_contain_text("Is `iris console` still running?")


async def test_a_page_without_a_cluster_does_not_say_that_there_are_no_models(
    console: Consoles, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "kubeconfig").write_text("apiVersion: v1\nkind: Config\n")
    page, _ = await opened(browser)

    await page.goto(console(kubeconfig=tmp_path / "kubeconfig"))

    await expect(page.locator("#trouble")).to_contain_text("found no current context")
    await expect(page.locator("#empty")).to_be_hidden()


async def test_the_keyboard_reaches_filter_model_and_links_and_keeps_its_place(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, console: Consoles, browser: Browser
) -> None:
    await iris.declare("1.0.0")
    page, _ = await opened(browser)
    await page.goto(console("-n", cluster.namespace))
    await expect(page.locator("#rows tr")).to_contain_text("1.0.0")

    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("nothing has this name")
    await expect(page.locator("#empty")).to_be_visible()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("iris")
    for _ in range(3):  # the charts of the fleet and of the operator, then the model
        await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="iris", exact=True)).to_be_focused()
    await iris.declare("1.1.0")
    await expect(page.locator("#rows tr")).to_contain_text("1.1.0")
    await expect(page.get_by_role("link", name="iris", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")

    address = page.locator("#content").get_by_role("link").first
    await expect(address).to_have_attribute("href", f"http://{cluster.namespace}.test")
    await address.focus()
    await iris.declare("1.0.0")
    await expect(page.locator("#content .facts").first).to_contain_text("1.0.0")
    await expect(address).to_be_focused()
