"""The ConfigMap with the clients that have a key, for the pods; none where nobody needs a key. Pure.

Its name has the digest of its content, so it never changes: pods read exactly the list of their template, and
another list is a rollout.
"""

import hashlib
from typing import Any, Final

import msgspec
from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import Access, IrisModel

KIND = kinds.CONFIG_MAP
FILE: Final = "clients.json"


def build(model: IrisModel) -> dict[str, Any] | None:
    if model.access is None:
        return None
    content = _content(model.access)
    return metadata.manifest(
        KIND, model, name=name(model, model.access), immutable=True, data={FILE: content}
    )


def name(model: IrisModel, access: Access) -> str:
    return f"{model.name}-access-{hashlib.sha256(_content(access).encode()).hexdigest()[:16]}"


def _content(access: Access) -> str:
    return msgspec.json.encode(access.keys, order="deterministic").decode()
