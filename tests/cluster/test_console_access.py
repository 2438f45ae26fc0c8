"""Who may use a console, and what it shows to whom: with HTTP clients, and in a real Chromium."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from playwright.async_api import Browser, expect

from tests.cluster.conftest import Iris
from tests.cluster.console_pages import MILLISECONDS, Consoles, admitted, opened, until
from tests.harness.kubernetes import Cluster

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

RBAC = "rbac.authorization.k8s.io"
VIEWER: dict[str, Any] = {"metadata": {"name": "viewer"}}
POST = "fetch('/', {method: 'POST'}).then((answer) => answer.status)"


async def bind(cluster: Cluster, role: dict[str, str]) -> None:
    """Give the service account `viewer` this role in the test's namespace."""
    await cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", **VIEWER})
    binding = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": {"name": role["name"]}}
    subject = {"kind": "ServiceAccount", "name": "viewer"}
    await cluster.apply({**binding, "roleRef": role, "subjects": [subject]})


def kubeconfig_of_viewer(api_server: "ApiServer", cluster: Cluster, folder: Path) -> Path:
    """Of the service account `viewer`, with the test's namespace as the context's own."""
    content = yaml.safe_load(
        api_server.kubeconfig_of_service_account(cluster.namespace, "viewer").read_text()
    )
    content["contexts"][0]["context"]["namespace"] = cluster.namespace
    own = folder / "kubeconfig"
    own.write_text(yaml.safe_dump(content))
    return own


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
    answer = visitor.request(method, "/")

    assert (answer.status_code, answer.headers["allow"], answer.headers["connection"]) == (
        405,
        "GET",
        "close",
    )


async def test_chromium_is_refused_without_the_token_under_another_host_and_for_a_post(
    cluster: Cluster, console: Consoles, browser: Browser
) -> None:
    address = httpx.URL(console("-n", cluster.namespace))
    page, _ = await opened(browser)

    bare = await page.goto(f"http://127.0.0.1:{address.port}/")
    assert bare is not None
    assert (bare.status, await page.locator("#fleet").count()) == (403, 0)
    await expect(page.locator("body")).to_contain_text("Expected the address that `iris console` printed")

    await page.goto(str(address))
    await expect(page.locator("#fleet")).to_be_visible()
    assert await page.evaluate(POST) == 405

    # Chromium sends every name below localhost to this machine, as a rebound name of another site would be.
    rebound = await page.goto(f"http://rebound.localhost:{address.port}/")
    assert rebound is not None
    assert rebound.status == 421
    await expect(page.locator("body")).to_contain_text("Host: expected the address")


async def test_a_user_of_one_namespace_sees_its_models_and_what_could_not_be_read(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, console: Consoles, tmp_path: Path
) -> None:
    rule = {"apiGroups": ["serving.two.inc"], "resources": ["irismodels"], "verbs": ["get", "list", "watch"]}
    await cluster.apply({"apiVersion": f"{RBAC}/v1", "kind": "Role", **VIEWER, "rules": [rule]})
    await bind(cluster, {"apiGroup": RBAC, "kind": "Role", "name": "viewer"})
    await iris.declare("1.0.0", route=None)
    own = kubeconfig_of_viewer(api_server, cluster, tmp_path)

    with admitted(console(kubeconfig=own)) as client:
        fleet = await until(client, "/", 'data-key="')
        page = client.get(f"/model?key={cluster.namespace}/iris").text

    assert f"This user may not read all namespaces: these are the models of {cluster.namespace}." in fleet
    assert "This user may not read: deployments, replicasets, pods, events" in page


async def test_the_role_view_is_enough_for_models_pods_and_events_and_charts_say_what_is_missing(
    operator: "OperatorProcess",
    api_server: "ApiServer",
    cluster: Cluster,
    iris: Iris,
    pods: "Kubelet",
    console: Consoles,
    browser: Browser,
    tmp_path: Path,
) -> None:
    rule = {"apiGroups": ["serving.two.inc"], "resources": ["irismodels"], "verbs": ["get", "list", "watch"]}
    await cluster.apply({"apiVersion": f"{RBAC}/v1", "kind": "Role", **VIEWER, "rules": [rule]})
    await bind(cluster, {"apiGroup": RBAC, "kind": "Role", "name": "viewer"})
    # What the API server has in `view` before its controllers add the roles of others to it.
    await bind(cluster, {"apiGroup": RBAC, "kind": "ClusterRole", "name": "system:aggregate-to-view"})
    await iris.declare("1.0.0", route=None)
    await iris.reaches("Serving")
    page, complaints = await opened(browser)

    await page.goto(console(kubeconfig=kubeconfig_of_viewer(api_server, cluster, tmp_path)))

    await expect(page.locator("#notes")).to_contain_text(f"these are the models of {cluster.namespace}")
    await expect(page.locator("#notes")).to_contain_text("Prometheus: this user may not list services")
    await page.get_by_role("link", name="iris", exact=True).click()
    content = page.locator("#content")
    await expect(content.locator(".way li.ok")).to_have_count(5, timeout=MILLISECONDS)
    await expect(content).not_to_contain_text("may not read")
    await expect(content.locator("table.events").first).to_contain_text("Serving")
    await page.get_by_role("link", name="Charts").click()
    await expect(page.locator("#trouble")).to_contain_text("this user may not list services")
    assert complaints == []
