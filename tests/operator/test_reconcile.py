"""One pass at the edges where what we know is not what is: nothing of yesterday may be written."""

import copy
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from iris_api import kinds
from iris_operator import errors
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Store
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import FakeCluster
from tests.operator import bodies

KEY = ("iris", "iris")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def context(cluster: FakeCluster, **declared: Any) -> Context:
    """An operator that knows the model as it is declared here."""
    store = Store()
    store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, bodies.body(**declared)))
    return Context(cluster, store, Prover(lambda: 0.0), lambda: NOW, "test")


def add_younger(known: Context, cluster: FakeCluster, **route: str) -> None:
    """A second model with a route, created a day after the first."""
    late = bodies.body("late", route=route)
    late["metadata"]["creationTimestamp"] = "2026-11-24T12:00:00Z"
    known.store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, late))


async def test_a_status_is_written_once_and_then_no_more() -> None:
    cluster = FakeCluster()
    known = context(cluster)
    await reconcile(known, KEY)
    cluster.calls.clear()

    await reconcile(known, KEY)

    assert cluster.calls == []


async def test_no_status_is_written_over_that_of_a_newer_spec() -> None:
    """A restart with a LIST from yesterday; a suspended model writes no child, only its status could lie."""
    cluster = FakeCluster()
    known = context(cluster, suspend=True)
    newer = bodies.body(version="2.0.0", suspend=True)
    newer["status"] = {"observedGeneration": 7}
    cluster.put(kinds.IRIS_MODEL, copy.deepcopy(newer))

    with pytest.raises(errors.Waiting, match="it has changed meanwhile"):
        await reconcile(known, KEY)

    found = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert found is not None
    assert found["status"] == newer["status"]


async def test_the_same_drift_is_repaired_however_often_it_comes() -> None:
    """What was compared once is not compared again: drift that looks like the last one has not been."""
    cluster = FakeCluster()
    known = context(cluster)
    for _ in range(2):
        await reconcile(known, KEY)
    for _ in range(3):
        service = cluster.find(kinds.SERVICE, *KEY)
        assert service is not None
        drifted = copy.deepcopy(service)
        drifted["spec"]["selector"]["app.kubernetes.io/name"] = "other"
        known.store.observe(kinds.SERVICE, cluster.put(kinds.SERVICE, drifted))

        await reconcile(known, KEY)

        repaired = cluster.find(kinds.SERVICE, *KEY)
        assert repaired is not None
        assert repaired["spec"] == service["spec"]


async def test_a_child_that_others_only_touch_is_not_written() -> None:
    cluster = FakeCluster()
    known = context(cluster)
    for _ in range(2):
        await reconcile(known, KEY)
    service = cluster.find(kinds.SERVICE, *KEY)
    assert service is not None
    service = copy.deepcopy(service)
    service["metadata"].setdefault("annotations", {})["somebody"] = "was here"
    known.store.observe(kinds.SERVICE, cluster.put(kinds.SERVICE, service))
    cluster.calls.clear()

    await reconcile(known, KEY)

    assert cluster.calls == []


async def test_the_url_is_the_routes_only_for_the_model_that_has_the_route() -> None:
    cluster = FakeCluster()
    known = context(cluster, route={"host": "a.example"})
    add_younger(known, cluster, host="a.example")

    for name in ("iris", "late"):
        await reconcile(known, ("iris", name))

    found = [cluster.find(kinds.IRIS_MODEL, "iris", name) for name in ("iris", "late")]
    urls = [body["status"]["url"] for body in found if body]
    assert urls == ["http://a.example", "http://late.iris.svc"]


async def test_a_condition_of_somebody_else_is_no_reason_to_write() -> None:
    cluster = FakeCluster()
    known = context(cluster)
    await reconcile(known, KEY)
    body = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert body is not None
    body["status"]["conditions"].append({"type": "theirs.test/Audited", "status": "True", "reason": "Seen"})
    known.store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, body))
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
    known = context(cluster, route=before)
    add_younger(known, cluster, **served)
    for name in ("iris", "late"):
        await reconcile(known, ("iris", name))
    moved = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert moved is not None
    moved["spec"]["route"] |= served
    moved["metadata"]["generation"] = 2
    if is_ahead:
        changed = cluster.find(kinds.IRIS_MODEL, "iris", "late")
        assert changed is not None
        changed["metadata"]["generation"] = 2
        known.store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, changed))
    known.store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, moved))

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
    known = context(cluster, autoscaling={"maxReplicas": 5})
    found = []
    for scaling in (None, "False", "True"):
        live = cluster.find(kinds.HORIZONTAL_POD_AUTOSCALER, *KEY)
        if live and scaling:
            row = {"type": "ScalingActive", "status": scaling, "reason": "Because", "message": "no metrics"}
            live["status"] = {"conditions": [row]}
            kind = kinds.HORIZONTAL_POD_AUTOSCALER
            known.store.observe(kind, cluster.put(kind, live))

        await reconcile(known, KEY)

        body = cluster.find(kinds.IRIS_MODEL, *KEY)
        assert body is not None
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
    known = dataclasses.replace(context(cluster, progressDeadlineSeconds=60), now=lambda: moments[-1])
    await reconcile(known, KEY)
    live = cluster.find(kinds.DEPLOYMENT, *KEY)
    assert live is not None
    rolled_out = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    live["status"] = {"observedGeneration": 1, "conditions": [rolled_out]}
    known.store.observe(kinds.DEPLOYMENT, cluster.put(kinds.DEPLOYMENT, live))

    found = []
    for seconds in (1, 59, 61, 3600):
        moments.append(NOW + timedelta(seconds=seconds))
        await reconcile(known, KEY)
        body = cluster.find(kinds.IRIS_MODEL, *KEY)
        assert body is not None
        found.append(body["status"]["conditions"][0]["reason"])

    assert found == ["Progressing", "Progressing", "ProgressDeadlineExceeded", "ProgressDeadlineExceeded"]
