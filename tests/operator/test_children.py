"""The manifests of children: each kind once in whole, then one rule per test."""

import json
from types import ModuleType
from typing import Any

import pytest
from iris_operator import children
from iris_operator.children import (
    dashboard_config_map,
    deployment,
    horizontal_pod_autoscaler,
    http_route,
    ingress,
    network_policy,
    pod_disruption_budget,
    prometheus_rule,
    report,
    service,
    service_account,
    service_monitor,
)
from iris_operator.decide import parts
from iris_operator.model import plan, public_paths, shape
from iris_operator.model.objectives import Objectives
from iris_operator.model.spec import IrisModel
from iris_operator.monitoring import alerts
from iris_operator.monitoring.dashboards import model as dashboard
from iris_operator.observe import store

from tests.operator import bodies, passes

SELECTOR = {"app.kubernetes.io/name": "iris-server", "app.kubernetes.io/instance": "iris"}
ALWAYS = {"ServiceAccount/iris", "Deployment/iris", "Service/iris"}
USUAL = ALWAYS | {
    "NetworkPolicy/iris", "ConfigMap/iris-dashboard", "ServiceMonitor/iris", "PrometheusRule/iris",
}  # fmt: skip
GATEWAY = {"type": "Gateway", "gateway": {"name": "traefik", "namespace": "traefik", "sectionName": "web"}}
LABELS = {
    **SELECTOR,
    "app.kubernetes.io/version": "1.4.0",
    "app.kubernetes.io/component": "model-server",
    "app.kubernetes.io/part-of": "iris",
    "app.kubernetes.io/managed-by": "iris-operator",
}
METADATA: dict[str, Any] = {
    "name": "iris",
    "namespace": "iris",
    "labels": LABELS,
    "ownerReferences": [
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "name": "iris",
            "uid": "uid-of-iris-iris",
            "controller": True,
        }
    ],
}


def full() -> IrisModel:
    return bodies.model(**bodies.FULL)


def pod_of(model: IrisModel) -> dict[str, Any]:
    template: dict[str, Any] = deployment.build(model)["spec"]["template"]["spec"]
    return template


def container_of(model: IrisModel) -> dict[str, Any]:
    [container] = pod_of(model)["containers"]
    return dict(container)


def probe(path: str, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "timeoutSeconds": 2,
        "periodSeconds": period,
        "failureThreshold": failures,
    }


def test_the_operator_builds_the_whole_deployment() -> None:
    container = {
        "name": "server",
        "image": "ghcr.io/two-inc/iris-server:1.4.0",
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "IRIS_MODEL_NAME", "value": "iris"},
            {"name": "IRIS_EXPECTED_VERSION", "value": "1.4.0"},
            {"name": "IRIS_LOG_LEVEL", "value": "Info"},
        ],
        "ports": [{"name": "http", "containerPort": 8000, "protocol": "TCP"}],
        "startupProbe": probe("/readyz", 1, 120),
        "readinessProbe": probe("/readyz", 2, 2),
        "livenessProbe": probe("/livez", 10, 3),
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
    }

    built = deployment.build(bodies.model())

    assert built == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **METADATA,
            "annotations": {"serving.two.inc/replicas-from": "spec", "serving.two.inc/pod-template": "2"},
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": SELECTOR},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 3,
            "template": {
                "metadata": {
                    "labels": LABELS,
                    "annotations": {"kubectl.kubernetes.io/default-container": "server"},
                },
                "spec": {
                    "serviceAccountName": "iris",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 40,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "kubernetes.io/hostname",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": SELECTOR},
                        }
                    ],
                    "containers": [container],
                },
            },
        },
    }


def test_the_operator_builds_the_whole_service_account() -> None:
    built = service_account.build(bodies.model())

    assert built == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            **METADATA,
            "annotations": {"serving.two.inc/built-from": shape.render(shape.of(bodies.model()))},
        },
        "automountServiceAccountToken": False,
    }


def test_the_operator_builds_the_whole_disruption_budget() -> None:
    built = pod_disruption_budget.build(bodies.model())

    assert built == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": METADATA,
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": SELECTOR},
        },
    }


def test_the_operator_builds_the_whole_network_policy() -> None:
    built = network_policy.build(bodies.model())

    assert built == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": METADATA,
        "spec": {
            "podSelector": {"matchLabels": SELECTOR},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": 8000}]}],
            "egress": [{"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}],
        },
    }


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
    assert built == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": METADATA,
        "spec": {"type": "ClusterIP", "selector": SELECTOR, "ports": [port]},
    }


def test_the_operator_builds_the_whole_autoscaler() -> None:
    model = bodies.model(autoscaling={"maxReplicas": 6})

    built = horizontal_pod_autoscaler.build(model)

    target = {"type": "Utilization", "averageUtilization": 70}
    assert built == {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": METADATA,
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris"},
            "minReplicas": 2,
            "maxReplicas": 6,
            "metrics": [
                {
                    "type": "ContainerResource",
                    "containerResource": {"name": "cpu", "container": "server", "target": target},
                }
            ],
        },
    }


def reported(**conditions: str) -> report.Report | None:
    message = "missing request for cpu in container server of Pod iris-5d-x7k"
    rows = [
        {"type": kind, "status": status, "reason": f"Reason{status}", "message": message}
        for kind, status in conditions.items()
    ]
    return horizontal_pod_autoscaler.report({"status": {"conditions": rows}})


def test_the_operator_reports_an_autoscaler_that_cannot_scale_without_the_name_of_a_pod() -> None:
    blind = report.Report(
        False,
        "ScalingInactive",
        "HorizontalPodAutoscaler: ReasonFalse: missing request for cpu in container server",
    )

    assert reported(AbleToScale="True", ScalingActive="False") == blind
    assert reported(AbleToScale="False") == blind
    assert reported(AbleToScale="True") is None
    assert horizontal_pod_autoscaler.report({}) is None
    works = reported(AbleToScale="True", ScalingActive="True")
    assert works is not None
    assert works.works


def test_the_operator_builds_the_whole_ingress() -> None:
    built = ingress.build(full())

    backend = {"service": {"name": "iris", "port": {"number": 80}}}
    paths = [
        {"path": path, "pathType": kind, "backend": backend} for path, kind in public_paths.below("/models")
    ]
    assert built == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            **METADATA,
            "labels": {"team": "flowers", **LABELS, "app.kubernetes.io/version": "2.0.1"},
            "annotations": {"example.com/owner": "botany", "example.com/timeout": "5s"},
        },
        "spec": {
            "ingressClassName": "traefik",
            "rules": [{"host": "iris.kube.two.inc", "http": {"paths": paths}}],
            "tls": [{"hosts": ["iris.kube.two.inc"], "secretName": "iris-tls"}],
        },
    }


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


def test_the_operator_builds_the_whole_service_monitor() -> None:
    built = service_monitor.build(bodies.model())

    assert built == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": METADATA,
        "spec": {
            "selector": {"matchLabels": SELECTOR},
            "endpoints": [{"port": "http", "path": "/metrics"}],
        },
    }


def test_the_operator_builds_the_whole_prometheus_rule() -> None:
    model = bodies.model(monitoring={"alerts": {"availabilityPerMille": 990}})

    built = prometheus_rule.build(model)

    assert built == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": METADATA,
        "spec": {"groups": list(alerts.groups("iris", "iris", Objectives(990, 250)))},
    }


def test_the_operator_builds_the_whole_dashboard_config_map() -> None:
    built = dashboard_config_map.build(bodies.model())

    assert built == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **METADATA,
            "name": "iris-dashboard",
            "labels": {**LABELS, "grafana_dashboard": "1"},
            "annotations": {"grafana_folder": "Iris"},
        },
        "data": {
            "iris-iris.iris.json": dashboard.build("iris", "iris", Objectives(999, 250)),
        },
    }


def test_the_operator_puts_the_dashboards_of_any_two_models_into_different_files() -> None:
    """Grafana's sidecar writes the keys of all namespaces into one folder."""
    one, other = bodies.model("c", namespace="a-b"), bodies.model("b-c", namespace="a")

    built = [dashboard_config_map.build(model) for model in (one, other)]

    [first, second] = [set(manifest["data"]) for manifest in built if manifest]
    assert first.isdisjoint(second)


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({}, USUAL | {"PodDisruptionBudget/iris"}),
        (
            {"route": {"host": "a.example"}},
            USUAL | {"PodDisruptionBudget/iris", "Ingress/iris"},
        ),
        ({"route": GATEWAY}, USUAL | {"PodDisruptionBudget/iris", "HTTPRoute/iris"}),
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
    route = GATEWAY if child is http_route else bodies.FULL["route"]
    changes: dict[str, Any] = {
        "version": "1.4.0",
        "monitoring": {},
        "networkPolicy": {},
        "access": {"keys": []},
    }
    changes["verify"] = {"keys": [{"name": "release", "publicKey": "a key"}]}
    everything = {**bodies.FULL, **changes, "route": route}

    built = child.build(bodies.model(**everything))

    assert LABELS.items() <= built["metadata"]["labels"].items()
    assert built["metadata"]["ownerReferences"] == METADATA["ownerReferences"]
    assert built["metadata"]["namespace"] == "iris"


def test_each_kind_is_listed_once_however_many_children_are_of_it() -> None:
    """Each is listed and watched: twice would be twice the load."""
    assert len(set(children.KINDS)) == len(children.KINDS)
    assert set(children.KINDS) == {child.KIND for child in children.CHILDREN}


def test_the_operator_selects_without_the_version_which_changes() -> None:
    before, after = bodies.model(version="1.4.0"), bodies.model(version="1.5.0")

    selectors = [
        (
            deployment.build(model)["spec"]["selector"],
            service.build(model)["spec"]["selector"],
            pod_of(model)["topologySpreadConstraints"][0]["labelSelector"],
        )
        for model in (before, after)
    ]

    assert selectors[0] == selectors[1]


def test_the_operator_expects_the_declared_version_of_the_server() -> None:
    container = container_of(bodies.model(version="9.9.9"))

    assert {"name": "IRIS_EXPECTED_VERSION", "value": "9.9.9"} in container["env"]
    assert container["image"].endswith(":9.9.9")


def test_the_operator_never_takes_an_old_pod_down_before_a_new_one_is_ready() -> None:
    strategy = deployment.build(full())["spec"]["strategy"]

    assert strategy["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize(
    ("autoscaling", "replicas", "who"),
    [(None, 5, "spec"), ({"maxReplicas": 9}, None, "autoscaler")],
    ids=["the spec", "the autoscaler"],
)
def test_the_operator_leaves_the_replicas_to_one_owner(
    autoscaling: dict[str, int] | None, replicas: int | None, who: str
) -> None:
    declared: dict[str, Any] = {"replicas": 5, **({"autoscaling": autoscaling} if autoscaling else {})}

    built = deployment.build(bodies.model(**declared))

    assert built["spec"].get("replicas") == replicas
    assert built["metadata"]["annotations"][deployment.REPLICAS_FROM] == who


def test_the_operator_meets_the_restricted_pod_security_standard() -> None:
    model = full()

    pod, container = pod_of(model), container_of(model)

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & pod.keys()


def test_the_deployment_has_no_fast_path_variable_until_it_is_off() -> None:
    """An operator that learns a new default must not roll the pods of every model that stands."""
    said = [
        {entry["name"]: entry["value"] for entry in container_of(bodies.model(server=server))["env"]}
        for server in ({}, {"fastPath": "Auto"}, {"fastPath": "Off"})
    ]

    assert [env.get("IRIS_FAST_PATH") for env in said] == [None, None, "Off"]


def test_the_deployment_has_no_pickle_variable_until_it_is_declared() -> None:
    env = [
        {entry["name"]: entry["value"] for entry in container_of(bodies.model(server=server))["env"]}
        for server in ({}, {"pickle": "Allow"}, {"pickle": "Deny"})
    ]

    assert [names.get("IRIS_PICKLE") for names in env] == [None, "Allow", "Deny"]


def test_the_operator_passes_on_what_the_user_says_about_nodes_environment_and_registry() -> None:
    model = full()

    pod, container = pod_of(model), container_of(model)

    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod["imagePullSecrets"] == [{"name": "registry"}, {"name": "mirror"}]
    assert container["env"][-1] == {"name": "TZ", "value": "UTC"}
    assert container["resources"] == bodies.FULL["resources"]


def test_the_operator_routes_any_host_when_the_route_names_none() -> None:
    built = ingress.build(bodies.model(route={"path": "/models"}))

    assert built is not None
    [rule] = built["spec"]["rules"]
    assert "host" not in rule
    assert built["spec"].keys() == {"rules"}
    assert "annotations" not in built["metadata"]


def test_the_operator_builds_the_whole_http_route() -> None:
    model = bodies.model(route={**GATEWAY, "host": "a.example", "path": "/x", "annotations": {"a/b": "c"}})

    built = http_route.build(model)

    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **GATEWAY["gateway"]}  # type: ignore[dict-item]
    kinds = {"Exact": "Exact", "Prefix": "PathPrefix"}
    assert built == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {**METADATA, "annotations": {"a/b": "c"}},
        "spec": {
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
    }


def test_the_http_route_takes_any_host_and_listener_when_none_is_named() -> None:
    built = http_route.build(
        bodies.model(route={"type": "Gateway", "gateway": {"name": "a", "namespace": "b"}})
    )

    assert built is not None
    assert "hostnames" not in built["spec"]
    assert "sectionName" not in built["spec"]["parentRefs"][0]


def test_the_http_route_divides_requests_as_planned() -> None:
    model = bodies.model(route=GATEWAY)
    planned = plan.Plan((plan.Track(plan.STABLE, shape.of(model)),), candidate_percent=5)

    built = dict(children.build(model, planned))

    backends = built[http_route.KIND]["spec"]["rules"][0]["backendRefs"]
    assert [(backend["name"], backend["weight"]) for backend in backends] == [
        ("iris", 95),
        ("iris-canary", 5),
    ]


def test_the_http_route_has_no_filter_which_a_gateway_may_not_support() -> None:
    """A Gateway that does not support one may answer every request with 500, and still accept the route."""
    built = http_route.build(bodies.model(route=GATEWAY))

    assert built is not None
    [rule] = built["spec"]["rules"]
    assert rule.keys() == {"matches", "backendRefs"}
    assert all(backend.keys() == {"kind", "name", "port", "weight"} for backend in rule["backendRefs"])


def test_the_route_of_a_cluster_without_gateway_api_is_reported_as_missing() -> None:
    model = bodies.model(route=GATEWAY)
    snapshot = store.Store().snapshot(("iris", "iris"))

    observed = parts.observe(model, snapshot, frozenset({http_route.KIND}), passes.NOW)

    [route] = [part for part in observed if part.condition == "RouteReady"]
    assert (route.missing, route.api) == (("HTTPRoute",), http_route.API)


def test_the_same_model_gives_the_same_manifests() -> None:
    first, second = bodies.built(full()), bodies.built(full())

    assert json.dumps([manifest for _, manifest in first]) == json.dumps([manifest for _, manifest in second])


def test_a_candidate_has_objects_of_its_own_that_select_only_its_pods() -> None:
    stable, candidate = shape.of(bodies.model()), shape.of(bodies.model(version="1.5.0"))
    model = bodies.model(version="1.5.0", replicas=3)
    tracks = (plan.Track(plan.STABLE, stable), plan.Track(plan.CANARY, candidate))

    built = {
        f"{kind.name}/{manifest['metadata']['name']}": manifest
        for kind, manifest in children.build(model, plan.Plan(tracks))
    }

    names = {name for name in built if name.endswith("-canary")}
    assert names == {
        f"{kind}/iris-canary" for kind in ("Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget")
    }
    selector = {**SELECTOR, "app.kubernetes.io/name": "iris-server-canary"}
    made = built["Deployment/iris-canary"]["spec"]
    assert made["selector"]["matchLabels"] == selector
    assert selector.items() <= made["template"]["metadata"]["labels"].items()
    assert made["replicas"] == 2
    assert built["Service/iris-canary"]["spec"]["selector"] == selector
    assert built["NetworkPolicy/iris-canary"]["spec"]["podSelector"]["matchLabels"] == selector
    assert built["PodDisruptionBudget/iris-canary"]["spec"]["selector"]["matchLabels"] == selector
    assert built["Deployment/iris"]["spec"]["template"] == template_of(stable)
    assert built["Service/iris"]["spec"]["selector"] == SELECTOR


def template_of(known: shape.Shape) -> dict[str, Any]:
    return dict(deployment.build(shape.give(bodies.model(), known))["spec"]["template"])


def test_one_candidate_pod_is_enough_for_one_stable_pod() -> None:
    model = bodies.model(replicas=1)
    track = plan.Track(plan.CANARY, shape.of(model))

    built = dict(children.build(model, plan.Plan((track,))))

    assert built[deployment.KIND]["spec"]["replicas"] == 1
    assert pod_disruption_budget.KIND not in built


def test_a_candidate_is_not_scaled_by_the_autoscaler() -> None:
    model = full()

    built = dict(children.build(model, plan.Plan((plan.Track(plan.CANARY, shape.of(model)),))))

    assert built[deployment.KIND]["spec"]["replicas"] == 2
    assert horizontal_pod_autoscaler.KIND not in built
