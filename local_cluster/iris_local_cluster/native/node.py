"""A Kubernetes node on this machine without Docker: the native `Cluster`.

Reads like the start of a node: world → containerd and registry → images → kubeadm's files → kubelet →
API server → addons → Ready. Every step looks first, so a second run only finds that all is there.
"""

import json
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from iris_programs.process import last_line

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import project_images
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.native import (
    containerd,
    kubeadm,
    kubelet,
    layout,
    namespaces,
    pods,
    prerequisites,
    record,
    registry,
    services,
)
from iris_local_cluster.native.layout import Layout
from iris_local_cluster.native.prerequisites import Machine
from iris_local_cluster.native.record import Record
from iris_local_cluster.native.services import Service
from iris_local_cluster.programs import binaries, locks, packages
from iris_local_cluster.progress import Progress, Step

_PROGRAMS = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"),
    *("kubelet", "kubeadm", "containerd", "containerd-shim-runc-v2", "ctr", "coredns", "traefik", "kubectl"),
)


@dataclass(frozen=True, slots=True)
class NativeCluster:
    """One node, in namespaces of its own."""

    layout: Layout
    port: int
    tls_port: int

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def ingress(self) -> str:
        return f"127.0.0.1:{self._record().ingress_port}"

    @property
    def tls_ingress(self) -> str:
        port = self._record().tls_port
        return f"127.0.0.1:{port}" if port else ""

    @property
    def registry(self) -> str:
        return f"127.0.0.1:{self._record().registry_port}"

    def running(self) -> bool:
        return record.running(self.name) is not None

    def describe(self) -> str:
        found = self._record()
        return f"native node, process {found.pid}, state in {found.state}"

    def require(self, progress: Progress) -> None:
        with progress.step("Check this machine"):
            prerequisites.require(self._survey())

    def programs(self) -> Sequence[str]:
        return (*_PROGRAMS, *binaries.FLUX_VERSIONS)

    def create(self, progress: Progress) -> None:
        machine = self._survey()
        prerequisites.require(machine)
        packages.ensure(packages.NODE, progress)
        programs = binaries.ensure(_PROGRAMS, progress)
        archives = project_images.base_images(programs, progress)
        with locks.hold(record.turn(self.name)):
            with progress.step("Start the node") as step:
                self._start_node(programs, step, restricted=machine.restricts_oom_score)
            with progress.step("Load the base images") as step:
                self._load_all(programs["ctr"], archives, step)
            with progress.step("Start Kubernetes") as step:
                self._start_kubernetes(programs, step)

    def provide(self, programs: Collection[str], progress: Progress) -> None:
        built = binaries.ensure({*programs, "ctr"}, progress)
        archives = project_images.base_images({name: built[name] for name in programs}, progress)
        with locks.hold(record.turn(self.name)), progress.step("Load the images") as step:
            self._load_all(built["ctr"], archives, step)

    @property
    def pulls(self) -> bool:
        """Its network leads nowhere."""
        return False

    def delete(self) -> bool:
        with locks.hold(record.turn(self.name)):
            return namespaces.stop(self.layout)

    def kubeconfig(self) -> str:
        # Of the clone that started it, which need not be this one.
        found = self._record()
        admin = (Layout(self.name, Path(found.state)).kubernetes / "admin.conf").read_text()
        return kubeadm.kubeconfig(admin, context=self.name, port=found.api_port)

    def entered(self, command: Sequence[str]) -> list[str]:
        return namespaces.entered_network(self._record(), command)

    def ingress_inside(self) -> str:
        return f"{layout.NODE_ADDRESS}:{layout.INGRESS_PORT}"

    def _survey(self) -> Machine:
        ports = (self.port, self.tls_port)
        return prerequisites.survey(
            self.layout.state, name=self.name, ports=ports, first_build=not _built_before()
        )

    def _start_node(self, programs: Mapping[str, Path], step: Step, *, restricted: bool) -> None:
        node = self.layout
        if self.running():
            step.cached("runs")
        namespaces.start(node, ingress_port=self.port, tls_port=self.tls_port)
        containerd.configure(node, pause_image=project_images.PAUSE, restrict_oom_score=restricted)
        pods.configure(node)
        registry.configure(node)
        self._declare(containerd.service(programs["containerd"]), "containerd.toml")
        self._declare(registry.service(), "registry.yaml")
        self._wait("containerd", lambda: self._answers([str(programs["ctr"]), "version"]))

    def _load_all(self, ctr: Path, archives: Mapping[str, Path], step: Step) -> None:
        """Only what the node does not have; an archive's name says what is in it."""
        note = self.layout.state / "loaded.json"
        loaded: dict[str, str] = json.loads(note.read_text()) if note.is_file() else {}
        command = [str(ctr), "--namespace=k8s.io", "images"]
        there = self._inside([*command, "list", "--quiet"]).split()
        missing = [
            name for name, file in archives.items() if name not in there or loaded.get(name) != file.name
        ]
        for number, name in enumerate(missing, 1):
            step.note(f"{number} of {len(missing)}: {name}")
            self._inside([*command, "import", "--local", str(archives[name])])
            loaded[name] = archives[name].name
            note.write_text(json.dumps(loaded))
        if not missing:
            step.cached()

    def _start_kubernetes(self, programs: Mapping[str, Path], step: Step) -> None:
        node = self.layout
        text = kubeadm.config(
            node,
            kubernetes=f"v{binaries.KUBERNETES_VERSION}",
            etcd=project_images.ETCD.rpartition(":")[2],
            coredns=project_images.COREDNS.rpartition(":")[2],
        )
        run = partial(self._kubeadm, programs)
        step.note("certificates and manifests")
        fresh = kubeadm.configure(node, text, run)
        kubelet.configure(node)
        self._declare(kubelet.service(node, programs["kubelet"]), "kubelet.yaml")
        step.note("waiting for the API server")
        kubectl = self._administrator()
        self._wait("the API server", lambda: kubectl.succeeds("get", "--raw=/readyz"), log="kubelet")
        if not fresh and kubectl.succeeds("get", "deployment/coredns", "--namespace=kube-system"):
            step.cached("runs")
        else:
            step.note("addons")
            kubectl.apply(*kubeadm.bindings())
            kubeadm.addons(run)
        step.note("waiting for the node to be Ready")
        ready = ("wait", "--for=condition=Ready", f"node/{node.node_name}", "--timeout=2s")
        self._wait("the node", lambda: kubectl.succeeds(*ready), log="kubelet")

    def _declare(self, service: Service, file: str) -> None:
        services.declare(self.layout.services, service, configuration=self.layout.configuration / file)

    def _administrator(self) -> Kubectl:
        """Before its group is bound, only super-admin.conf may do anything."""
        admin = (self.layout.kubernetes / "super-admin.conf").read_text()
        file = self.layout.configuration / "super-admin.kubeconfig"
        file.touch(mode=0o600)
        file.write_text(kubeadm.kubeconfig(admin, context=self.name, port=self._record().api_port))
        return Kubectl(file)

    def _kubeadm(self, programs: Mapping[str, Path], command: Sequence[str]) -> None:
        # One at a time, also when the one before was started by an `up` that has been killed since.
        found = f"PATH={programs['kubeadm'].parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        self._inside(["flock", "/run/kubeadm.lock", "env", found, *command])

    def _inside(self, command: Sequence[str]) -> str:
        answer = subprocess.run(
            namespaces.entered(self._record(), command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if answer.returncode != 0:
            raise LocalClusterError(f"{' '.join(command)}: {last_line(answer.stderr)}")
        return answer.stdout

    def _answers(self, command: Sequence[str]) -> bool:
        try:
            self._inside(command)
        except LocalClusterError:
            return False
        return True

    def _wait(self, what: str, true: Callable[[], bool], *, log: str = "", seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            if not self.running():
                raise LocalClusterError(f"the node stopped: see {self.layout.logs / 'init.log'}")
            if time.monotonic() > deadline:
                file = self.layout.logs / f"{log or what}.log"
                raise LocalClusterError(f"{what}: not ready after {seconds:.0f} s: see {file}")
            time.sleep(0.2)

    def _record(self) -> Record:
        found = record.running(self.name)
        if found is None:
            raise LocalClusterError(
                f"cluster {self.name}: not running, expected a cluster that `make up` started"
            )
        return found


def _built_before() -> bool:
    return (paths.cache() / "bin" / "kubernetes").is_dir()
