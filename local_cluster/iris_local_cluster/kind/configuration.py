"""What kind and Docker are asked for: files and command lines. Pure; runs nothing."""

from pathlib import Path

import yaml

from iris_local_cluster.cluster import REGISTRY

_REGISTRY_IMAGE = "docker.io/library/registry:3"
_HOSTS = f"/etc/containerd/certs.d/{REGISTRY}"
# kubeadm's one minute is too short for a busy machine with two cores.
_PATIENCE = """\
kind: InitConfiguration
timeouts:
  kubernetesAPICall: 5m
"""


def node(name: str) -> str:
    """kind's own name for it."""
    return f"{name}-control-plane"


def registry(name: str) -> str:
    return f"{name}-registry"


def cluster(name: str, *, port: int, tls_port: int) -> str:
    """One node whose ports 80 and 443, where Traefik listens, are loopback ports of the host."""
    mappings = [
        {"containerPort": inside, "hostPort": outside, "listenAddress": "127.0.0.1", "protocol": "TCP"}
        for inside, outside in ((80, port), (443, tls_port))
    ]
    document = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": name,
        "networking": {"apiServerAddress": "127.0.0.1"},
        "kubeadmConfigPatches": [_PATIENCE],
        "nodes": [{"role": "control-plane", "extraPortMappings": mappings}],
    }
    return yaml.safe_dump(document)


def hosts(name: str) -> str:
    """Where the node's containerd finds `registry.local:5000`: the container beside it, without TLS."""
    address = f"http://{registry(name)}:5000"
    return f'server = "{address}"\n\n[host."{address}"]\n  capabilities = ["pull", "resolve"]\n'


def create_cluster(kind: Path, name: str, file: Path) -> list[str]:
    # kind must not write to the user's ~/.kube/config.
    return [
        *(str(kind), "create", "cluster", f"--name={name}", f"--config={file}"),
        *("--wait=3m", "--kubeconfig=/dev/null"),
    ]


def create_registry(name: str) -> list[str]:
    """On kind's network, and on a free loopback port of the host to push to."""
    return [
        *("docker", "run", "--detach", f"--name={registry(name)}", "--network=kind"),
        *("--publish=127.0.0.1::5000", _REGISTRY_IMAGE),
    ]


def write_hosts(name: str) -> list[str]:
    """The content comes on standard input."""
    script = f"mkdir -p {_HOSTS} && cat > {_HOSTS}/hosts.toml"
    return ["docker", "exec", "--interactive", node(name), "sh", "-c", script]


def state(container: str) -> list[str]:
    return ["docker", "inspect", "--type=container", "--format={{.State.Status}}", container]


def start(container: str) -> list[str]:
    return ["docker", "start", container]


def registry_port(name: str) -> list[str]:
    return ["docker", "port", registry(name), "5000/tcp"]


def ingress_port(name: str) -> list[str]:
    return ["docker", "port", node(name), "80/tcp"]


def tls_ingress_port(name: str) -> list[str]:
    return ["docker", "port", node(name), "443/tcp"]


def kubeconfig(kind: Path, name: str) -> list[str]:
    return [str(kind), "get", "kubeconfig", f"--name={name}"]


def delete(kind: Path, name: str) -> list[list[str]]:
    return [
        [str(kind), "delete", "cluster", f"--name={name}", "--kubeconfig=/dev/null"],
        ["docker", "rm", "--force", "--volumes", registry(name)],
    ]
