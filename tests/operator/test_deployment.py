"""The Deployment: the whole of it once, then one rule per test."""

from typing import Any

import pytest
from iris_operator.children import (
    deployment,
    service,
)
from iris_operator.model.spec import IrisModel

from tests.operator import bodies, manifests
from tests.operator.bodies import pod_of


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

    assert built == manifests.whole(
        "apps/v1",
        "Deployment",
        metadata={
            "annotations": {"serving.two.inc/replicas-from": "spec", "serving.two.inc/pod-template": "2"}
        },
        spec={
            "replicas": 2,
            "selector": {"matchLabels": manifests.SELECTOR},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 3,
            "template": {
                "metadata": {
                    "labels": manifests.LABELS,
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
                            "labelSelector": {"matchLabels": manifests.SELECTOR},
                        }
                    ],
                    "containers": [container],
                },
            },
        },
    )


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
    strategy = deployment.build(manifests.full())["spec"]["strategy"]

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
    model = manifests.full()

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
    model = manifests.full()

    pod, container = pod_of(model), container_of(model)

    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod["imagePullSecrets"] == [{"name": "registry"}, {"name": "mirror"}]
    assert container["env"][-1] == {"name": "TZ", "value": "UTC"}
    assert container["resources"] == bodies.FULL["resources"]
