"""The local image registry: our images are pushed to it and really pulled from it by the node."""

from typing import Any

import yaml

from iris_local_cluster.native import layout
from iris_local_cluster.native.layout import Layout
from iris_local_cluster.native.services import Service

PROGRAM = "/usr/bin/docker-registry"
_CONFIGURATION = layout.INSIDE / "configuration" / "registry.yaml"


def config() -> dict[str, Any]:
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(layout.INSIDE / "registry")},
            "delete": {"enabled": True},
        },
        # All addresses of the node's own network, of which there are three.
        "http": {"addr": f":{layout.REGISTRY_PORT}"},
    }


def configure(node: Layout) -> None:
    (node.state / "registry").mkdir(parents=True, exist_ok=True)
    node.configuration.mkdir(parents=True, exist_ok=True)
    (node.configuration / "registry.yaml").write_text(yaml.safe_dump(config()))


def service() -> Service:
    return Service("registry", (PROGRAM, "serve", str(_CONFIGURATION)))
