"""kubelet: its configuration and its command line."""

from pathlib import Path
from typing import Any

import yaml

from iris_local_cluster.native import layout
from iris_local_cluster.native.layout import Layout
from iris_local_cluster.native.services import Service

_CONFIGURATION = layout.INSIDE / "configuration" / "kubelet.yaml"
_RESOLVER = layout.INSIDE / "configuration" / "resolv.conf"
_PLUGINS = "/var/lib/kubelet/volumeplugins"


def config(node: Layout) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "clusterDNS": [layout.DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{layout.CONTAINERD_SOCKET}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "resolvConf": str(_RESOLVER),
        "serializeImagePulls": False,
        "staticPodPath": "/etc/kubernetes/manifests",
        # How often pods see their Secrets anew: so a new model is scraped soon, not after a minute.
        "syncFrequency": "10s",
        # The default is in /usr, which is the host's.
        "volumePluginDir": _PLUGINS,
        # The disk is shared with the user: a full disk must not evict the pods.
        "evictionHard": {"imagefs.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%"},
        "imageGCHighThresholdPercent": 100,
    }


def configure(node: Layout) -> None:
    node.configuration.mkdir(parents=True, exist_ok=True)
    (node.configuration / "kubelet.yaml").write_text(yaml.safe_dump(config(node)))
    # Pods cannot reach outside names: answer with a refusal at once instead of a timeout.
    (node.configuration / "resolv.conf").write_text(f"nameserver {layout.NODE_ADDRESS}\n")


def service(node: Layout, program: Path) -> Service:
    return Service(
        "kubelet",
        (
            str(program),
            f"--config={_CONFIGURATION}",
            "--kubeconfig=/etc/kubernetes/kubelet.conf",
            f"--hostname-override={node.node_name}",
            f"--node-ip={layout.NODE_ADDRESS}",
        ),
    )
