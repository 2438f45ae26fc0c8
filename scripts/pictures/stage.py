"""The cluster of the pictures: a real API server with the real operator, model servers and Prometheus.

The kubelet, the Gateway and Flux are played. Each model has a namespace of its own; `WORSE` was trained on
mislabelled rows.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from iris_api import readiness
from iris_local_cluster import api_server
from iris_local_cluster.api_server import ApiServer
from iris_local_cluster.up import gateway_api
from sklearn.datasets import load_iris

from scripts.pictures import git, session
from scripts.pictures.git import Repository
from tests.harness import (
    flux,
    gateway,
    kubelet,
    kubernetes,
    model_servers,
    operator_process,
    prometheus_process,
)
from tests.harness.gateway import PlayedGateway
from tests.harness.kubernetes import Cluster, Manifest
from tests.harness.prometheus_process import Target

GARDEN, SHOP, MARKET, PARK = "garden", "shop", "market", "park"
WORSE: Final = "2.0.0"
ADDRESSES: Final = {"1.0.0": "127.0.90.1", "1.1.0": "127.0.90.2"}
WORSE_ADDRESS: Final = "127.0.90.3"
# A rollout by steps counts the requests of its pods, so that they have servers of their own.
STEPPED: Final = {"1.0.0": "127.0.90.4", "1.1.0": "127.0.90.5"}
_FEATURES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_OPERATOR: Final = {"namespace": "iris-system", "pod": "iris-operator-0"}
_PATIENCE_SECONDS: Final = 240.0
# Seconds between two turns of the played Gateway.
_PAUSE: Final = 0.1
_OF_THE_PLAY: Final = frozenset(
    {"FailedToUpdateEndpoint", "FailedToUpdateEndpointSlices", "CalculateExpectedPodCountFailed"}
)
_LONG_AGO: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Stage:
    server: ApiServer
    clusters: dict[str, Cluster]
    prometheus: str
    repository: Repository
    gateway: PlayedGateway

    async def declare(self, namespace: str, version: str, author: str, **spec: Any) -> None:
        """Somebody commits it, and Flux applies it."""
        body = session.declaration(namespace, version)
        body["spec"] |= spec
        self.repository.commit(f"{namespace}.yaml", body, author, f"Serve {version} in the {namespace}")
        await self.sync(namespace)

    async def sync(self, namespace: str) -> None:
        await self.repository.sync(self.clusters[namespace], f"{namespace}.yaml")
        # The operator reads the revision when it first sees a change: the next commit must not come before.
        deadline, head = time.monotonic() + _PATIENCE_SECONDS, self.repository.head()
        while time.monotonic() < deadline:
            body = await self.clusters[namespace].get("IrisModel", "iris")
            if body.get("status", {}).get("source", {}).get("revision", "").endswith(head):
                return
            await asyncio.sleep(0.1)
        raise SystemExit(f"pictures: {namespace}/iris: found no source, expected commit {head}")

    async def quiet(self) -> None:
        """Delete what Kubernetes reports about the played nodes and their addresses on loopback."""
        for namespace, cluster in self.clusters.items():
            path = f"/api/v1/namespaces/{namespace}/events"
            for event in (await cluster.request("GET", path))["items"]:
                if event["reason"] in _OF_THE_PLAY:
                    await cluster.request("DELETE", f"{path}/{event['metadata']['name']}")

    async def steps(self, weight: int) -> None:
        """Until the rollout of the market has this weight, and every gate has counted requests."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            body = await self.clusters[MARKET].get("IrisModel", "iris")
            rollout = body["status"].get("rollout", {})
            gates = rollout.get("gates", ())
            if rollout.get("weight") == weight and gates and all("lowPerMille" in gate for gate in gates):
                return
            await asyncio.sleep(0.5)
        raise SystemExit(f"pictures: {MARKET}/iris: found {rollout}, expected gates at {weight} %")

    async def wait(self, namespace: str, *reasons: str) -> None:
        """Until Ready of the present spec has one of these reasons."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            body = await self.clusters[namespace].get("IrisModel", "iris")
            ready = readiness.condition(body, "Ready") if readiness.is_current(body) else {}
            if ready.get("reason") in reasons:
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"pictures: {namespace}/iris: found {ready}, expected {reasons}")
            await asyncio.sleep(0.2)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Stage]:
    # As the operator sets it for `pickle: Deny`.
    os.environ["IRIS_PICKLE"] = "Deny"
    async with AsyncExitStack() as stack:
        kustomization = folder / "kustomization.yaml"
        kustomization.write_text(json.dumps(flux.crd()), "utf-8")
        routes = [file for file in gateway_api.crds() if file.stem.endswith("_httproutes")]
        server = stack.enter_context(api_server.running(crds=(*session.CRDS, kustomization, *routes)))
        good, stepped, worse = folder / "servers", folder / "stepped", folder / "worse"
        for each in (good, stepped, worse):
            each.mkdir()
        stack.enter_context(model_servers.running(good, ADDRESSES, "iris"))
        stack.enter_context(model_servers.running(stepped, STEPPED, "iris"))
        rows = model_servers.mislabelled(folder / "rows.csv")
        stack.enter_context(model_servers.running(worse, {WORSE: WORSE_ADDRESS}, "iris", data=rows))
        operator = stack.enter_context(operator_process.running(server.kubeconfig, folder))
        targets = [
            _target(GARDEN, "1.0.0"), _target(SHOP, "1.1.0"), _target(PARK, "1.1.0"),
            _target(MARKET, "1.0.0", STEPPED),
            _target(MARKET, "1.1.0", STEPPED, "iris-canary"),
            Target(operator.url.removeprefix("http://"), _OPERATOR),
        ]  # fmt: skip
        prometheus = stack.enter_context(prometheus_process.running(folder / "prometheus", targets))
        client = await stack.enter_async_context(kubernetes.client_of(server.kubeconfig))
        behaviours = {
            version: kubelet.serving(address)
            for version, address in {**ADDRESSES, WORSE: WORSE_ADDRESS}.items()
        } | {session.ABSENT: _absent}
        steps = {version: kubelet.serving(address) for version, address in STEPPED.items()}
        clusters = {}
        for namespace in (GARDEN, SHOP, MARKET, PARK, "flux-system"):
            cluster = clusters[namespace] = Cluster(client, namespace)
            await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            played = steps if namespace == MARKET else behaviours
            await stack.enter_async_context(kubelet.Kubelet(cluster, played))
        sent = gateway.rows(0, 1, 2)
        playing = await stack.enter_async_context(PlayedGateway(clusters[MARKET], sent, pause=_PAUSE))
        await stack.enter_async_context(_asked())
        repository = git.Repository.create(folder)
        yield Stage(server, clusters, prometheus, repository, playing)


def _absent(pod: Manifest) -> dict[str, Any]:
    """The state of a pod whose image does not exist, in the words of containerd."""
    status = kubelet.cannot_pull(_LONG_AGO)(pod)
    for container, found in zip(pod["spec"]["containers"], status["containerStatuses"], strict=True):
        image = container["image"]
        found["state"]["waiting"]["message"] = f'Back-off pulling image "{image}": {image}: not found'
    return status


def _target(
    namespace: str, version: str, addresses: Mapping[str, str] = ADDRESSES, service: str = "iris"
) -> Target:
    pod = f"{service}-5f8f748ccf-{version.replace('.', '')}"
    return Target(f"{addresses[version]}:8000", {"namespace": namespace, "service": service, "pod": pod})


@asynccontextmanager
async def _asked() -> AsyncIterator[None]:
    """Clients of both versions; after a while their flowers are larger than those of the training data."""
    began, values = time.monotonic(), random.Random(7)  # noqa: S311 - no secret

    async def ask(address: str) -> None:
        rows = load_iris().data.tolist()
        async with httpx.AsyncClient(base_url=f"http://{address}:8000", trust_env=False) as client:
            while True:
                growth = 1.0 if time.monotonic() - began < 70 else 1.4
                row = [round(growth * value, 2) for value in values.choice(rows)]
                await client.post("/api/v1/predict", json=dict(zip(_FEATURES, row, strict=True)))
                await asyncio.sleep(values.uniform(0.01, 0.06))

    asking = [asyncio.create_task(ask(address)) for address in ADDRESSES.values()]
    yield
    for task in asking:
        task.cancel()
