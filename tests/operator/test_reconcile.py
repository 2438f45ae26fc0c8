"""One pass at the edges where what we know is not what is: nothing of yesterday may be written."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import errors
from iris_operator.cluster import Body
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies, passes
from tests.operator.passes import KEY, NOW


def add_younger(known: Context, cluster: FakeCluster, **route: str) -> None:
    """A second model with a route, created a day after the first."""
    late = bodies.body("late", route=route)
    late["metadata"]["creationTimestamp"] = "2026-11-24T12:00:00Z"
    passes.put(known, cluster, kinds.IRIS_MODEL, late)


async def test_a_status_is_written_once_and_then_no_more() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster)
    await reconcile(known, KEY)
    cluster.calls.clear()

    await reconcile(known, KEY)

    assert cluster.calls == []


async def test_no_status_is_written_over_that_of_a_newer_spec() -> None:
    """A restart with a LIST from yesterday; a suspended model writes no child, only its status could lie."""
    cluster = FakeCluster()
    known = passes.context(cluster, suspend=True)
    newer = bodies.body(version="2.0.0", suspend=True)
    newer["status"] = {"observedGeneration": 7}
    cluster.put(kinds.IRIS_MODEL, copy.deepcopy(newer))

    with pytest.raises(errors.Waiting, match="it has changed meanwhile"):
        await reconcile(known, KEY)

    found = passes.live(cluster, kinds.IRIS_MODEL)
    assert found["status"] == newer["status"]


async def test_the_same_drift_is_repaired_however_often_it_comes() -> None:
    """What was compared once is not compared again: drift that looks like the last one has not been."""
    cluster = FakeCluster()
    known = passes.context(cluster)
    for _ in range(2):
        await reconcile(known, KEY)
    for _ in range(3):
        service = passes.live(cluster, kinds.SERVICE)
        drifted = copy.deepcopy(service)
        drifted["spec"]["selector"]["app.kubernetes.io/name"] = "other"
        passes.put(known, cluster, kinds.SERVICE, drifted)

        await reconcile(known, KEY)

        repaired = passes.live(cluster, kinds.SERVICE)
        assert repaired["spec"] == service["spec"]


async def test_children_that_were_written_as_declared_are_not_compared_again() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster)
    await reconcile(known, KEY)
    deployment = passes.live(cluster, kinds.DEPLOYMENT)
    deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    deployment["status"] = {"observedGeneration": 1}
    passes.put(known, cluster, kinds.DEPLOYMENT, deployment)
    compared = known.agreed[KEY]

    await reconcile(known, KEY)

    assert known.agreed[KEY] is compared


async def test_drift_that_comes_during_the_pass_that_wrote_the_child_is_repaired() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster)

    async def drift(call: Call) -> None:
        if call.kind == kinds.CONFIG_MAP and call.verb == "apply":
            service = passes.live(cluster, kinds.SERVICE)
            service["spec"]["type"] = "NodePort"
            passes.put(known, cluster, kinds.SERVICE, service)

    cluster.before = drift
    await reconcile(known, KEY)
    assert passes.live(cluster, kinds.SERVICE)["spec"]["type"] == "NodePort"

    await reconcile(known, KEY)

    assert passes.live(cluster, kinds.SERVICE)["spec"]["type"] == "ClusterIP"


async def test_children_that_were_not_taken_as_declared_are_compared_again() -> None:
    class Forcing(FakeCluster):
        async def apply(self, kind: Kind, manifest: Body, **options: Any) -> Body:
            forced = {"type": "NodePort"} if kind == kinds.SERVICE else {}
            spec = manifest.get("spec", {}) | forced
            return await super().apply(kind, manifest | ({"spec": spec} if forced else {}), **options)

    known = passes.context(Forcing())

    await reconcile(known, KEY)

    assert KEY not in known.agreed


async def test_a_child_that_others_only_touch_is_not_written() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster)
    for _ in range(2):
        await reconcile(known, KEY)
    service = passes.live(cluster, kinds.SERVICE)
    service = copy.deepcopy(service)
    service["metadata"].setdefault("annotations", {})["somebody"] = "was here"
    passes.put(known, cluster, kinds.SERVICE, service)
    cluster.calls.clear()

    await reconcile(known, KEY)

    assert cluster.calls == []


async def test_the_url_is_the_routes_only_for_the_model_that_has_the_route() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster, route={"host": "a.example"})
    add_younger(known, cluster, host="a.example")

    for name in ("iris", "late"):
        await reconcile(known, ("iris", name))

    found = [cluster.find(kinds.IRIS_MODEL, "iris", name) for name in ("iris", "late")]
    urls = [body["status"]["url"] for body in found if body]
    assert urls == ["http://a.example", "http://late.iris.svc"]


async def test_a_condition_of_somebody_else_is_no_reason_to_write() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster)
    await reconcile(known, KEY)
    body = passes.live(cluster, kinds.IRIS_MODEL)
    body["status"]["conditions"].append({"type": "theirs.test/Audited", "status": "True", "reason": "Seen"})
    passes.put(known, cluster, kinds.IRIS_MODEL, body)
    cluster.calls.clear()

    await reconcile(known, KEY)

    assert cluster.calls == []


@pytest.mark.parametrize("is_ahead", [False, True], ids=["its status is current", "its spec has changed"])
@pytest.mark.parametrize(
    ("before", "served"),
    [({"host": "old.example"}, {"host": "late.example"}), ({"path": "/old"}, {"path": "/late"})],
    ids=["a host", "a path of any host"],
)
async def test_an_older_model_that_moves_to_a_served_route_does_not_take_it(
    before: dict[str, str], served: dict[str, str], is_ahead: bool
) -> None:
    cluster = FakeCluster()
    known = passes.context(cluster, route=before)
    add_younger(known, cluster, **served)
    for name in ("iris", "late"):
        await reconcile(known, ("iris", name))
    moved = passes.live(cluster, kinds.IRIS_MODEL)
    moved["spec"]["route"] |= served
    moved["metadata"]["generation"] = 2
    if is_ahead:
        changed = cluster.find(kinds.IRIS_MODEL, "iris", "late")
        assert changed is not None
        changed["metadata"]["generation"] = 2
        passes.put(known, cluster, kinds.IRIS_MODEL, changed)
    passes.put(known, cluster, kinds.IRIS_MODEL, moved)

    for name in ("iris", "late"):
        await reconcile(known, ("iris", name))

    routed = cluster.find(kinds.INGRESS, "iris", "late")
    refused = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert routed is not None
    assert cluster.find(kinds.INGRESS, *KEY) is None
    assert refused is not None
    assert refused["status"]["conditions"][0]["reason"] == "RouteConflict"


async def test_an_autoscaler_that_cannot_scale_is_in_the_status_until_it_can() -> None:
    cluster = FakeCluster()
    known = passes.context(cluster, autoscaling={"maxReplicas": 5})
    found = []
    for scaling in (None, "False", "True"):
        live = cluster.find(kinds.HORIZONTAL_POD_AUTOSCALER, *KEY)
        if live and scaling:
            row = {"type": "ScalingActive", "status": scaling, "reason": "Because", "message": "no metrics"}
            live["status"] = {"conditions": [row]}
            kind = kinds.HORIZONTAL_POD_AUTOSCALER
            passes.put(known, cluster, kind, live)

        await reconcile(known, KEY)

        body = passes.live(cluster, kinds.IRIS_MODEL)
        rows = body["status"]["conditions"]
        found.append(
            [
                (row["status"], row["reason"], row["message"])
                for row in rows
                if row["type"] == "AutoscalingReady"
            ]
        )

    assert found == [
        [],
        [("False", "ScalingInactive", "HorizontalPodAutoscaler: Because: no metrics")],
        [("True", "ScalingActive", "HorizontalPodAutoscaler scales by CPU use")],
    ]


async def test_a_rollout_that_never_begins_is_stalled_after_the_deadline() -> None:
    """The Deployment goes back to a ReplicaSet that exists: Kubernetes runs no clock of its own then."""
    cluster, moments = FakeCluster(), [NOW]
    known = passes.context(cluster, now=lambda: moments[-1], progressDeadlineSeconds=60)
    await reconcile(known, KEY)
    live = passes.live(cluster, kinds.DEPLOYMENT)
    rolled_out = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    live["status"] = {"observedGeneration": 1, "conditions": [rolled_out]}
    passes.put(known, cluster, kinds.DEPLOYMENT, live)

    found = []
    for seconds in (1, 59, 61, 3600):
        moments.append(NOW + timedelta(seconds=seconds))
        await reconcile(known, KEY)
        body = passes.live(cluster, kinds.IRIS_MODEL)
        found.append(body["status"]["conditions"][0]["reason"])

    assert found == ["Progressing", "Progressing", "ProgressDeadlineExceeded", "ProgressDeadlineExceeded"]
