"""What access keys change in a model's children, and how its pods are asked and judged then."""

import json
from typing import Any, Final

import pytest
from iris_api import keys, kinds
from iris_operator import children
from iris_operator.children import access_config_map, network_policy, service, service_monitor
from iris_operator.model import plan, shape
from iris_operator.model.spec import IrisModel
from iris_operator.observe import store, workload

from tests.operator import bodies, workload_bodies
from tests.operator.bodies import pod_of

DIGEST: Final = keys.digest(keys.make(b"\x01" * keys.RANDOM_BYTES))
SHOP: Final = {"name": "shop", "sha256": DIGEST, "requestsPerSecond": 50, "notAfter": "2027-01-31T00:00:00Z"}
OPERATOR: Final = {
    "namespaceSelector": {},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "iris-operator"}},
}


def closed(*listed: dict[str, Any], **declared: Any) -> IrisModel:
    return bodies.model(access={"keys": list(listed or (SHOP,))}, **declared)


def listed_by(model: IrisModel) -> dict[str, Any]:
    found = access_config_map.build(model)
    assert found is not None
    return found


def test_the_list_is_an_immutable_config_map_that_the_pods_name() -> None:
    model = closed()
    listed = listed_by(model)

    assert listed["immutable"] is True
    assert json.loads(listed["data"]["clients.json"]) == [SHOP]
    assert pod_of(model)["volumes"] == [{"name": "access", "configMap": {"name": listed["metadata"]["name"]}}]


def test_the_server_reads_the_list_where_the_pod_mounts_it() -> None:
    """Without the variable the server would serve a closed model to everybody."""
    model = closed()
    (container,) = pod_of(model)["containers"]
    (mount,) = container["volumeMounts"]
    (file,) = listed_by(model)["data"]

    variables = {each["name"]: each["value"] for each in container["env"]}
    assert variables["IRIS_ACCESS_FILE"] == f"{mount['mountPath']}/{file}"
    assert mount["name"] == pod_of(model)["volumes"][0]["name"]
    assert mount["readOnly"] is True


@pytest.mark.parametrize(
    "listed",
    [[], [{**SHOP, "name": "cart"}], [{"name": "shop", "sha256": DIGEST}]],
    ids=["none", "name", "rate"],
)
def test_another_list_is_another_config_map_and_another_template(listed: list[dict[str, Any]]) -> None:
    before, after = closed(), bodies.model(access={"keys": listed})

    assert listed_by(before) != listed_by(after)
    assert pod_of(before) != pod_of(after)


def test_a_model_without_access_has_no_trace_of_it() -> None:
    model = bodies.model()
    built = json.dumps([manifest for _, manifest in bodies.built(model)])

    assert access_config_map.build(model) is None
    assert "access" not in built
    assert "management" not in built


def test_probes_use_the_management_port_that_no_service_has() -> None:
    model = closed()
    (container,) = pod_of(model)["containers"]

    assert container["command"] == [
        "iris-model-server", "--host", "::", "--port", "8000", "--management-port", "8001",
    ]  # fmt: skip
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] == "management"
    assert [port["name"] for port in container["ports"]] == ["http", "management"]
    assert [port["targetPort"] for port in service.build(model)["spec"]["ports"]] == ["http"]


def test_an_empty_list_closes_the_model() -> None:
    model = bodies.model(access={"keys": []})

    listed = listed_by(model)
    assert listed["data"] == {"clients.json": "[]"}
    assert "--management-port" in pod_of(model)["containers"][0]["command"]


@pytest.mark.parametrize("peers", [[], [{"namespaceSelector": {"matchLabels": {"team": "web"}}}]])
def test_only_the_operator_and_prometheus_reach_the_management_port(peers: list[Any]) -> None:
    policy = network_policy.build(closed(networkPolicy={"enabled": True, "allowFrom": peers}))
    assert policy is not None
    _, management = policy["spec"]["ingress"]

    assert management["ports"] == [{"protocol": "TCP", "port": 8001}]
    assert len(management["from"]) == 2
    assert management["from"][0] == OPERATOR


def test_a_model_that_is_not_scraped_admits_the_operator_alone() -> None:
    policy = network_policy.build(closed(monitoring={"scrape": {"enabled": False}}))
    assert policy is not None

    assert policy["spec"]["ingress"][1]["from"] == [OPERATOR]


def test_prometheus_scrapes_the_management_port() -> None:
    monitor = service_monitor.build(closed())

    assert monitor is not None
    assert monitor["spec"]["endpoints"] == [{"targetPort": "management", "path": "/metrics"}]


def test_a_candidate_reads_the_list_of_its_model() -> None:
    model = closed()
    tracks = tuple(plan.Track(name, shape.of(model)) for name in (plan.STABLE, plan.CANARY))
    built = children.build(model, plan.Plan(tracks))

    volumes = [
        manifest["spec"]["template"]["spec"]["volumes"]
        for kind, manifest in built
        if kind == kinds.DEPLOYMENT
    ]
    assert len(volumes) == 2
    assert volumes[0] == volumes[1]


def test_a_list_that_cannot_be_made_concerns_ready_and_not_monitoring() -> None:
    listed = listed_by(closed())

    assert children.condition(kinds.CONFIG_MAP, listed["metadata"]["name"]) == "Ready"
    assert children.condition(kinds.CONFIG_MAP, "iris-dashboard") == "MonitoringReady"


def test_a_pod_is_asked_at_the_port_of_its_own_template() -> None:
    """Also as the store keeps it, which is without most of its spec."""
    ports = [[{"name": "http", "containerPort": 8000}], pod_of(closed())["containers"][0]["ports"]]
    pods = [
        store.trim(
            kinds.POD,
            {
                **workload_bodies.pod(f"pod-{number}"),
                "spec": {"containers": [{"name": "sidecar"}, {"name": "server", "ports": listed}]},
            },
        )
        for number, listed in enumerate(ports)
    ]

    seen = workload.observe(workload_bodies.deployment(), [workload_bodies.replica_set(2)], pods)

    assert [pod.port for pod in seen.pods] == [8000, 8001]
