"""A stand-in for `kindest/node`, which cannot be pulled here: kind's own files around our own builds.

From kind's Go module: its entrypoint, units and settings. Ours: Kubernetes and containerd, as on the native
node. Debian's: systemd, runc and the CNI plug-ins. What differs is in `node/`: the images come from archives
in the node, since it can pull none; the kubelet accepts control groups of version 1; containerd lowers no OOM
score; kindnetd is replaced by a static CNI configuration and, for NetworkPolicies, by kube-router.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml
from iris_local_cluster import paths
from iris_local_cluster.images import project_images
from iris_local_cluster.programs import archives, binaries, debian, golang, packages
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import monitoring

from tests.docker import stand_ins
from tests.docker.engine import Engine

_BASE = "kind-base:local"
_FILES = Path(__file__).with_name("node")
_KUBE_ROUTER = Path(__file__).with_name("kube_router")
_SYSTEM = (
    *("systemd", "conntrack", "iptables", "nftables", "iproute2", "ethtool", "util-linux", "mount", "kmod"),
    *("libseccomp2", "e2fsprogs", "bash", "ca-certificates", "jq", "procps", "gawk", "ipset"),
    *("runc", "containernetworking-plugins"),
)
_PROGRAMS = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd-shim-runc-v2", "ctr")
_IN_IMAGES = (
    *("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd", "coredns"),
    *(*binaries.FLUX_VERSIONS, "traefik", *monitoring.PROGRAMS),
)
_GRAFANA = f"""\
FROM {stand_ins.PYTHON}
RUN mkdir -p /srv/api && echo ok > /srv/api/health
CMD ["python3", "-m", "http.server", "3000", "--directory", "/srv"]
"""
# In the same pod, so without a port.
_SIDECAR = f"""\
FROM {stand_ins.PYTHON}
CMD ["sleep", "infinity"]
"""


def load(engine: Engine) -> None:
    """Build it into an engine, under the name that our kind asks for."""
    progress = Progress()
    packages.ensure((*packages.NODE, *packages.IMAGES), progress)
    programs = binaries.ensure((*_PROGRAMS, *_IN_IMAGES), progress)
    source = golang.source(paths.GO_MODULES / "kind", "sigs.k8s.io/kind")
    reference, _, digest = _wanted(source).partition("@")
    _load_system(engine, progress)
    with tempfile.TemporaryDirectory(prefix="node-", dir=engine.folder) as folder:
        context = Path(folder)
        shutil.copytree(source / "images" / "base" / "files", context / "kind")
        shutil.copytree(_FILES / "root", context / "node")
        (context / "node" / "kind" / "version").write_text(f"v{binaries.KUBERNETES_VERSION}")
        _link({name: programs[name] for name in _PROGRAMS}, context / "bin")
        _link({"kube-router": _kube_router()}, context / "policies")
        _link(_images(programs, progress), context / "images")
        _grafana(engine, context / "grafana", into=context / "images" / "1-grafana.tar")
        engine.build("--file", f"{_FILES}/Dockerfile", "--tag", reference, folder)
    _without_digest(engine.folder / "client" / "docker", digest)


def _wanted(source: Path) -> str:
    """`kindest/node:v…@sha256:…`, from the constant in kind's code."""
    text = (source / "pkg" / "apis" / "config" / "defaults" / "image.go").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("const Image = ")]
    return line.split('"')[1]


def _load_system(engine: Engine, progress: Progress) -> None:
    system = debian.root_filesystem(_SYSTEM, progress)
    with tempfile.NamedTemporaryFile(dir=engine.folder) as file:
        archives.write(file, reference=_BASE, layers=[archives.layer(system)], command=())
        file.flush()
        engine.run("load", content=Path(file.name))


def _kube_router() -> Path:
    """At the version of its go.mod, built once into the cache."""
    toolchain = golang.toolchain(_KUBE_ROUTER, program=golang.find())
    key = binaries.key(_KUBE_ROUTER, [toolchain.version, toolchain.platform])
    target = paths.cache() / "bin" / "kube-router" / key
    if not (target / "kube-router").is_file():
        commands = {"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"}
        flags = golang.flags(golang.ldflags({}), ())
        golang.build(toolchain, _KUBE_ROUTER, commands, flags=flags, into=target, note=lambda _: None)
    return target / "kube-router"


def _images(programs: Mapping[str, Path], progress: Progress) -> dict[str, Path]:
    """File name → archive: the control plane under the names this kubeadm asks for, and what Flux applies."""
    version = f"--kubernetes-version=v{binaries.KUBERNETES_VERSION}"
    command = [str(programs["kubeadm"]), "config", "images", "list", version]
    asked = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    found = project_images.base_images(programs, progress)
    for image in project_images.BASE_IMAGES:
        for reference in set(asked) - set(found):
            if reference.rpartition(":")[0] == image.reference.rpartition(":")[0]:
                program = programs[image.program]
                found[reference] = project_images.scratch(reference, program, image.command)
    return {_archive(reference, first=reference in asked): file for reference, file in found.items()}


def _archive(reference: str, *, first: bool) -> str:
    """The node imports them in the order of their names: what it starts with comes first."""
    return f"{0 if first else 1}-{reference.replace('/', '_').replace(':', '_')}.tar"


def _grafana(engine: Engine, context: Path, *, into: Path) -> None:
    """Containers that are only alive: Grafana and its sidecar cannot be built from here."""
    context.mkdir()
    pod = yaml.safe_load((monitoring.GRAFANA / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    references = {container["name"]: container["image"] for container in pod["containers"]}
    for name, content in (("grafana", _GRAFANA), ("dashboards", _SIDECAR)):
        (context / "Dockerfile").write_text(content)
        engine.build("--tag", references[name], str(context))
    engine.run("save", f"--output={into}", *references.values())


def _without_digest(client: Path, digest: str) -> None:
    """Only upstream's image has the digest that kind asks for."""
    program = client.readlink()
    client.unlink()
    client.write_text(f'#!/bin/bash\nexec {program} "${{@/@{digest}/}}"\n')
    client.chmod(0o755)


def _link(files: Mapping[str, Path], folder: Path) -> None:
    """Without a copy where the cache is on the same disk."""
    folder.mkdir()
    for name, file in files.items():
        try:
            os.link(file.resolve(), folder / name)
        except OSError:
            shutil.copyfile(file, folder / name)
