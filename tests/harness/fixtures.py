"""Fixtures for whatever talks to a real API server: one server a run, one namespace a test.

Named here once and loaded by tests/conftest.py, so that every folder shares the same server.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.harness import kubernetes

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

CRDS = tuple((Path(__file__).parents[2] / "crds").glob("*.serving.two.inc.yaml"))
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def api_server() -> Iterator["ApiServer"]:
    """A running API server that knows our CRDs and a user named jane without any rights."""
    # Here and not above: unit tests load this file too and never need it.
    from iris_local_cluster import api_server as servers  # noqa: PLC0415

    with servers.running(users={"jane": []}, crds=CRDS, silent_node_seconds=4) as server:
        yield server


@pytest.fixture(scope="session")
def http_routes() -> kubernetes.Manifest:
    """The real CRD of HTTPRoute. It takes Go some seconds, so not in the event loop of a kubelet."""
    from iris_local_cluster.up import gateway_api  # noqa: PLC0415

    [file] = [path for path in gateway_api.crds() if path.stem.endswith("_httproutes")]
    return dict(yaml.safe_load(file.read_text("utf-8")))


@pytest.fixture
async def cluster(api_server: "ApiServer") -> AsyncIterator[kubernetes.Cluster]:
    """The administrator's client, looking at a namespace of the test's own."""
    async with own_namespace(api_server) as cluster:
        yield cluster


@pytest.fixture
def namespace(cluster: kubernetes.Cluster) -> str:
    """The test's own."""
    return cluster.namespace


@asynccontextmanager
async def own_namespace(api_server: "ApiServer") -> AsyncIterator[kubernetes.Cluster]:
    """The administrator's client in a new namespace in which pods may be created; deleted afterwards."""
    name = f"test-{next(_numbers)}"
    async with kubernetes.client_of(api_server.kubeconfig) as client:
        cluster = kubernetes.Cluster(client, name)
        await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await kubernetes.eventually(lambda: cluster.find("ServiceAccount", "default"), bool)
        yield cluster
        await cluster.delete("Namespace", name)
