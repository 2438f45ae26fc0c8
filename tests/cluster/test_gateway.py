"""A route by the real Traefik: what it reports of the Gateway, which paths it takes, a change of its type.

No request reaches a pod here, for an EndpointSlice refuses the loopback addresses of the tests' pods.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from iris_local_cluster import api_server as servers
from iris_local_cluster.api_server import ADMIN, ApiServer
from iris_local_cluster.up import gateway_api
from iris_operator.children import http_route

from tests.cluster.conftest import Ask, Iris, condition
from tests.harness import operator_process, tasks
from tests.harness.fixtures import CRDS
from tests.harness.kubernetes import Cluster, Manifest, eventually
from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

_GROUP = "gateway.networking.k8s.io/v1"
_TRAEFIK = Path("clusters/local/infrastructure/traefik/deployment.yaml")


@pytest.fixture(scope="module")
def api_server() -> Iterator[ApiServer]:
    """With Gateway API, which that of the other tests has not."""
    with servers.running(crds=[*CRDS, *gateway_api.crds()]) as server:
        yield server


@pytest.fixture(scope="module")
def entry(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Traefik that routes by this API server."""
    port = operator_process.free_port()
    access = {
        "endpoint": api_server.url,
        "token": api_server.tokens[ADMIN],
        "certAuthFilePath": str(api_server.certificate),
    }
    command = [
        str(Path(sys.executable).with_name("traefik")),
        f"--entryPoints.web.address=127.0.0.1:{port}",
        *(f"--providers.kubernetesIngress.{name}={value}" for name, value in access.items()),
        *(f"--providers.kubernetesGateway.{name}={value}" for name, value in access.items()),
        *_matching(),
        "--providers.kubernetesIngress.allowEmptyServices=true",
        "--providers.kubernetesIngress.ingressEndpoint.ip=192.0.2.7",
        "--global.checkNewVersion=false",
    ]
    with (tmp_path_factory.mktemp("traefik") / "log").open("w") as log:
        traefik = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    yield port
    traefik.terminate()
    traefik.wait(30)


def _matching() -> list[str]:
    """How the Traefik of the local cluster reads the paths of an Ingress."""
    declared = yaml.safe_load(_TRAEFIK.read_text("utf-8"))
    arguments: list[str] = declared["spec"]["template"]["spec"]["containers"][0]["args"]
    return [one for one in arguments if "PrefixMatching" in one]


@pytest.fixture
async def gateway_class(cluster: Cluster, entry: int) -> AsyncIterator[int]:
    """Both classes of Traefik; returns the port of its entry point."""
    name = {"metadata": {"name": "traefik"}}
    controller = "traefik.io/gateway-controller"
    await cluster.apply(
        {"apiVersion": _GROUP, "kind": "GatewayClass", **name, "spec": {"controllerName": controller}}
    )
    spec = {"controller": "traefik.io/ingress-controller"}
    await cluster.apply({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", **name, "spec": spec})
    yield entry
    for kind in ("GatewayClass", "IngressClass"):
        await cluster.delete(kind, "traefik")


async def make_gateway(cluster: Cluster, port: int, **allowed: Any) -> None:
    listener = {"name": "web", "protocol": "HTTP", "port": port, "allowedRoutes": {"namespaces": allowed}}
    spec = {"gatewayClassName": "traefik", "listeners": [listener]}
    name = {"name": "web", "namespace": "default"}
    await cluster.apply(
        {"apiVersion": _GROUP, "kind": "Gateway", "metadata": name, "spec": spec}, namespace="default"
    )


def by_gateway(iris: Iris) -> dict[str, Any]:
    host = f"{iris.cluster.namespace}.test"
    return {"type": "Gateway", "host": host, "gateway": {"name": "web", "namespace": "default"}}


def by_ingress(iris: Iris) -> dict[str, Any]:
    return {"type": "Ingress", "host": f"{iris.cluster.namespace}.test", "className": "traefik"}


async def route_ready(iris: Iris, status: str, words: str) -> None:
    """Waits until the condition has this status and these words."""
    await eventually(
        iris.status,
        lambda found: (
            (row := condition(found, "RouteReady")).get("status") == status and words in row["message"]
        ),
        within=90,
    )


async def test_a_route_waits_for_a_gateway_that_admits_it_and_names_what_is_missing(
    operator: OperatorProcess, iris: Iris, gateway_class: int, ask: Ask
) -> None:
    """`iris why` has the words of the status."""

    async def why(words: str) -> None:
        await route_ready(iris, "False", words)
        await eventually(lambda: ask("why", "iris"), lambda answer: words in answer.stdout)

    await iris.declare(route=by_gateway(iris))

    await why("found no Gateway default/web, expected one")
    await make_gateway(iris.cluster, gateway_class, **{"from": "Same"})
    await why("found listener web, expected one whose allowedRoutes admits")
    await make_gateway(iris.cluster, gateway_class, **{"from": "All"})
    await route_ready(iris, "True", "Gateway default/web has accepted the HTTPRoute")


async def test_a_path_that_only_begins_like_a_public_one_is_not_routed(
    operator: OperatorProcess, iris: Iris, gateway_class: int
) -> None:
    """Traefik compares texts, unless it is told to compare segments. No pod: 503 where a path is routed."""
    await iris.declare(route={**by_ingress(iris), "path": "/a"})
    await route_ready(iris, "True", "the Ingress routes")
    address = f"http://127.0.0.1:{gateway_class}"
    headers = {"host": f"{iris.cluster.namespace}.test"}

    async with httpx.AsyncClient(trust_env=False) as client:

        async def status(path: str) -> int:
            return (await client.get(address + path, headers=headers)).status_code

        await eventually(lambda: status("/a/v2"), lambda found: found == 503)
        found = {path: await status(path) for path in ("/a/v2/models", "/a/v2x", "/ab", "/a/metrics", "/v2")}

    assert found == {"/a/v2/models": 503, "/a/v2x": 404, "/ab": 404, "/a/metrics": 404, "/v2": 404}


class Recorder:
    """What happens to the routes of a namespace, in its order."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.live: dict[str, Manifest] = {}
        self.unserved: list[str] = []  # deletions while the other route was not served

    async def kinds(self) -> set[str]:
        return set(self.live)

    async def follow(self, kind: str, other: str) -> None:
        async for event, body in self._cluster.watch(kind):
            if event != "DELETED":
                self.live[kind] = body
                continue
            del self.live[kind]
            if not _is_served(self.live.get(other)):
                self.unserved.append(kind)


def _is_served(route: Manifest | None) -> bool:
    if route is None:
        return False
    if route["kind"] == "Ingress":
        return bool(route["status"]["loadBalancer"].get("ingress"))
    report = http_route.report(route)
    return report is not None and report.works is True


async def test_a_route_changes_its_type_only_when_the_new_one_is_served(
    operator: OperatorProcess, iris: Iris, gateway_class: int
) -> None:
    await make_gateway(iris.cluster, gateway_class, **{"from": "All"})
    await iris.declare(route=by_ingress(iris))
    recorder = Recorder(iris.cluster)
    following = [
        asyncio.create_task(recorder.follow(*kinds))
        for kinds in (("Ingress", "HTTPRoute"), ("HTTPRoute", "Ingress"))
    ]
    try:
        for route, kind in ((by_gateway, "HTTPRoute"), (by_ingress, "Ingress")) * 2:
            await iris.declare(route=route(iris))
            await eventually(recorder.kinds, {kind}.__eq__, within=90)
    finally:
        await tasks.end(following)

    assert recorder.unserved == []
