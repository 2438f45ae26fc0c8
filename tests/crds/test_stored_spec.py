"""What the real API server stores of a spec: every field as it was written, and every default."""

from typing import Any

import pytest

from tests.crds.manifests import model
from tests.crds.schema import SPEC, defaults
from tests.harness import kubernetes
from tests.operator.test_verify import RELEASE

pytestmark = pytest.mark.cluster


FULL: dict[str, Any] = {
    "version": "1.0.20250508_171813",
    "image": {
        "repository": "registry.local:5000/team/iris-server",
        "tag": "_2.0-rc.1",
        "digest": "sha256:" + "0123456789abcdef" * 4,
        "pullPolicy": "Always",
        "pullSecrets": ["registry", "other.registry"],
    },
    "artifact": {
        "image": {
            "repository": "registry.local:5000/team/iris-model",
            "tag": "1.0",
            "digest": "sha256:" + "fedcba9876543210" * 4,
            "pullPolicy": "Always",
        }
    },
    "replicas": 0,
    "autoscaling": {"minReplicas": 3, "maxReplicas": 3, "targetCPUUtilizationPercentage": 250},
    "resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}},
    "nodeSelector": {"kubernetes.io/arch": "amd64", "empty": ""},
    "tolerations": [
        {"operator": "Exists"},
        {"key": "gpu", "operator": "Equal", "value": "no", "effect": "NoExecute", "tolerationSeconds": 60},
    ],
    "env": [
        {"name": "TZ", "value": "UTC"},
        {"name": "_lower1", "value": ""},
        {"name": "IRIS_CORS_ORIGINS", "value": "*"},
    ],
    "commonMetadata": {"labels": {"release": "", "a.b/C_d": "E"}, "annotations": {"a-b.example/c": " d"}},
    "access": {
        "keys": [
            {
                "name": "shop",
                "sha256": "b" * 64,
                "requestsPerSecond": 50,
                "notAfter": "2027-01-31T00:00:00Z",
            }
        ]
    },
    "verify": {"mode": "Warn", "keys": [RELEASE]},
    "server": {"logLevel": "Debug", "fastPath": "Off", "pickle": "Deny"},
    "route": {
        "type": "Ingress",
        "host": "iris.kube.two.inc",
        "path": "/v1.0/~team/..iris/",
        "className": "traefik",
        "tlsSecretName": "iris-tls",
        "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
    },
    "monitoring": {
        "dashboard": {"enabled": False, "folder": "Team A. Models"},
        "scrape": {"enabled": False},
        "alerts": {"enabled": False, "availabilityPerMille": 950, "latencyMilliseconds": 2500},
    },
    "networkPolicy": {
        "enabled": True,
        "allowFrom": [
            {
                "namespaceSelector": {"matchLabels": {"team": "a"}},
                "podSelector": {"matchLabels": {"app": "b"}},
            }
        ],
    },
    "progressDeadlineSeconds": 30,
    "rollout": {
        "strategy": "Canary",
        "steps": [],
        "stepSeconds": 60,
        "decideSeconds": 600,
        "notEnough": "RollBack",
        "gates": {
            "agreementPerMille": 900,
            "failedPerMille": 5,
            "refusedPerMille": 1000,
            "slowPerMille": 50,
            "shiftPerMille": 200,
        },
        "testers": {"header": "x-iris-track", "value": "canary"},
        "approval": "Manual",
        "approved": "1.4.0",
        "pause": True,
        "skip": "1.4.1",
    },
    "suspend": True,
}


async def test_the_api_server_keeps_a_full_spec_as_it_was_written(cluster: kubernetes.Cluster) -> None:
    await cluster.create(model(**FULL))

    stored = await cluster.get("IrisModel", "iris")

    assert stored["spec"] == FULL
    assert FULL.keys() == SPEC["properties"].keys()


async def test_the_api_server_stores_every_default_of_the_schema(cluster: kubernetes.Cluster) -> None:
    opted_in: dict[str, Any] = {
        "image": {"tag": "2.0.0"},
        "artifact": {"image": {"repository": "a"}},
        "route": {},
        "rollout": {},
        "autoscaling": {"maxReplicas": 4},
        "tolerations": [{"key": "a"}],
        "verify": {"keys": [RELEASE]},
    }

    stored = await cluster.create(model(**opted_in))

    expected = dict(defaults(SPEC))
    found = {path: at(stored["spec"], path) for path in expected}
    assert found == expected


async def test_the_api_server_enables_nothing_by_default(cluster: kubernetes.Cluster) -> None:
    stored = await cluster.create(model())

    assert stored["spec"] == {
        "version": "1.4.0",
        "image": {"repository": "ghcr.io/two-inc/iris-server", "pullPolicy": "IfNotPresent"},
        "replicas": 2,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "server": {"logLevel": "Info", "fastPath": "Auto"},
        "monitoring": {
            "dashboard": {"enabled": True, "folder": "Iris"},
            "scrape": {"enabled": True},
            "alerts": {"enabled": True, "availabilityPerMille": 999, "latencyMilliseconds": 250},
        },
        "networkPolicy": {"enabled": True},
        "progressDeadlineSeconds": 600,
        "suspend": False,
    }


def at(spec: Any, path: str) -> Any:
    """The value at a dotted path, in which [] means the first item."""
    for part in path.split("."):
        spec = spec[0] if part == "[]" else spec[part]
    return spec
