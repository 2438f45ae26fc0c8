"""`iris console` against a real API server and the real operator, in a real Chromium."""

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml
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


def test_the_address_admits_one_browser_once(console: Consoles) -> None:
    address = console()

    with admitted(address) as client:
        assert client.get("/").status_code == 200
        assert httpx.get(address).status_code == 403
        [cookie] = client.cookies.jar
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"


@pytest.mark.parametrize(
    "path", ["/", "/model?key=a/b", "/events", "/static/console.js", "/?token=x", "/?token="]
)
def test_without_the_cookie_nothing_is_shown(visitor: httpx.Client, path: str) -> None:
    answer = httpx.get(f"{str(visitor.base_url).rstrip('/')}{path}")

    assert answer.status_code == 403
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")


def test_a_foreign_host_name_is_refused(visitor: httpx.Client) -> None:
    assert visitor.get("/", headers={"Host": "rebound.example"}).status_code == 421


@pytest.mark.parametrize("revision", ["", "-1", "x", "²", "9" * 5000])
def test_a_stream_from_a_revision_that_is_no_number_begins_at_the_start(
    visitor: httpx.Client, revision: str
) -> None:
    with visitor.stream("GET", "/events", params={"revision": revision}) as answer:
        assert next(answer.iter_lines()) == "event: trouble"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_only_get_is_answered(visitor: httpx.Client, method: str) -> None:
    assert visitor.request(method, "/").status_code == 405


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


async def test_a_user_of_one_namespace_sees_its_models_and_what_could_not_be_read(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, console: Consoles, tmp_path: Path
) -> None:
    rule = {"apiGroups": ["serving.two.inc"], "resources": ["irismodels"], "verbs": ["get", "list", "watch"]}
    rbac = "rbac.authorization.k8s.io"
    viewer = {"metadata": {"name": "viewer"}}
    await cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", **viewer})
    await cluster.apply({"apiVersion": f"{rbac}/v1", "kind": "Role", **viewer, "rules": [rule]})
    role = {"apiGroup": rbac, "kind": "Role", "name": "viewer"}
    subject = {"kind": "ServiceAccount", "name": "viewer"}
    binding = {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", **viewer}
    await cluster.apply({**binding, "roleRef": role, "subjects": [subject]})
    await iris.declare("1.0.0", route=None)
    kubeconfig = api_server.kubeconfig_of_service_account(cluster.namespace, "viewer")
    content = yaml.safe_load(kubeconfig.read_text())
    content["contexts"][0]["context"]["namespace"] = cluster.namespace
    own = tmp_path / "kubeconfig"
    own.write_text(yaml.safe_dump(content))

    with admitted(console(kubeconfig=own)) as client:
        fleet = await until(client, "/", 'data-key="')
        page = client.get(f"/model?key={cluster.namespace}/iris").text

    assert f"This user may not read all namespaces: these are the models of {cluster.namespace}." in fleet
    assert "This user may not read: deployments, replicasets, pods, events" in page


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

    address = page.locator("#content").get_by_role("link")
    await expect(address).to_have_attribute("href", f"http://{cluster.namespace}.test")
    await address.focus()
    await iris.declare("1.0.0")
    await expect(page.locator("#content .facts").first).to_contain_text("1.0.0")
    await expect(address).to_be_focused()
