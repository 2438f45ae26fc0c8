"""A real API server that knows what Flux and the Prometheus Operator bring: their own modules' CRDs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from iris_local_cluster import api_server as servers
from iris_local_cluster import paths
from iris_local_cluster.api_server import ApiServer
from iris_local_cluster.programs import binaries, golang
from iris_local_cluster.up import monitoring

from tests.harness.fixtures import CRDS
from tests.harness.kubernetes import Cluster, client_of


def flux_crds() -> list[Path]:
    """Of the very versions that the local cluster builds."""
    found: list[Path] = []
    for controller in binaries.FLUX_VERSIONS:
        folder = paths.GO_MODULES / controller
        toolchain = golang.toolchain(folder, program=golang.find())
        module = golang.source(toolchain, folder, f"github.com/fluxcd/{controller}")
        found += sorted((module / "config" / "crd" / "bases").glob("*.yaml"))
    return found


@pytest.fixture(scope="session")
def whole_api() -> Iterator[ApiServer]:
    """One of its own: the session's server stays without Flux, as most clusters of our users are."""
    with servers.running(crds=[*CRDS, *flux_crds(), *monitoring.api()]) as server:
        yield server


@pytest.fixture
async def whole(whole_api: ApiServer) -> AsyncIterator[Cluster]:
    """Its administrator's client."""
    async with client_of(whole_api.kubeconfig) as client:
        yield Cluster(client)
