"""The shell's access to a cluster: a kubeconfig, programs on PATH and a file to source."""

import shlex
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.errors import LocalClusterError

DEFAULT_NAME = "iris"
# kubectl finds plugins and their completion by name on PATH.
PROGRAMS = ("kubectl", "iris", "kubectl-iris", "kubectl_complete-iris")


def kubeconfig(name: str) -> Path:
    """The default cluster has the short path; other clusters keep theirs in their state folder."""
    return paths.KUBECONFIG if name == DEFAULT_NAME else paths.cluster(name) / "kubeconfig"


def require(cluster: Cluster, kubeconfig: Path) -> None:
    """Refuse a running cluster that is not this clone's."""
    if not kubeconfig.is_file():
        raise LocalClusterError(
            f"{kubeconfig}: not found, expected the file that `make up` writes: cluster {cluster.name} "
            f"({cluster.describe()}) is starting, or another clone started it: run the command there"
        )


def authority(name: str) -> Path:
    """The certificate of the cluster's CA, for `curl --cacert`; where its kubeconfig is."""
    return kubeconfig(name).with_name("ca.pem")


def exports(name: str, ingress: str = "") -> str:
    """Lines for a POSIX shell; sourcing them twice is safe. The ingress gives Prometheus' address."""
    folder = shlex.quote(str(paths.BIN))
    lines = [
        f"export KUBECONFIG={shlex.quote(str(kubeconfig(name)))}",
        f'case ":$PATH:" in *:{folder}:*) ;; *) export PATH={folder}:"$PATH" ;; esac',
    ]
    if ingress:
        lines.append(f"export IRIS_PROMETHEUS=http://prometheus.localhost:{ingress.rpartition(':')[2]}")
    return "".join(f"{line}\n" for line in lines)


def write(name: str, content: str, ingress: str) -> None:
    """The cluster's kubeconfig and `.local/bin`; for the default cluster also `.local/env`."""
    _private(kubeconfig(name), content)
    paths.BIN.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        link = paths.BIN / program
        if not link.is_symlink() or link.readlink() != paths.SCRIPTS / program:
            link.unlink(missing_ok=True)
            link.symlink_to(paths.SCRIPTS / program)
    if name == DEFAULT_NAME:
        comment = "# source this file: it puts kubectl and iris on PATH and selects the cluster"
        paths.ENV_FILE.write_text(f"{comment}\n{exports(name, ingress)}")


def remove(name: str) -> None:
    kubeconfig(name).unlink(missing_ok=True)
    authority(name).unlink(missing_ok=True)
    if name == DEFAULT_NAME:
        paths.ENV_FILE.unlink(missing_ok=True)


def _private(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(content)
    unfinished.replace(file)
