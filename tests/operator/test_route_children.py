"""Ingress and HTTPRoute: what they route, and what is reported of them."""

from typing import Any

import pytest
from iris_operator import children
from iris_operator.children import (
    http_route,
    ingress,
)
from iris_operator.decide import parts
from iris_operator.model import plan, public_paths, shape
from iris_operator.observe import store

from tests.operator import bodies, manifests, passes


def test_the_operator_builds_the_whole_ingress() -> None:
    built = ingress.build(manifests.full())

    backend = {"service": {"name": "iris", "port": {"number": 80}}}
    paths = [
        {"path": path, "pathType": kind, "backend": backend} for path, kind in public_paths.below("/models")
    ]
    assert built == manifests.whole(
        "networking.k8s.io/v1",
        "Ingress",
        metadata={
            "labels": {"team": "flowers", **manifests.LABELS, "app.kubernetes.io/version": "2.0.1"},
            "annotations": {"example.com/owner": "botany", "example.com/timeout": "5s"},
        },
        spec={
            "ingressClassName": "traefik",
            "rules": [{"host": "iris.kube.two.inc", "http": {"paths": paths}}],
            "tls": [{"hosts": ["iris.kube.two.inc"], "secretName": "iris-tls"}],
        },
    )


ADDRESS = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}


@pytest.mark.parametrize(
    ("route", "status", "message"),
    [
        ({"host": "a.example"}, ADDRESS, "the Ingress routes http://a.example"),
        ({"host": "a.example", "path": "/x/"}, ADDRESS, "the Ingress routes http://a.example/x"),
        ({"path": "/x"}, ADDRESS, "the Ingress routes /x of any host"),
        (
            {"host": "a.example"},
            {},
            "the Ingress routes http://a.example; no ingress controller has published an address for it",
        ),
        (
            {"host": "a.example", "tlsSecretName": "mine"},
            ADDRESS,
            "the Ingress routes https://a.example; it is not checked that Secret mine has a certificate",
        ),
    ],
    ids=["a host", "a path", "any host", "no address", "a certificate"],
)
def test_the_operator_reports_of_a_route_only_what_is_known(
    route: dict[str, Any], status: dict[str, Any], message: str
) -> None:
    built = ingress.build(bodies.model(route=route))

    found = ingress.report({**(built or {}), "status": status})

    assert found is not None
    assert found.message == message


def test_the_operator_reports_nothing_of_an_ingress_whose_rules_were_taken_away_by_hand() -> None:
    assert ingress.report({"spec": {"defaultBackend": {}}}) is None


def test_the_operator_routes_any_host_when_the_route_names_none() -> None:
    built = ingress.build(bodies.model(route={"path": "/models"}))

    assert built is not None
    [rule] = built["spec"]["rules"]
    assert "host" not in rule
    assert built["spec"].keys() == {"rules"}
    assert "annotations" not in built["metadata"]


def test_the_operator_builds_the_whole_http_route() -> None:
    model = bodies.model(
        route={**manifests.GATEWAY, "host": "a.example", "path": "/x", "annotations": {"a/b": "c"}}
    )

    built = http_route.build(model)

    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **manifests.GATEWAY["gateway"]}  # type: ignore[dict-item]
    kinds = {"Exact": "Exact", "Prefix": "PathPrefix"}
    assert built == manifests.whole(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        metadata={"annotations": {"a/b": "c"}},
        spec={
            "parentRefs": [parent],
            "hostnames": ["a.example"],
            "rules": [
                {
                    "matches": [
                        {"path": {"type": kinds[kind], "value": path}}
                        for path, kind in public_paths.below("/x")
                    ],
                    "backendRefs": [{"kind": "Service", "name": "iris", "port": 80, "weight": 1}],
                }
            ],
        },
    )


def test_the_http_route_takes_any_host_and_listener_when_none_is_named() -> None:
    built = http_route.build(
        bodies.model(route={"type": "Gateway", "gateway": {"name": "a", "namespace": "b"}})
    )

    assert built is not None
    assert "hostnames" not in built["spec"]
    assert "sectionName" not in built["spec"]["parentRefs"][0]


def test_the_http_route_divides_requests_as_planned() -> None:
    model = bodies.model(route=manifests.GATEWAY)
    planned = plan.Plan((plan.Track(plan.STABLE, shape.of(model)),), candidate_percent=5)

    built = dict(children.build(model, planned))

    backends = built[http_route.KIND]["spec"]["rules"][0]["backendRefs"]
    assert [(backend["name"], backend["weight"]) for backend in backends] == [
        ("iris", 95),
        ("iris-canary", 5),
    ]


def test_the_http_route_has_no_filter_which_a_gateway_may_not_support() -> None:
    """A Gateway that does not support one may answer every request with 500, and still accept the route."""
    built = http_route.build(bodies.model(route=manifests.GATEWAY))

    assert built is not None
    [rule] = built["spec"]["rules"]
    assert rule.keys() == {"matches", "backendRefs"}
    assert all(backend.keys() == {"kind", "name", "port", "weight"} for backend in rule["backendRefs"])


def test_the_route_of_a_cluster_without_gateway_api_is_reported_as_missing() -> None:
    model = bodies.model(route=manifests.GATEWAY)
    snapshot = store.Store().snapshot(("iris", "iris"))

    observed = parts.observe(model, snapshot, frozenset({http_route.KIND}), passes.NOW)

    [route] = [part for part in observed if part.condition == "RouteReady"]
    assert (route.missing, route.api) == (("HTTPRoute",), http_route.API)
