"""The Service: the stable name and address of the pods. Pure."""

from typing import Any

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.SERVICE
PORT = 80


def build(model: IrisModel) -> dict[str, Any]:
    return metadata.manifest(
        KIND,
        model,
        spec={
            "type": "ClusterIP",
            "selector": metadata.selector(model),
            "ports": [
                {
                    "name": "http",
                    "port": PORT,
                    "targetPort": "http",
                    "protocol": "TCP",
                    "appProtocol": "http",
                }
            ],
        },
    )
