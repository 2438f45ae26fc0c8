"""An IrisModel's status and scale in the real API server: what is kept, what is printed, who may write."""

from typing import Any

import pytest

from tests.crds.manifests import model
from tests.harness import kubernetes

pytestmark = pytest.mark.cluster


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
