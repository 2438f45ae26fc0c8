"""A cluster in Docker: the kind `Cluster`. Every step asks Docker first what is there already."""

import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from iris_programs import process

from iris_local_cluster import loopback, paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kind import configuration
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress

Run = Callable[[Sequence[str], str], str]
"""Runs a command with this standard input; its standard output, or LocalClusterError."""


def run(command: Sequence[str], content: str = "") -> str:
    answer = process.answer(command, content=content, seconds=600)
    if answer.code != 0:
        raise LocalClusterError(f"{' '.join(command)}: {process.last_line(answer.stderr)}")
    return answer.stdout


class KindCluster:
    """One kind node and its registry, both containers of the person's Docker engine."""

    def __init__(self, name: str, port: int, tls_port: int, *, run: Run = run) -> None:
        self._name = name
        self._port = port
        self._tls_port = tls_port
        self._run = run

    @property
    def name(self) -> str:
        return self._name

    @property
    def ingress(self) -> str:
        return self._run(configuration.ingress_port(self._name), "").splitlines()[0]

    @property
    def tls_ingress(self) -> str:
        try:
            return self._run(configuration.tls_ingress_port(self._name), "").splitlines()[0]
        except LocalClusterError:
            # A running node cannot get a port.
            return ""

    @property
    def registry(self) -> str:
        return self._run(configuration.registry_port(self._name), "").splitlines()[0]

    def running(self) -> bool:
        return self._state(configuration.node(self._name)) == "running"

    def describe(self) -> str:
        return f"kind node, container {configuration.node(self._name)}"

    def require(self, progress: Progress) -> None:
        with progress.step("Check this machine"):
            if not self.running() and (found := loopback.refusals((self._port, self._tls_port))):
                raise LocalClusterError("\n".join(found))

    def programs(self) -> Sequence[str]:
        return ("kind",)

    def create(self, progress: Progress) -> None:
        kind = binaries.ensure(["kind", "kubectl"], progress)["kind"]
        node, registry = configuration.node(self._name), configuration.registry(self._name)
        with progress.step("Start the kind node") as step:
            self._create_or_start(node, lambda: self._create_node(kind), step.cached)
        with progress.step("Start the registry") as step:
            self._create_or_start(
                registry, lambda: self._run(configuration.create_registry(self._name), ""), step.cached
            )
            self._run(configuration.write_hosts(self._name), configuration.hosts(self._name))

    def provide(self, programs: Collection[str], progress: Progress) -> None:
        """The node pulls what it needs."""
        del programs, progress

    @property
    def pulls(self) -> bool:
        return True

    def delete(self) -> bool:
        names = (configuration.node(self._name), configuration.registry(self._name))
        folder = paths.cluster(self._name)
        if not any(self._state(name) for name in names) and not folder.exists():
            return False
        for command in configuration.delete(self._kind(), self._name):
            self._run(command, "")
        if folder.exists():
            shutil.rmtree(folder)
        return True

    def kubeconfig(self) -> str:
        return self._run(configuration.kubeconfig(self._kind(), self._name), "")

    def entered(self, command: Sequence[str]) -> list[str]:
        """The node's image has no Python: the host's loopback port leads to the same door."""
        return list(command)

    def ingress_inside(self) -> str:
        return self.ingress

    def _create_node(self, kind: Path) -> None:
        file = paths.cluster(self._name) / "kind.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(configuration.cluster(self._name, port=self._port, tls_port=self._tls_port))
        self._run(configuration.create_cluster(kind, self._name, file), "")

    def _create_or_start(
        self, container: str, create: Callable[[], object], cached: Callable[[], None]
    ) -> None:
        match self._state(container):
            case "running":
                cached()
            case "":
                create()
            case _:
                self._run(configuration.start(container), "")

    def _state(self, container: str) -> str:
        """Docker's word for it; nothing when there is no such container."""
        try:
            return self._run(configuration.state(container), "").strip()
        except LocalClusterError:
            return ""

    def _kind(self) -> Path:
        return binaries.ensure(["kind"], Progress())["kind"]
