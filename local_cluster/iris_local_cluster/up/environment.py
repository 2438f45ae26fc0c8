"""What a person's shell needs to talk to a cluster: a kubeconfig, programs on the path, a file to source."""

import shlex
from pathlib import Path

from iris_local_cluster import paths

DEFAULT_NAME = "iris"
# kubectl finds its plugins, and what completes them, by their names on the path.
PROGRAMS = ("kubectl", "iris", "kubectl-iris", "kubectl_complete-iris")


def kubeconfig(name: str) -> Path:
    """The person's own cluster has the short path; others keep theirs with their state."""
    return paths.KUBECONFIG if name == DEFAULT_NAME else paths.cluster(name) / "kubeconfig"


def exports(name: str, ingress: str = "") -> str:
    """Lines for a POSIX shell; sourcing them twice adds nothing. The ingress leads to Prometheus."""
    folder = shlex.quote(str(paths.BIN))
    lines = [
        f"export KUBECONFIG={shlex.quote(str(kubeconfig(name)))}",
        f'case ":$PATH:" in *:{folder}:*) ;; *) export PATH={folder}:"$PATH" ;; esac',
    ]
    if ingress:
        lines.append(f"export IRIS_PROMETHEUS=http://prometheus.localhost:{ingress.rpartition(':')[2]}")
    return "".join(f"{line}\n" for line in lines)


def write(name: str, content: str, ingress: str) -> None:
    """The cluster's kubeconfig and `.local/bin`; for the person's own cluster also `.local/env`."""
    _private(kubeconfig(name), content)
    paths.BIN.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        link = paths.BIN / program
        if not link.is_symlink() or link.readlink() != paths.SCRIPTS / program:
            link.unlink(missing_ok=True)
            link.symlink_to(paths.SCRIPTS / program)
    if name == DEFAULT_NAME:
        told = "# source this file: it puts kubectl and iris on PATH and selects the cluster"
        paths.ENV_FILE.write_text(f"{told}\n{exports(name, ingress)}")


def remove(name: str) -> None:
    kubeconfig(name).unlink(missing_ok=True)
    if name == DEFAULT_NAME:
        paths.ENV_FILE.unlink(missing_ok=True)


def _private(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(content)
    unfinished.replace(file)
