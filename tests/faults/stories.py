"""What people do to IrisModels: each story is told once without faults and then once per plan.

A story waits only for what a person would wait for, so its end does not depend on timing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from iris_api import readiness

from tests.harness.kubernetes import Cluster, Manifest, eventually

# Many times what a step takes: lanes share a machine, and a plan that never ends still ends.
PATIENCE: Final = 240.0


@dataclass(slots=True)
class Teller:
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


async def create(teller: Teller) -> None:
    await teller.serves()


async def version(teller: Teller) -> None:
    await teller.serves("1.0.0")
    await teller.serves("1.1.0")


async def scale(teller: Teller) -> None:
    await teller.serves(replicas=2)
    await teller.serves(replicas=3)
    await teller.serves(replicas=1)
    await teller.gone("PodDisruptionBudget", "iris")


_OFF: Final[Mapping[str, Any]] = {
    "route": None,
    "monitoring": {"dashboard": {"enabled": False}},
    "networkPolicy": {"enabled": False},
}


async def children(teller: Teller) -> None:
    await teller.serves()
    await teller.serves(**_OFF)
    await teller.gone("Ingress", "iris")
    await teller.gone("ConfigMap", "iris-dashboard")
    await teller.gone("NetworkPolicy", "iris")
    await teller.serves()
    await teller.sees("Ingress", "iris", bool)


async def autoscaling(teller: Teller) -> None:
    await teller.serves(replicas=3)
    await teller.serves(replicas=3, autoscaling={"minReplicas": 2, "maxReplicas": 4})
    await teller.sees("HorizontalPodAutoscaler", "iris", bool)
    await teller.serves(replicas=3)
    await teller.gone("HorizontalPodAutoscaler", "iris")


async def delete(teller: Teller) -> None:
    await teller.serves()
    await teller.cluster.delete("IrisModel", "iris")
    await teller.gone("Deployment", "iris")


async def recreate(teller: Teller) -> None:
    await teller.serves()
    await teller.cluster.delete("IrisModel", "iris")
    await teller.serves()


async def revert(teller: Teller) -> None:
    await teller.serves("1.0.0")
    await teller.declare("2.0.0")
    await teller.reaches("ArtifactRejected")
    await teller.serves("1.0.0")


async def there_and_back(teller: Teller) -> None:
    await teller.serves("1.0.0")
    await teller.declare("1.1.0")
    await teller.serves("1.0.0")


async def zigzag(teller: Teller) -> None:
    await teller.serves("1.0.0")
    await teller.declare("1.1.0")
    await teller.declare("1.0.0")
    await teller.serves("1.2.0")


async def suspend(teller: Teller) -> None:
    await teller.serves("1.0.0")
    await teller.declare("1.1.0")
    await teller.declare("1.1.0", suspend=True)
    await teller.reaches("Suspended")
    await teller.serves("1.1.0", suspend=False)


async def rivals(teller: Teller) -> None:
    await teller.serves()
    await teller.declare(name="late")
    await teller.reaches("RouteConflict", "late")
    await teller.cluster.delete("IrisModel", "iris")
    await teller.reaches("Serving", "late")
    await teller.gone("Deployment", "iris")


async def vandal(teller: Teller) -> None:
    """Somebody changes and removes children by hand."""
    await teller.serves()
    loose: dict[str, Any] = {
        "metadata": {"ownerReferences": [], "labels": {"app.kubernetes.io/part-of": "x"}}
    }
    await teller.cluster.patch("Service", "iris", loose)
    await teller.sees("Service", "iris", lambda body: body and body["metadata"].get("ownerReferences"))
    await teller.cluster.patch("Service", "iris", {"spec": {"selector": {"app": "other"}}})
    await teller.sees("Service", "iris", lambda body: body and "app" not in body["spec"]["selector"])
    await teller.cluster.patch("Deployment", "iris", {"metadata": {"ownerReferences": []}})
    await teller.sees("Deployment", "iris", lambda body: body and body["metadata"].get("ownerReferences"))
    ours = "app.kubernetes.io/managed-by"  # without it no watch of ours shows the object
    await teller.cluster.patch("NetworkPolicy", "iris", {"metadata": {"labels": {ours: None}}})
    await teller.sees("NetworkPolicy", "iris", lambda body: body and ours in body["metadata"]["labels"])
    await teller.cluster.delete("ConfigMap", "iris-dashboard")
    await teller.sees("ConfigMap", "iris-dashboard", bool)
    await teller.cluster.patch("Deployment", "iris", {"spec": {"replicas": 5}})
    await teller.sees("Deployment", "iris", lambda body: body and body["spec"]["replicas"] == 2)
    await teller.reaches("Serving")


STORIES: Final[Mapping[str, Callable[[Teller], Awaitable[None]]]] = {
    story.__name__: story
    for story in (
        create,
        version,
        scale,
        children,
        autoscaling,
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
