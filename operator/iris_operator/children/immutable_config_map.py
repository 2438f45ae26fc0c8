"""A file for the pods, in a ConfigMap whose name has the digest of its content. Pure.

Such a ConfigMap never changes: pods read exactly the file of their template, where a ConfigMap under one name
could reach a new pod stale from the kubelet's cache. Another content is a rollout.
"""

import hashlib
from typing import Any

import msgspec
from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.CONFIG_MAP


def build(model: IrisModel, purpose: str, file: str, content: object) -> dict[str, Any]:
    data = {file: _text(content)}
    return metadata.manifest(KIND, model, name=name(model, purpose, content), immutable=True, data=data)


def name(model: IrisModel, purpose: str, content: object) -> str:
    return f"{model.name}-{purpose}-{hashlib.sha256(_text(content).encode()).hexdigest()[:16]}"


def _text(content: object) -> str:
    return msgspec.json.encode(content, order="deterministic").decode()
