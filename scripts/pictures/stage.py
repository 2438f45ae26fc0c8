"""The cluster of the pictures: a real API server with the real operator, model servers and Prometheus.

Only the kubelet is played. Each model has a namespace of its own; `WORSE` was trained on mislabelled rows.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from iris_api import readiness
from iris_local_cluster import api_server
from iris_local_cluster.api_server import ApiServer
from sklearn.datasets import load_iris

from scripts.pictures import session
from tests.harness import kubelet, kubernetes, model_servers, operator_process, prometheus_process
from tests.harness.kubernetes import Cluster, Manifest
from tests.harness.prometheus_process import Target

GARDEN, SHOP = "garden", "shop"
WORSE: Final = "2.0.0"
ADDRESSES: Final = {"1.0.0": "127.0.90.1", "1.1.0": "127.0.90.2"}
WORSE_ADDRESS: Final = "127.0.90.3"
_FEATURES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_OPERATOR: Final = {"namespace": "iris-system", "pod": "iris-operator-0"}
_PATIENCE_SECONDS: Final = 240.0
_LONG_AGO: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Stage:
    server: ApiServer
    clusters: dict[str, Cluster]
    prometheus: str

    async def declare(self, namespace: str, version: str, **spec: Any) -> None:
        body = session.declaration(namespace, version)
        await self.clusters[namespace].apply({**body, "spec": {**body["spec"], **spec}})

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
        server = stack.enter_context(api_server.running(crds=session.CRDS))
        good, worse = folder / "servers", folder / "worse"
        for each in (good, worse):
            each.mkdir()
        stack.enter_context(model_servers.running(good, ADDRESSES, "iris"))
        rows = model_servers.mislabelled(folder / "rows.csv")
        stack.enter_context(model_servers.running(worse, {WORSE: WORSE_ADDRESS}, "iris", data=rows))
        operator = stack.enter_context(operator_process.running(server.kubeconfig, folder))
        targets = [
            _target(GARDEN, "1.0.0"), _target(GARDEN, "1.1.0"), _target(SHOP, "1.1.0"),
            Target(operator.url.removeprefix("http://"), _OPERATOR),
        ]  # fmt: skip
        prometheus = stack.enter_context(prometheus_process.running(folder / "prometheus", targets))
        client = await stack.enter_async_context(kubernetes.client_of(server.kubeconfig))
        behaviours = {
            version: kubelet.serving(address)
            for version, address in {**ADDRESSES, WORSE: WORSE_ADDRESS}.items()
        } | {session.ABSENT: _absent}
        clusters = {}
        for namespace in (GARDEN, SHOP):
            cluster = clusters[namespace] = Cluster(client, namespace)
            await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            await stack.enter_async_context(kubelet.Kubelet(cluster, behaviours))
        await stack.enter_async_context(_asked())
        yield Stage(server, clusters, prometheus)


def _absent(pod: Manifest) -> dict[str, Any]:
    """The state of a pod whose image does not exist, in the words of containerd."""
    status = kubelet.cannot_pull(_LONG_AGO)(pod)
    for container, found in zip(pod["spec"]["containers"], status["containerStatuses"], strict=True):
        image = container["image"]
        found["state"]["waiting"]["message"] = f'Back-off pulling image "{image}": {image}: not found'
    return status


def _target(namespace: str, version: str) -> Target:
    labels = {"namespace": namespace, "service": "iris", "pod": f"iris-5f8f748ccf-{version.replace('.', '')}"}
    return Target(f"{ADDRESSES[version]}:8000", labels)


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
