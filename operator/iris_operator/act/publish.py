"""Writes a status of an IrisModel: only of the very object, and only of the spec that it was made from."""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import kinds

from iris_operator import errors, metrics
from iris_operator.cluster import Body, Cluster
from iris_operator.observe.store import Store

_LOOK_AGAIN_SECONDS: Final = 1.0  # the watch is about to report it; if not, the next resync does


async def status(cluster: Cluster, known: Store, body: Mapping[str, Any], new: Mapping[str, Any]) -> Body:
    """Returns the object with its new status. Raises errors.Waiting where it has changed meanwhile."""
    # The uid: never the status of another object of that name. The version: none made of yesterday's spec.
    identity = {name: body["metadata"][name] for name in ("name", "namespace", "uid", "resourceVersion")}
    manifest = {
        "apiVersion": kinds.IRIS_MODEL.api_version,
        "kind": kinds.IRIS_MODEL.name,
        "metadata": identity,
        "status": dict(new),
    }
    metrics.wrote(identity["namespace"], identity["name"])
    try:
        written = await cluster.apply(kinds.IRIS_MODEL, manifest, subresource="status")
    except errors.ClusterError as error:
        if error.code == 409:
            raise errors.Waiting(_LOOK_AGAIN_SECONDS, "it has changed meanwhile") from error
        raise
    known.observe(kinds.IRIS_MODEL, written)
    return written
