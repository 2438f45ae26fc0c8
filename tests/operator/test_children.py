"""Which children a model has, and what all of them share; the plain ones in whole."""

import json
from types import ModuleType
from typing import Any

import pytest
from iris_operator import children
from iris_operator.children import (
    http_route,
    network_policy,
    pod_disruption_budget,
    service,
    service_account,
)
from iris_operator.model import shape

from tests.operator import bodies, manifests

ALWAYS = {"ServiceAccount/iris", "Deployment/iris", "Service/iris"}


USUAL = ALWAYS | {
    "NetworkPolicy/iris", "ConfigMap/iris-dashboard", "ServiceMonitor/iris", "PrometheusRule/iris",
}  # fmt: skip


def test_the_operator_builds_the_whole_service_account() -> None:
    built = service_account.build(bodies.model())

    assert built == manifests.whole(
        "v1",
        "ServiceAccount",
        metadata={"annotations": {"serving.two.inc/built-from": shape.render(shape.of(bodies.model()))}},
        automountServiceAccountToken=False,
    )


def test_the_operator_builds_the_whole_disruption_budget() -> None:
    built = pod_disruption_budget.build(bodies.model())

    assert built == manifests.whole(
        "policy/v1",
        "PodDisruptionBudget",
        spec={
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": manifests.SELECTOR},
        },
    )


def test_the_operator_builds_the_whole_network_policy() -> None:
    built = network_policy.build(bodies.model())

    assert built == manifests.whole(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        spec={
            "podSelector": {"matchLabels": manifests.SELECTOR},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": 8000}]}],
            "egress": [{"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}],
        },
    )


@pytest.mark.parametrize(
    ("scrape", "let_in"), [(True, ["iris-operator", "prometheus"]), (False, ["iris-operator"])]
)
def test_a_narrowed_network_policy_still_lets_in_who_must_ask(scrape: bool, let_in: list[str]) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"team": "web"}}, "podSelector": {"matchLabels": {}}}
    model = bodies.model(networkPolicy={"allowFrom": [peer]}, monitoring={"scrape": {"enabled": scrape}})

    built = network_policy.build(model)

    assert built is not None
    assert built["spec"]["ingress"][0]["from"] == [
        peer,
        *(
            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}
            for name in let_in
        ),
    ]


def test_the_operator_builds_the_whole_service() -> None:
    built = service.build(bodies.model())

    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}
    assert built == manifests.whole(
        "v1", "Service", spec={"type": "ClusterIP", "selector": manifests.SELECTOR, "ports": [port]}
    )


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({}, USUAL | {"PodDisruptionBudget/iris"}),
        (
            {"route": {"host": "a.example"}},
            USUAL | {"PodDisruptionBudget/iris", "Ingress/iris"},
        ),
        ({"route": manifests.GATEWAY}, USUAL | {"PodDisruptionBudget/iris", "HTTPRoute/iris"}),
        (
            {"autoscaling": {"maxReplicas": 3}},
            USUAL | {"PodDisruptionBudget/iris", "HorizontalPodAutoscaler/iris"},
        ),
        (
            {
                "monitoring": {part: {"enabled": False} for part in ("dashboard", "scrape", "alerts")},
                "networkPolicy": {"enabled": False},
                "replicas": 1,
            },
            ALWAYS,
        ),
        (
            {"autoscaling": {"minReplicas": 1, "maxReplicas": 3}, "replicas": 2},
            USUAL | {"HorizontalPodAutoscaler/iris"},
        ),
    ],
    ids=[
        "the least",
        "a route",
        "a route by a Gateway",
        "autoscaling",
        "all turned off",
        "autoscaling from one pod",
    ],
)
def test_the_operator_builds_what_is_declared_and_no_more(declared: dict[str, Any], wanted: set[str]) -> None:
    built = bodies.built(bodies.model(**declared))

    assert {f"{manifest['kind']}/{manifest['metadata']['name']}" for _, manifest in built} == wanted
    assert [manifest["kind"] for _, manifest in built] == [kind.name for kind, _ in built]


def test_the_operator_makes_the_service_account_before_the_pods_that_need_it() -> None:
    order = [kind.name for kind in children.KINDS]

    assert order.index("ServiceAccount") < order.index("Deployment")


@pytest.mark.parametrize("child", children.CHILDREN, ids=lambda child: child.__name__.rpartition(".")[2])
def test_the_operator_labels_and_owns_every_child(child: ModuleType) -> None:
    route = manifests.GATEWAY if child is http_route else bodies.FULL["route"]
    changes: dict[str, Any] = {
        "version": "1.4.0",
        "monitoring": {},
        "networkPolicy": {},
        "access": {"keys": []},
    }
    changes["verify"] = {"keys": [{"name": "release", "publicKey": "a key"}]}
    everything = {**bodies.FULL, **changes, "route": route}

    built = child.build(bodies.model(**everything))

    assert manifests.LABELS.items() <= built["metadata"]["labels"].items()
    assert built["metadata"]["ownerReferences"] == manifests.METADATA["ownerReferences"]
    assert built["metadata"]["namespace"] == "iris"


def test_each_kind_is_listed_once_however_many_children_are_of_it() -> None:
    """Each is listed and watched: twice would be twice the load."""
    assert len(set(children.KINDS)) == len(children.KINDS)
    assert set(children.KINDS) == {child.KIND for child in children.CHILDREN}


def test_the_same_model_gives_the_same_manifests() -> None:
    first, second = bodies.built(manifests.full()), bodies.built(manifests.full())

    assert json.dumps([manifest for _, manifest in first]) == json.dumps([manifest for _, manifest in second])
