"""The node's network: complete in itself, and leading nowhere. Runs inside its namespace only.

No link to the host's interfaces, so there is nothing to route, translate, filter or clean up there.
"""

import subprocess
from pathlib import Path

from iris_local_cluster.native import layout

_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
}


def arrange() -> None:
    """Loopback, the node's address on a pair of its own, and what kube-proxy needs from the kernel."""
    _ip("link", "set", "lo", "up")
    # A pair with both ends here: a bridge alone has no carrier, and some kernels have no dummy device.
    _ip("link", "add", "node0", "type", "veth", "peer", "name", "node1")
    _ip("address", "add", f"{layout.NODE_ADDRESS}/{layout.NODE_PREFIX}", "dev", "node0")
    _ip("link", "set", "node1", "up")
    _ip("link", "set", "node0", "up")
    # kubeadm and kube-proxy take the node's address from the default route.
    _ip("route", "add", "default", "dev", "node0")
    for setting, value in _SETTINGS.items():
        (Path("/proc/sys") / setting).write_text(value)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
