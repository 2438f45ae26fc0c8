"""The pod network: a bridge in the node, addresses from one range, host ports. Standard plugins only."""

import json

from iris_local_cluster.native import layout
from iris_local_cluster.native.layout import Layout


def config() -> str:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        # A pod may reach itself through its own Service.
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": layout.POD_SUBNET}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "iris", "plugins": [bridge, portmap]}, indent=2)


def configure(node: Layout) -> None:
    folder = node.state / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10-iris.conflist").write_text(config())
