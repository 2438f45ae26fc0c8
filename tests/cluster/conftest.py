"""The operator and what surrounds it: real model servers, a played kubelet, a namespace per test."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from iris_api import readiness
from playwright.async_api import Browser, async_playwright

from tests.cluster.console_pages import CHROMIUM, Consoles, admitted
from tests.harness import kubelet, model_servers, operator_process
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, Manifest, eventually
from tests.harness.operator_process import OperatorProcess

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

# What an IrisModel named iris with a route becomes: kind and name.
CHILDREN = [
    ("ServiceAccount", "iris"),
    ("NetworkPolicy", "iris"),
    ("PodDisruptionBudget", "iris"),
    ("Deployment", "iris"),
    ("Service", "iris"),
    ("Ingress", "iris"),
    ("ConfigMap", "iris-dashboard"),
]
MANIFESTS = Path("operator/manifests")
_RIGHTS = ("service-account", "cluster-role", "cluster-role-binding", "role", "role-binding")
IRIS = Path(sys.executable).with_name("iris")
Answer = subprocess.CompletedProcess[str]
Ask = Callable[..., Awaitable[Answer]]
ADDRESSES = {"1.0.0": "127.0.88.1", "1.1.0": "127.0.88.2"}
# Trained on mislabelled rows: it loads, answers quickly, without any error, and is wrong.
WORSE, WORSE_ADDRESS = "9.0.0", "127.0.88.9"


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Version to a trained model."""
    return model_servers.train(tmp_path_factory.mktemp("artifacts"), ADDRESSES)


@pytest.fixture(scope="session")
def worse_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worse")
    data = model_servers.mislabelled(folder / "data.csv")
    return model_servers.train(folder, [WORSE], data=data)[WORSE]


@pytest.fixture(scope="session")
def servers(artifacts: dict[str, Path]) -> Iterator[dict[str, str]]:
    """Version to the address where a real model server answers for model `iris`."""
    with model_servers.serving({ADDRESSES[version]: artifacts[version] for version in ADDRESSES}, "iris"):
        yield ADDRESSES


@pytest.fixture
async def pods(cluster: Cluster, servers: dict[str, str]) -> AsyncIterator[Kubelet]:
    """Pods with image tags 1.0.0 and 1.1.0 serve that version; other tags do nothing until told."""
    behaviours = {version: kubelet.serving(address) for version, address in servers.items()}
    async with Kubelet(cluster, behaviours) as playing:
        yield playing


@pytest.fixture(scope="module")
def operator(api_server: "ApiServer", tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """One operator for all namespaces, shared by the tests of a file."""
    folder = tmp_path_factory.mktemp("operator")
    with operator_process.running(api_server.kubeconfig, folder) as running:
        yield running


@pytest.fixture
def lone_operator(api_server: "ApiServer", namespace: str, tmp_path: Path) -> Iterator[OperatorProcess]:
    """An operator of the test's own for the test's namespace: for tests that count or stop it."""
    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=namespace) as running:
        yield running


@pytest.fixture
async def rights(api_server: "ApiServer", cluster: Cluster) -> AsyncIterator[Path]:
    """A kubeconfig of the operator's own service account, with the rights that its manifests give it."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "iris-system"}}
    await cluster.apply(namespace)
    for name in _RIGHTS:
        manifest = yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text("utf-8"))
        await cluster.apply(manifest, namespace="iris-system")
    yield api_server.kubeconfig_of_service_account("iris-system", "iris-operator")
    await cluster.delete("ClusterRoleBinding", "iris-operator")
    await cluster.delete("Lease", "iris-operator", namespace="iris-system")


class Iris:
    """The IrisModel of a test, by its usual moves."""

    def __init__(self, cluster: Cluster, name: str = "iris") -> None:
        self.cluster = cluster
        self.name = name

    async def declare(self, version: str = "1.0.0", **spec: Any) -> Manifest:
        """Apply an IrisModel with this version and whatever else is given; None leaves a field out."""
        declared = {"version": version, "route": {"host": f"{self.cluster.namespace}.test"}, **spec}
        manifest = {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": self.name},
            "spec": {key: value for key, value in declared.items() if value is not None},
        }
        return await self.cluster.apply(manifest)

    async def status(self) -> Manifest:
        body = await self.cluster.get("IrisModel", self.name)
        return dict(body["status"])

    async def reaches(self, reason: str, *, version: str = "", within: float = 120.0) -> Manifest:
        """The status once Ready has this reason for the newest generation (and this version is declared)."""

        async def read() -> Manifest:
            return await self.cluster.get("IrisModel", self.name)

        def holds(body: Manifest) -> bool:
            declared = body["spec"]["version"] == (version or body["spec"]["version"])
            return declared and readiness.condition(body, "Ready").get("reason") == reason

        body = await eventually(read, holds, within=within)
        return dict(body["status"])


def condition(status: Manifest, kind: str) -> dict[str, str]:
    """The condition of a type, empty when absent."""
    return next((row for row in status.get("conditions", ()) if row["type"] == kind), {})


@pytest.fixture
def iris(cluster: Cluster) -> Iris:
    return Iris(cluster)


@pytest.fixture
def ask(api_server: "ApiServer", cluster: Cluster) -> Ask:
    """Runs `iris` as the administrator (or another user) in the test's namespace."""

    async def run(*words: str, text: str = "", user: str = "admin") -> Answer:
        where = ("-n", cluster.namespace, "--kubeconfig", str(api_server.kubeconfig_of_user(user)))
        command = [IRIS, *words, *(() if "-A" in words else where[:2]), *where[2:]]
        return await asyncio.to_thread(
            subprocess.run, command, input=text, capture_output=True, text=True, check=False, timeout=60
        )

    return run


async def gone(cluster: Cluster, kind: str, name: str) -> None:
    """Waits until there is no such object."""
    await eventually(lambda: cluster.find(kind, name), lambda body: body is None)


@pytest.fixture
def console(api_server: "ApiServer", tmp_path: Path) -> Iterator[Consoles]:
    started = Consoles(IRIS, api_server.kubeconfig_of_user("admin"), tmp_path)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def visitor(api_server: "ApiServer", tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Admitted by one console, for the tests of a file that only ask."""
    folder = tmp_path_factory.mktemp("console")
    started = Consoles(IRIS, api_server.kubeconfig_of_user("admin"), folder)
    with admitted(started()) as client:
        yield client
    started.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        await launched.close()
