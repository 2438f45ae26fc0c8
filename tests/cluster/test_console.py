"""`iris console` against a real API server and the real operator, in a real Chromium."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.cluster.conftest import IRIS, Iris
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

CHROMIUM = "/usr/bin/chromium"
MILLISECONDS = 20_000.0
# Where the pictures of the last test are kept, if anybody wants to see them.
PICTURES = os.environ.get("IRIS_PICTURES")
Start = Callable[..., str]


@pytest.fixture
def console(api_server: "ApiServer", tmp_path: Path) -> Iterator[Start]:
    """Starts consoles, by default as the administrator; returns the printed address. Ctrl-C ends them."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, kubeconfig: Path | None = None) -> str:
        found = kubeconfig or api_server.kubeconfig_of_user("admin")
        command = [str(IRIS), "console", "--no-open", "--kubeconfig", str(found), *words]
        running = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(running)
        assert running.stdout is not None
        return running.stdout.readline().strip()

    yield start
    for running in started:
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


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        await launched.close()


def test_the_address_admits_one_browser_once(console: Start) -> None:
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
def test_without_the_cookie_nothing_is_shown(console: Start, path: str) -> None:
    url = httpx.URL(console())

    answer = httpx.get(f"http://{url.host}:{url.port}{path}")

    assert answer.status_code == 403
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")


def test_a_foreign_host_name_is_refused(console: Start) -> None:
    with admitted(console()) as client:
        assert client.get("/", headers={"Host": "rebound.example"}).status_code == 421


@pytest.mark.parametrize("revision", ["", "-1", "x", "²", "9" * 5000])
def test_a_stream_from_a_revision_that_is_no_number_begins_at_the_start(
    console: Start, revision: str
) -> None:
    with (
        admitted(console()) as client,
        client.stream("GET", "/events", params={"revision": revision}) as answer,
    ):
        assert next(answer.iter_lines()) == "event: trouble"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_only_get_is_answered(console: Start, method: str) -> None:
    with admitted(console()) as client:
        assert client.request(method, "/").status_code == 405


async def test_the_console_follows_a_model_from_its_declaration_to_its_end(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    pods: "Kubelet",
    console: Start,
    browser: Browser,
) -> None:
    page = await browser.new_page()
    page.set_default_timeout(MILLISECONDS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
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


async def pictures(page: Page, name: str) -> None:
    """Each page fits a phone and a desk; kept as pictures if anybody wants them."""
    for width in (390, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)


async def test_a_name_that_looks_like_html_is_shown_as_text(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, console: Start
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
    api_server: "ApiServer", cluster: Cluster, iris: Iris, console: Start, tmp_path: Path
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


async def until(client: httpx.Client, path: str, text: str) -> str:
    """The page, once it has this text."""

    async def read() -> str:
        return (await asyncio.to_thread(client.get, path)).text

    return await eventually(read, lambda page: text in page, within=30)
