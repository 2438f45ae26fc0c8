"""A model with an image of its own on a real API server: what pods get, and what stops its next version.

The words of the kubelet are those of Kubernetes 1.37 (pkg/kubelet/images, pkg/kubelet/kuberuntime) and
containerd 2.4 (internal/cri/server): an image of a volume that cannot be pulled is in the waiting state of
the container that mounts it, as the container's own image would be.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.cluster.conftest import Ask, Iris, condition
from tests.harness import kubelet
from tests.harness.kubelet import Behaviour, Kubelet
from tests.harness.kubernetes import Cluster, Manifest
from tests.operator.test_verify import RELEASE

if TYPE_CHECKING:
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

SERVER: Final = "2.0.0"
MODEL: Final = "registry.local:5000/iris-model"
DECLARED: Final[Mapping[str, Any]] = {
    "image": {"tag": SERVER},
    "artifact": {"image": {"repository": MODEL}},
    "verify": {"keys": [RELEASE]},
}


def waiting(reason: str, message: str) -> Behaviour:
    def behave(pod: Manifest) -> dict[str, Any]:
        status = kubelet.never_ready(pod)
        status["conditions"][0]["lastTransitionTime"] = "2026-01-01T00:00:00Z"  # scheduled long ago
        status["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": message}}
        return status

    return behave


# By version: how pods with this model behave, the reason, what the message has, and what `iris why` advises.
STOPPED: Final[Mapping[str, tuple[Behaviour, str, str, str]]] = {
    "9.0.0": (
        waiting(
            "ImagePullBackOff",
            f'Back-off pulling image "{MODEL}:9.0.0": ErrImagePull: failed to pull and unpack image '
            f'"{MODEL}:9.0.0": failed to resolve reference "{MODEL}:9.0.0": not found',
        ),
        "ImagePullFailed",
        f'ErrImagePull: .*failed to resolve reference "{MODEL}:9.0.0": not found',
        "spec.artifact",
    ),
    "9.0.1": (
        waiting("CreateContainerError", "ImageVolumeMountFailed: failed to unpack image volume: no space"),
        "ArtifactNotMounted",
        "ImageVolumeMountFailed: failed to unpack",
        "a runtime that mounts images",
    ),
    "9.0.2": (
        kubelet.ended(
            65, "artifact refused: /etc/iris/artifact: an empty folder, expected a model", restarts=1
        ),
        "ArtifactNotMounted",
        "/etc/iris/artifact: an empty folder",
        "a runtime that mounts images",
    ),
    "9.0.3": (
        kubelet.ended(65, "artifact refused: WrongKey: /etc/iris/artifact/a.sig: a signature", restarts=1),
        "WrongKey",
        "WrongKey: /etc/iris/artifact",
        "find out who signed",
    ),
    "9.0.4": (
        kubelet.ended(65, "artifact refused: /etc/iris/artifact/a.json: schema: 3, expected", restarts=1),
        "ArtifactRejected",
        "schema: 3",
        "use a newer server",
    ),
}


def by_model(behaviours: Mapping[str, Behaviour]) -> Behaviour:
    """All these pods have one image of the server: what they do is up to the tag of the mounted one."""

    def behave(pod: Manifest) -> dict[str, Any]:
        [reference] = [volume["image"]["reference"] for volume in pod["spec"]["volumes"] if "image" in volume]
        return behaviours[reference.rpartition(":")[2]](pod)

    return behave


@pytest.fixture
def mounted(pods: Kubelet, servers: dict[str, str]) -> None:
    stopped = {version: behaviour for version, (behaviour, *_) in STOPPED.items()}
    pods.set(SERVER, by_model({"1.0.0": kubelet.serving(servers["1.0.0"]), **stopped}))


@pytest.mark.usefixtures("mounted")
async def test_the_pods_mount_the_model_and_run_the_server(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris
) -> None:
    await iris.declare(**DECLARED)

    status = await iris.reaches("Serving")

    assert status["servingVersion"] == "1.0.0"
    pods = await cluster.list("Pod")
    assert len(pods) == 2
    for pod in pods:
        [container] = pod["spec"]["containers"]
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        assert container["image"].endswith(f":{SERVER}")
        assert volumes["artifact"]["image"] == {"reference": f"{MODEL}:1.0.0", "pullPolicy": "IfNotPresent"}
        mounts = [mount for mount in container["volumeMounts"] if mount["name"] == "artifact"]
        assert mounts == [{"name": "artifact", "mountPath": "/etc/iris/artifact", "readOnly": True}]
    assert not condition(status, "ChildrenAsDeclared")


@pytest.mark.usefixtures("mounted")
async def test_a_model_that_pods_cannot_have_leaves_the_former_one_serving(
    operator: "OperatorProcess", iris: Iris, ask: Ask, subtests: pytest.Subtests
) -> None:
    await iris.declare(**DECLARED)
    await iris.reaches("Serving")

    for version, (_, reason, words, advice) in STOPPED.items():
        with subtests.test(version):
            await iris.declare(version, **DECLARED)
            status = await iris.reaches(reason, version=version)
            why = (await ask("why", iris.name)).stdout

            assert status["servingVersion"] == "1.0.0"
            assert re.search(words, condition(status, "Ready")["message"])
            assert advice in why
