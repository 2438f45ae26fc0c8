"""A real API server that knows what Flux and the Prometheus Operator bring: their own modules' CRDs."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import yaml
from iris_api import kinds
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


def http_route_crd(folder: Path) -> Path:
    """Gateway API's kind with any content: the tests here are about rights."""
    kind = kinds.HTTP_ROUTE
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{kind.group}",
            # The API server wants to see an approval for groups of Kubernetes.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"kind": kind.name, "plural": kind.plural},
            "versions": [version],
        },
    }
    file = folder / "httproutes.yaml"
    file.write_text(yaml.safe_dump(crd), "utf-8")
    return file


@pytest.fixture(scope="session")
def whole_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One of its own: the session's server stays without Flux, as most clusters of our users are."""
    route = http_route_crd(tmp_path_factory.mktemp("crds"))
    with servers.running(crds=[*CRDS, *flux_crds(), *monitoring.api(), route]) as server:
        yield server


@pytest.fixture
async def whole(whole_api: ApiServer) -> AsyncIterator[Cluster]:
    """Its administrator's client."""
    async with client_of(whole_api.kubeconfig) as client:
        yield Cluster(client)
