"""Declared children to cluster: what differs is written, nothing else, and never what is somebody else's."""

import pytest
from iris_api import kinds

from tests.operator import bodies
from tests.operator.applying import Applying


async def test_the_applier_writes_every_child_once(applying: Applying) -> None:
    model = bodies.model(route={"host": "a.example"})

    await applying.make(model)

    assert applying.wrote() == [("apply", kind.name) for kind, _ in bodies.built(model)]


async def test_the_applier_makes_a_new_model_without_a_read_for_each_child(applying: Applying) -> None:
    await applying.make(bodies.model(route={"host": "a.example"}))

    assert [call.kind for call in applying.cluster.calls if call.verb == "read"] == [kinds.IRIS_MODEL]


async def test_the_applier_asks_nothing_and_writes_nothing_at_rest(applying: Applying) -> None:
    model = bodies.model(route={"host": "a.example"}, autoscaling={"maxReplicas": 5})
    await applying.settle(model)

    await applying.make(model)

    assert applying.cluster.calls == []


async def test_the_applier_writes_only_the_child_that_somebody_changed(applying: Applying) -> None:
    model = bodies.model()
    await applying.settle(model)
    changed = applying.live(kinds.SERVICE)
    changed["spec"]["ports"][0]["port"] = 81
    applying.somebody_writes(kinds.SERVICE, changed)

    await applying.make(model)

    assert applying.wrote() == [("apply", "Service")]
    assert applying.live(kinds.SERVICE)["spec"]["ports"][0]["port"] == 80


async def test_a_deployment_paused_by_hand_is_resumed(applying: Applying) -> None:
    model = bodies.model()
    await applying.settle(model)
    paused = applying.live(kinds.DEPLOYMENT)
    paused["spec"]["paused"] = True
    applying.somebody_writes(kinds.DEPLOYMENT, paused)

    await applying.make(model)
    await applying.make(model)

    assert applying.wrote() == [("apply", "Deployment")]
    assert applying.live(kinds.DEPLOYMENT)["spec"]["paused"] is False


async def test_an_autoscaled_deployment_at_zero_gets_the_least_replicas(applying: Applying) -> None:
    """At zero an autoscaler is turned off: nothing would ever raise it again."""
    await applying.settle(bodies.model(replicas=0))
    autoscaled = bodies.model(replicas=0, autoscaling={"minReplicas": 2, "maxReplicas": 5})

    await applying.make(autoscaled)

    assert applying.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 2


async def test_an_autoscaled_deployment_scaled_to_zero_by_hand_is_put_back(applying: Applying) -> None:
    autoscaled = bodies.model(autoscaling={"minReplicas": 2, "maxReplicas": 5})
    await applying.settle(autoscaled)
    scaled = applying.live(kinds.DEPLOYMENT)
    scaled["spec"]["replicas"] = 0
    applying.somebody_writes(kinds.DEPLOYMENT, scaled)

    await applying.make(autoscaled)
    first = applying.wrote()
    await applying.make(autoscaled)

    assert applying.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 2
    assert applying.wrote() == first


@pytest.mark.parametrize("known", [True, False], ids=["known", "its label lost"])
async def test_the_applier_repairs_a_dashboard_of_which_only_a_digest_is_remembered(
    applying: Applying, known: bool
) -> None:
    model = bodies.model()
    await applying.settle(model)
    right = applying.live(kinds.CONFIG_MAP, "iris-dashboard")
    changed = {**right, "data": {name: text.replace("Iris", "Isis") for name, text in right["data"].items()}}
    applying.somebody_writes(kinds.CONFIG_MAP, changed)
    if not known:
        applying.store.vanish(kinds.CONFIG_MAP, applying.live(kinds.CONFIG_MAP, "iris-dashboard"))

    await applying.make(model)
    await applying.make(model)

    assert applying.wrote() == [("apply", "ConfigMap")]
    assert applying.live(kinds.CONFIG_MAP, "iris-dashboard")["data"] == right["data"]


async def test_somebody_else_holds_the_replicas_before_they_are_dropped(applying: Applying) -> None:
    """Without that the field would fall back to 1 for a moment: a dip under load."""
    await applying.settle(bodies.model(replicas=7))

    await applying.make(bodies.model(replicas=7, autoscaling={"maxReplicas": 9}))

    assert [(call.manager, call.kind.name) for call in applying.cluster.writes] == [
        ("iris-operator-replicas", "Deployment"),
        ("iris-operator", "Deployment"),
        ("iris-operator", "HorizontalPodAutoscaler"),
    ]
    assert applying.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 7


async def test_the_applier_hands_the_replicas_over_once(applying: Applying) -> None:
    await applying.settle(bodies.model(autoscaling={"maxReplicas": 9}))

    await applying.make(bodies.model(version="1.5.0", autoscaling={"maxReplicas": 9}))

    managers = {call.manager for call in applying.cluster.writes}
    assert managers == {"iris-operator"}
