"""A namespace of a lane: made, looked at as a whole, and waited for until nothing moves in it any more."""

import asyncio
import itertools
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from tests.faults.lives import SWEEP_SECONDS, Lives
from tests.harness.kubernetes import Cluster, Manifest, Refused, eventually
from tests.harness.proxy import Proxy

# Two resyncs and their jitter.
QUIET_SECONDS: Final = 2 * SWEEP_SECONDS * 1.1 + 0.1
_CONVERGES_WITHIN: Final = 240.0
_LOOK_SECONDS: Final = 0.25
_CHILDREN: Final = (
    "ServiceAccount", "NetworkPolicy", "Deployment", "ReplicaSet", "Pod", "Service", "PodDisruptionBudget",
    "HorizontalPodAutoscaler", "ConfigMap", "Ingress",
)  # fmt: skip
# With CRDs of others, which not every API server has.
_CHILDREN_OF_OTHERS: Final = ("HTTPRoute", "ServiceMonitor", "PrometheusRule")
_numbers: Final = itertools.count()
_NOT_OURS: Final = frozenset({"default", "kube-root-ca.crt", "bystander", "stranger"})


def name() -> str:
    """Of one that nobody has had: a namespace of that name may still be going away."""
    return f"lane-{next(_numbers)}"


async def make(cluster: Cluster) -> None:
    """Pods may be created in it once its default service account is there."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}}
    await cluster.create(namespace)
    await eventually(lambda: cluster.find("ServiceAccount", "default"), bool)


async def observe(cluster: Cluster) -> dict[str, Manifest]:
    """Everything of our kinds and the IrisModels, by kind and name, as the API server has it."""
    found = {}
    for kind in ("IrisModel", *_CHILDREN, *_CHILDREN_OF_OTHERS):
        for body in await _listed(cluster, kind):
            if body["metadata"]["name"] not in _NOT_OURS:
                found[f"{kind}/{body['metadata']['name']}"] = body
    return found


async def _listed(cluster: Cluster, kind: str) -> list[Manifest]:
    try:
        return await cluster.list(kind)
    except (KeyError, Refused) as missing:
        is_absent = isinstance(missing, KeyError) or missing.code == HTTPStatus.NOT_FOUND
        if kind not in _CHILDREN_OF_OTHERS or not is_absent:
            raise
        return []


async def leftovers(cluster: Cluster) -> list[str]:
    """What of our kinds is still there."""
    return [name for name in await observe(cluster) if not name.startswith("IrisModel/")]


async def rest(operators: Sequence[tuple[Lives, Proxy]]) -> None:
    """Wait until all of them know the present and nothing was written for two resyncs, their Lease left out.

    Who was killed and is still starting, or still shown the past, writes nothing either.
    """
    clock = asyncio.get_running_loop().time
    begun = quiet_since = clock()
    while True:
        if not all([proxy.past is None and await lives.ready() for lives, proxy in operators]):
            quiet_since = clock()
        written = [write for _, proxy in operators for write in proxy.record.written]
        work = [write for write in written if write.call.plural != "leases"]
        if clock() - max([quiet_since, *(write.at for write in work)]) > QUIET_SECONDS:
            return
        if clock() - begun > _CONVERGES_WITHIN:
            latest = [write.call.signature for write in work[-6:]]
            raise AssertionError(f"still writes after {_CONVERGES_WITHIN:.0f} s: {latest}")
        await asyncio.sleep(_LOOK_SECONDS)
