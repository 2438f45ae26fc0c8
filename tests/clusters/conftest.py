"""A real API server with the CRDs of Flux, Prometheus Operator and Gateway API, from their own modules."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from iris_local_cluster import api_server as servers
from iris_local_cluster import paths
from iris_local_cluster.api_server import ApiServer
from iris_local_cluster.programs import binaries, golang
from iris_local_cluster.up import gateway_api, monitoring

from tests.harness.fixtures import CRDS
from tests.harness.kubernetes import Cluster, client_of


def flux_crds() -> list[Path]:
    """Of the very versions that the local cluster builds."""
    found: list[Path] = []
    for controller in binaries.FLUX_VERSIONS:
        module = golang.source(paths.GO_MODULES / controller, f"github.com/fluxcd/{controller}")
        found += sorted((module / "config" / "crd" / "bases").glob("*.yaml"))
    return found


FluxProgram = Callable[[str], Path]


@pytest.fixture(scope="session")
def flux_program(tmp_path_factory: pytest.TempPathFactory) -> FluxProgram:
    """Compiles `<name>/main.go` with the kustomize-controller's own go.mod, so that its code is what runs."""

    def compiled(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(Path(__file__).parent / name / "main.go", folder)
        for file in ("go.mod", "go.sum"):
            shutil.copy(paths.GO_MODULES / "kustomize-controller" / file, folder)
        go = golang.find()
        assert go is not None, "the program is built with Go"
        # The flags of the local cluster's own builds: what the controller needs is compiled already.
        command = [go, "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", name, "."]
        subprocess.run(command, cwd=folder, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        return folder / name

    return compiled


@pytest.fixture(scope="session")
def whole_api() -> Iterator[ApiServer]:
    """One of its own: the session's server stays without Flux, as most clusters of our users are."""
    with servers.running(crds=[*CRDS, *flux_crds(), *monitoring.api(), *gateway_api.crds()]) as server:
        yield server


@pytest.fixture
async def whole(whole_api: ApiServer) -> AsyncIterator[Cluster]:
    """Its administrator's client."""
    async with client_of(whole_api.kubeconfig) as client:
        yield Cluster(client)
