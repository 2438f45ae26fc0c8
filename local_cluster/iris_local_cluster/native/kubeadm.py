"""The control plane by kubeadm's own phases: certificates, kubeconfigs, static pods, addons.

kubeadm writes to /etc/kubernetes; inside the node that is the cluster's state folder.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from iris_local_cluster.native import layout
from iris_local_cluster.native.layout import Layout

CONFIGURATION = layout.INSIDE / "configuration" / "kubeadm.yaml"
_FILE_PHASES = (
    ("certs", "all"),
    ("kubeconfig", "all"),
    ("etcd", "local"),
    ("control-plane", "all"),
)
_ADDONS = (("addon", "kube-proxy"), ("addon", "coredns"))

Run = Callable[[Sequence[str]], None]


def config(node: Layout, *, kubernetes: str, etcd: str, coredns: str) -> str:
    """kubeadm's configuration for one node; versions as image tags."""
    documents: list[dict[str, Any]] = [
        {
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": layout.NODE_ADDRESS, "bindPort": layout.API_PORT},
            "nodeRegistration": {
                "name": node.node_name,
                "criSocket": f"unix://{layout.CONTAINERD_SOCKET}",
                "taints": [],
            },
        },
        _control_plane(node, kubernetes=kubernetes, etcd=etcd, coredns=coredns),
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            # The connection table's size belongs to the host.
            "conntrack": {"maxPerCore": 0},
        },
    ]
    return yaml.safe_dump_all(documents)


def _control_plane(node: Layout, *, kubernetes: str, etcd: str, coredns: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "clusterName": node.name,
        "kubernetesVersion": kubernetes,
        "networking": {"podSubnet": layout.POD_SUBNET, "serviceSubnet": layout.SERVICE_SUBNET},
        "apiServer": {"certSANs": ["127.0.0.1", "localhost"]},
        "controllerManager": {
            "extraArgs": [
                # The default is in /usr, which is the host's.
                {"name": "flex-volume-plugin-dir", "value": "/var/lib/kubelet/volumeplugins"},
                # One replica of everything: holding a lease would only cost writes.
                {"name": "leader-elect", "value": "false"},
            ]
        },
        "scheduler": {"extraArgs": [{"name": "leader-elect", "value": "false"}]},
        "dns": {"imageTag": coredns},
        "etcd": {
            "local": {
                "imageTag": etcd,
                # A disposable cluster: speed is worth more than surviving a power cut.
                "extraArgs": [{"name": "unsafe-no-fsync", "value": "true"}],
            }
        },
    }


def configure(node: Layout, text: str, run: Run) -> bool:
    """Write what kubelet starts the control plane from; False when all of it was there.

    The mark is written last: a run that was killed half-way is done again from an empty folder. With a
    mark of another configuration only the manifests change, the certificates stay.
    """
    mark = node.kubernetes / "complete"
    digest = hashlib.sha256(text.encode()).hexdigest()
    if mark.is_file() and mark.read_text() == digest:
        return False
    if not mark.is_file():
        run(["find", "/etc/kubernetes", "-mindepth", "1", "-delete"])
    node.configuration.mkdir(parents=True, exist_ok=True)
    (node.configuration / "kubeadm.yaml").write_text(text)
    for phase in _FILE_PHASES:
        run(["kubeadm", "init", "phase", *phase, f"--config={CONFIGURATION}"])
    mark.write_text(digest)
    return True


def addons(run: Run) -> None:
    for phase in _ADDONS:
        run(["kubeadm", "init", "phase", *phase, f"--config={CONFIGURATION}"])


def bindings() -> list[dict[str, Any]]:
    """Two that kubeadm makes in a phase we have no use for: people administer, and logs and exec work."""
    return [
        _binding(
            "kubeadm:cluster-admins", role="cluster-admin", kind="Group", subject="kubeadm:cluster-admins"
        ),
        _binding(
            "kubeadm:apiserver-kubelet-client",
            role="system:kubelet-api-admin",
            kind="User",
            subject="kube-apiserver-kubelet-client",
        ),
    ]


def _binding(name: str, *, role: str, kind: str, subject: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": kind, "name": subject}],
    }


def kubeconfig(admin: str, *, context: str, port: int) -> str:
    """The administrator's kubeconfig as the host needs it: through the loopback port."""
    document = yaml.safe_load(admin)
    document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    document["contexts"][0]["name"] = context
    document["current-context"] = context
    return yaml.safe_dump(document)
