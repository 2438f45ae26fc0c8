"""What the real API server makes of IrisModels: refusals that name the field, defaults, status, scale."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from iris_local_cluster.api_server import ApiServer

from tests.crds.access_refusals import ACCESS
from tests.crds.artifact_refusals import ARTIFACT
from tests.crds.metadata_refusals import METADATA
from tests.crds.placement_refusals import PLACEMENT
from tests.crds.refusals import Refusal
from tests.crds.rollout_refusals import ROLLOUT
from tests.crds.schema import SPEC, defaults
from tests.crds.verify_refusals import VERIFY
from tests.crds.workload_refusals import WORKLOAD
from tests.harness import kubernetes
from tests.operator.test_verify import RELEASE

pytestmark = pytest.mark.cluster


def model(name: str = "iris", **spec: Any) -> kubernetes.Manifest:
    """A model that is fine, with fields laid over it; None takes a field away."""
    fields = {key: value for key, value in ({"version": "1.4.0"} | spec).items() if value is not None}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": name},
        "spec": fields,
    }


@pytest.fixture
async def visitor(api_server: ApiServer) -> AsyncIterator[kubernetes.Cluster]:
    """For tests that store nothing, and so need no namespace of their own."""
    async with kubernetes.client_of(api_server.kubeconfig) as client:
        yield kubernetes.Cluster(client)


@pytest.mark.parametrize(
    "refusal",
    [*WORKLOAD, *ARTIFACT, *ACCESS, *VERIFY, *PLACEMENT, *METADATA, *ROLLOUT],
    ids=lambda refusal: refusal.mistake.replace(" ", "-"),
)
async def test_the_api_server_refuses_and_names_the_field(
    visitor: kubernetes.Cluster, refusal: Refusal
) -> None:
    with pytest.raises(kubernetes.Refused) as caught:
        await visitor.create(model(**refusal.spec), dry_run=True)

    assert refusal.field in caught.value.message
    assert refusal.says in caught.value.message


@pytest.mark.parametrize("name", ["Iris", "1ris", "iris.two", "i" * 53, "iris-", "iris-canary"])
async def test_the_api_server_refuses_a_name_that_children_could_not_carry(
    visitor: kubernetes.Cluster, name: str
) -> None:
    with pytest.raises(kubernetes.Refused, match=r"metadata\.name") as caught:
        await visitor.create(model(name), dry_run=True)

    assert caught.value.code == 422


async def test_the_api_server_refuses_a_model_without_spec(visitor: kubernetes.Cluster) -> None:
    bare = {key: value for key, value in model().items() if key != "spec"}

    with pytest.raises(kubernetes.Refused, match="spec: Required value"):
        await visitor.create(bare, dry_run=True)


async def test_the_api_server_reports_a_mistake_once_in_plain_words(visitor: kubernetes.Cluster) -> None:
    with pytest.raises(kubernetes.Refused) as caught:
        await visitor.create(model(version="1.4.0!"), dry_run=True)

    field, expected = caught.value.message.split('"1.4.0!": ')
    assert field == 'IrisModel.serving.two.inc "iris" is invalid: spec.version: Invalid value: '
    assert expected.startswith("expected letters, digits, '.', '_' or '-', beginning and ending with")
    assert expected.endswith("such as 1.4.0")


async def test_the_api_server_refuses_a_bad_change_and_keeps_the_good_spec(
    cluster: kubernetes.Cluster,
) -> None:
    await cluster.create(model())

    with pytest.raises(kubernetes.Refused, match=r"spec\.replicas"):
        await cluster.patch("IrisModel", "iris", {"spec": {"replicas": 1000}})

    assert (await cluster.get("IrisModel", "iris"))["spec"]["replicas"] == 2


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


@pytest.mark.parametrize("version", ["1", "1.4.0", "v2", "1.4.0-pr12.3", "a" * 63])
@pytest.mark.parametrize("name", ["i", "i" * 52])
async def test_the_api_server_accepts_versions_and_names_up_to_their_bounds(
    visitor: kubernetes.Cluster, name: str, version: str
) -> None:
    stored = await visitor.create(model(name, version=version), dry_run=True)

    assert stored["spec"]["version"] == version


@pytest.mark.parametrize("host", ["iris", "a.b", "1.iris.inc", "x" * 63 + ".inc", "xn--bcher-kva.example"])
async def test_the_api_server_accepts_host_names(visitor: kubernetes.Cluster, host: str) -> None:
    stored = await visitor.create(model(route={"host": host}), dry_run=True)

    assert stored["spec"]["route"]["host"] == host


@pytest.mark.parametrize("steps", [[1], [5, 20, 50], [9, 100]])
async def test_the_api_server_accepts_steps_on_a_gateway(
    visitor: kubernetes.Cluster, steps: list[int]
) -> None:
    route = {"type": "Gateway", "gateway": {"name": "public", "namespace": "gateways"}}

    stored = await visitor.create(model(route=route, rollout={"steps": steps}), dry_run=True)

    assert stored["spec"]["rollout"]["steps"] == steps


@pytest.mark.parametrize(
    "repository", ["iris", "localhost:5000/iris", "a.b-c/d__e/f--g", "registry:5000/a/b"]
)
async def test_the_api_server_accepts_repositories(visitor: kubernetes.Cluster, repository: str) -> None:
    stored = await visitor.create(model(image={"repository": repository}), dry_run=True)

    assert stored["spec"]["image"]["repository"] == repository


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


async def test_a_new_model_is_in_progress_to_every_tool_from_its_first_moment(
    cluster: kubernetes.Cluster,
) -> None:
    stored = await cluster.create(model())

    assert stored["metadata"]["generation"] == 1
    assert stored["status"] == {"observedGeneration": -1}


async def test_the_api_server_counts_a_generation_for_the_spec_and_none_for_the_status(
    cluster: kubernetes.Cluster,
) -> None:
    await cluster.create(model())

    seen = await cluster.patch(
        "IrisModel", "iris", {"status": {"observedGeneration": 1}}, subresource="status"
    )
    changed = await cluster.patch("IrisModel", "iris", {"spec": {"version": "1.5.0"}})

    assert seen["metadata"]["generation"] == 1
    assert changed["metadata"]["generation"] == 2


async def test_the_api_server_keeps_status_out_of_reach_of_spec_writers(cluster: kubernetes.Cluster) -> None:
    await cluster.create(model())

    await cluster.patch("IrisModel", "iris", {"status": {"servingVersion": "9.9.9"}})

    assert (await cluster.get("IrisModel", "iris"))["status"] == {"observedGeneration": -1}


STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "servingVersion": "1.4.0",
    "modelDigest": "sha256:" + "0" * 64,
    "replicas": 2,
    "readyReplicas": 1,
    "selector": "app.kubernetes.io/instance=iris,app.kubernetes.io/name=iris-server",
    "url": "http://iris.kube.two.inc",
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-11-23T12:00:00Z",
            "reason": "Serving",
            "message": "2 of 2 pods prove version 1.4.0",
        }
    ],
    "history": [
        {
            "version": "1.4.0",
            "digest": "sha256:" + "0" * 64,
            "from": "2026-11-23T12:00:00Z",
            "until": "2026-11-23T12:00:01Z",
            "outcome": "Serving",
        }
    ],
    "rollout": {
        "state": "Judging",
        "summary": "Judging 1.4.0 50% 3/3",
        "candidate": {"version": "1.4.0", "shape": "0" * 16, "replicas": 2},
        "step": 3,
        "weight": 50,
        "weightAt": "2026-11-23T11:59:59Z",
        "routedAt": "2026-11-23T12:00:00Z",
        "stepSince": "2026-11-23T12:00:15Z",
        "observedPerMille": 498,
        "expectedBy": "2026-11-23T12:30:00Z",
        "looks": 7,
        "missing": "needs about 260 more requests",
        "gates": [
            {
                "name": "failed",
                "verdict": "NotEnough",
                "canaryPerMille": 1,
                "stablePerMille": 2,
                "lowPerMille": -8,
                "highPerMille": 14,
                "requests": 400,
                "needed": 2**40,
            }
        ],
        "baseline": [
            {
                "pod": "6f1c",
                "container": "containerd://0",
                "requests": 9,
                "failed": 1,
                "refused": 2,
                "predictions": 5,
                "slow": 0,
                "calls": 6,
                "classes": {"setosa": 6},
            }
        ],
    },
}


async def test_the_api_server_keeps_a_full_status_as_it_was_written(cluster: kubernetes.Cluster) -> None:
    await cluster.create(model())

    await cluster.patch("IrisModel", "iris", {"status": STATUS}, subresource="status")

    assert (await cluster.get("IrisModel", "iris"))["status"] == STATUS


async def test_the_api_server_prints_the_columns_of_the_design(cluster: kubernetes.Cluster) -> None:
    await cluster.create(model())
    await cluster.patch("IrisModel", "iris", {"status": STATUS}, subresource="status")

    answer = await cluster.client.get(
        await cluster.path("IrisModel"), headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    )

    table = answer.json()
    names = [column["name"] for column in table["columnDefinitions"]]
    row = dict(zip(names, table["rows"][0]["cells"], strict=True))
    age = row.pop("Age")
    assert age.endswith("s")
    assert row == {
        "Name": "iris",
        "Version": "1.4.0",
        "Serving": "1.4.0",
        "Ready": "True",
        "Replicas": 2,
        "URL": "http://iris.kube.two.inc",
        "Reason": "Serving",
        "Rollout": "Judging 1.4.0 50% 3/3",
    }


async def test_the_api_server_scales_through_the_scale_subresource(cluster: kubernetes.Cluster) -> None:
    await cluster.create(model())
    await cluster.patch("IrisModel", "iris", {"status": STATUS}, subresource="status")

    await cluster.patch("IrisModel", "iris", {"spec": {"replicas": 5}}, subresource="scale")

    scale = await cluster.get("IrisModel", "iris", subresource="scale")
    assert scale["spec"] == {"replicas": 5}
    assert scale["status"] == {"replicas": 2, "selector": STATUS["selector"]}
    assert (await cluster.get("IrisModel", "iris"))["spec"]["replicas"] == 5


def at(spec: Any, path: str) -> Any:
    """The value at a dotted path, in which [] means the first item."""
    for part in path.split("."):
        spec = spec[0] if part == "[]" else spec[part]
    return spec
