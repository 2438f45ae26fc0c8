"""What people do to IrisModels: each scenario runs once without faults and then once per plan.

A scenario waits only for what a person would wait for, so its end does not depend on timing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from iris_api import readiness

from tests.faults.answers import FAILING
from tests.faults.namespaces import observe
from tests.harness import gateway as gateways
from tests.harness.gateway import PlayedGateway
from tests.harness.kubernetes import Cluster, Manifest, eventually

# Many times what a step takes: lanes share a machine, and a plan that never ends still ends.
PATIENCE: Final = 240.0


@dataclass(slots=True)
class User:
    """The hand that declares; remembers which version each generation declared."""

    cluster: Cluster
    patience: float = PATIENCE  # seconds that one step may take
    declared: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)  # uid and generation

    async def declare(self, version: str = "1.0.0", name: str = "iris", **spec: Any) -> None:
        """Apply the whole spec; None leaves a field out."""
        wanted = {"version": version, "route": {"host": f"{self.cluster.namespace}.test"}, **spec}
        manifest = {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": name},
            "spec": {key: value for key, value in wanted.items() if value is not None},
        }
        body = await self.cluster.apply(manifest)
        self.declared[body["metadata"]["uid"], body["metadata"]["generation"]] = body["spec"]

    async def reaches(self, reason: str, name: str = "iris") -> None:
        """Wait until Ready has this reason for the newest generation."""

        def holds(body: Manifest) -> bool:
            return readiness.condition(body, "Ready").get("reason") == reason

        await eventually(lambda: self.cluster.get("IrisModel", name), holds, within=self.patience)

    async def serves(self, version: str = "1.0.0", **spec: Any) -> None:
        await self.declare(version, **spec)
        await self.reaches("Serving")

    async def sees(self, kind: str, name: str, holds: Callable[[Manifest | None], object]) -> None:
        await eventually(lambda: self.cluster.find(kind, name), holds, within=self.patience)

    async def gone(self, kind: str, name: str) -> None:
        await self.sees(kind, name, lambda body: body is None)


async def create(user: User) -> None:
    await user.serves()


async def version(user: User) -> None:
    await user.serves("1.0.0")
    await user.serves("1.1.0")


async def scale(user: User) -> None:
    await user.serves(replicas=2)
    await user.serves(replicas=3)
    await user.serves(replicas=1)
    await user.gone("PodDisruptionBudget", "iris")


_OFF: Final[Mapping[str, Any]] = {
    "route": None,
    "monitoring": {
        "dashboard": {"enabled": False},
        "scrape": {"enabled": False},
        "alerts": {"enabled": False},
    },
    "networkPolicy": {"enabled": False},
}


async def children(user: User) -> None:
    await user.serves()
    await user.serves(**_OFF)
    await user.gone("Ingress", "iris")
    await user.gone("ConfigMap", "iris-dashboard")
    await user.gone("NetworkPolicy", "iris")
    monitors = {"ServiceMonitor/iris", "PrometheusRule/iris"}
    await eventually(lambda: observe(user.cluster), monitors.isdisjoint, within=user.patience)
    await user.serves()
    await user.sees("Ingress", "iris", bool)


async def autoscaling(user: User) -> None:
    await user.serves(replicas=3)
    await user.serves(replicas=3, autoscaling={"minReplicas": 2, "maxReplicas": 4})
    await user.sees("HorizontalPodAutoscaler", "iris", bool)
    await user.serves(replicas=3)
    await user.gone("HorizontalPodAutoscaler", "iris")


async def gateway(user: User) -> None:
    """No controller accepts the route: that is the condition RouteReady's business alone."""
    reference = {"name": "public", "namespace": "gateways"}
    route = {"type": "Gateway", "host": f"{user.cluster.namespace}.test", "gateway": reference}
    await user.serves(route=route)
    await user.sees("HTTPRoute", "iris", bool)
    await user.serves(route=None)
    await user.gone("HTTPRoute", "iris")


async def canary(user: User) -> None:
    """These pods have no reference rows, so the candidate is promoted when it proves its version."""
    rollout = {"strategy": "Canary"}
    await user.serves("1.0.0", rollout=rollout)
    await user.serves("1.1.0", rollout=rollout)
    await user.gone("Deployment", "iris-canary")


_PAUSE: Final = 3.0  # of a Gateway, between requests: many lanes share a machine
_GATES: Final = {
    "failedPerMille": 500,
    **dict.fromkeys(("refusedPerMille", "slowPerMille", "shiftPerMille"), 1000),
}


async def steps(user: User, version: str, *percents: int) -> None:
    """Declare this version, with these shares of the requests on its way."""
    route = {"host": f"{user.cluster.namespace}.test", **gateways.ROUTE}
    rollout = {"strategy": "Canary", "steps": list(percents), "stepSeconds": 1, "gates": _GATES}
    await user.declare(version, replicas=1, route=route, rollout=rollout)


@asynccontextmanager
async def stepping(user: User, *percents: int) -> AsyncIterator[PlayedGateway]:
    """Version 1.0.0 serves, and a Gateway sends it requests. None fails but by a version that fails them.

    `percents`: the candidate's shares that the Gateway must see, in this order, between 0 and 0.
    """
    async with PlayedGateway(user.cluster, [{}], pause=_PAUSE) as played:
        await steps(user, "1.0.0", 50)
        await user.reaches("Serving")
        await user.sees("IrisModel", "iris", _is_routed)
        played.answers.clear()
        yield played
        await user.gone("Deployment", "iris-canary")
        await user.sees("IrisModel", "iris", _is_routed)
    assert played.broken == [], played.broken
    assert played.percents == [0, *percents, 0], f"shares: found {played.percents}, expected {percents}"
    assert set(played.failed) <= {("iris-canary", 500)}, f"failed requests: {played.failed}"


def _is_routed(body: Manifest | None) -> bool:
    return readiness.condition(body or {}, "RouteReady").get("status") == "True"


async def has_share(user: User, played: PlayedGateway, percent: int) -> None:
    """Wait until the Gateway has had this share: the status has it before the route does."""

    async def seen() -> list[int]:
        return played.percents

    await eventually(seen, lambda percents: percent in percents, within=user.patience)


async def stepped(user: User) -> None:
    async with stepping(user, 20, 50):
        await steps(user, "1.1.0", 20, 50)
        await user.reaches("Serving")


async def stepped_bad(user: User) -> None:
    async with stepping(user, 50):
        await steps(user, FAILING, 50)
        await user.reaches("RolledBack")


async def stepped_withdrawn(user: User) -> None:
    async with stepping(user, 50) as played:
        await steps(user, "1.1.0", 50)
        await has_share(user, played, 50)
        await steps(user, "1.0.0", 50)
        await user.reaches("Serving")


async def stepped_superseded(user: User) -> None:
    async with stepping(user, 50, 0, 50) as played:
        await steps(user, "1.1.0", 50)
        await has_share(user, played, 50)
        await steps(user, "1.2.0", 50)
        await user.reaches("Serving")


async def delete(user: User) -> None:
    await user.serves()
    await user.cluster.delete("IrisModel", "iris")
    await user.gone("Deployment", "iris")


async def recreate(user: User) -> None:
    await user.serves()
    await user.cluster.delete("IrisModel", "iris")
    await user.serves()


async def revert(user: User) -> None:
    await user.serves("1.0.0")
    await user.declare("2.0.0")
    await user.reaches("ArtifactRejected")
    await user.serves("1.0.0")


async def there_and_back(user: User) -> None:
    await user.serves("1.0.0")
    await user.declare("1.1.0")
    await user.serves("1.0.0")


async def zigzag(user: User) -> None:
    await user.serves("1.0.0")
    await user.declare("1.1.0")
    await user.declare("1.0.0")
    await user.serves("1.2.0")


async def suspend(user: User) -> None:
    await user.serves("1.0.0")
    await user.declare("1.1.0")
    await user.declare("1.1.0", suspend=True)
    await user.reaches("Suspended")
    await user.serves("1.1.0", suspend=False)


async def rivals(user: User) -> None:
    await user.serves()
    await user.declare(name="late")
    await user.reaches("RouteConflict", "late")
    await user.cluster.delete("IrisModel", "iris")
    await user.reaches("Serving", "late")
    await user.gone("Deployment", "iris")


async def vandal(user: User) -> None:
    """Somebody changes and removes children by hand."""
    await user.serves()
    loose: dict[str, Any] = {
        "metadata": {"ownerReferences": [], "labels": {"app.kubernetes.io/part-of": "x"}}
    }
    await user.cluster.patch("Service", "iris", loose)
    await user.sees("Service", "iris", lambda body: body and body["metadata"].get("ownerReferences"))
    await user.cluster.patch("Service", "iris", {"spec": {"selector": {"app": "other"}}})
    await user.sees("Service", "iris", lambda body: body and "app" not in body["spec"]["selector"])
    await user.cluster.patch("Deployment", "iris", {"metadata": {"ownerReferences": []}})
    await user.sees("Deployment", "iris", lambda body: body and body["metadata"].get("ownerReferences"))
    ours = "app.kubernetes.io/managed-by"  # without it no watch of ours shows the object
    await user.cluster.patch("NetworkPolicy", "iris", {"metadata": {"labels": {ours: None}}})
    await user.sees("NetworkPolicy", "iris", lambda body: body and ours in body["metadata"]["labels"])
    await user.cluster.delete("ConfigMap", "iris-dashboard")
    await user.sees("ConfigMap", "iris-dashboard", bool)
    await user.cluster.patch("Deployment", "iris", {"spec": {"replicas": 5}})
    await user.sees("Deployment", "iris", lambda body: body and body["spec"]["replicas"] == 2)
    await user.reaches("Serving")


SCENARIOS: Final[Mapping[str, Callable[[User], Awaitable[None]]]] = {
    scenario.__name__: scenario
    for scenario in (
        create,
        version,
        scale,
        children,
        autoscaling,
        gateway,
        canary,
        stepped,
        stepped_bad,
        stepped_withdrawn,
        stepped_superseded,
        delete,
        recreate,
        revert,
        there_and_back,
        zigzag,
        suspend,
        rivals,
        vandal,
    )
}
