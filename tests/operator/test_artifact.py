"""What `spec.artifact` changes in a model's pods: the model is an image of its own, beside the server's."""

import json
from typing import Any, Final

import msgspec
import pytest
from iris_operator.children import deployment
from iris_operator.model import shape
from iris_operator.model.spec import IrisModel
from iris_operator.observe import image_volumes, ownership

from tests.operator import bodies, manifests
from tests.operator.test_verify import RELEASE

MODEL: Final = "registry.local:5000/iris-model"
MOUNT: Final = {"name": "artifact", "mountPath": "/etc/iris/artifact", "readOnly": True}


def apart(
    *, image: dict[str, Any] | None = None, server: dict[str, Any] | None = None, **declared: Any
) -> IrisModel:
    """A model of version 1.4.0, served by a server of tag 2.0.0."""
    artifact = {"image": {"repository": MODEL, **(image or {})}}
    return bodies.model(image={"tag": "2.0.0", **(server or {})}, artifact=artifact, **declared)


def pod_of(model: IrisModel) -> dict[str, Any]:
    found: dict[str, Any] = deployment.build(model)["spec"]["template"]["spec"]
    return found


def volume_of(model: IrisModel) -> dict[str, Any]:
    [volume] = pod_of(model)["volumes"]
    return dict(volume)


def test_the_server_has_its_own_tag_and_reads_the_mounted_model() -> None:
    model = apart()
    [container] = pod_of(model)["containers"]
    env = {entry["name"]: entry["value"] for entry in container["env"]}

    assert container["image"] == "ghcr.io/two-inc/iris-server:2.0.0"
    assert env["IRIS_EXPECTED_VERSION"] == "1.4.0"
    assert env["IRIS_ARTIFACT_DIR"] == MOUNT["mountPath"]
    assert container["volumeMounts"] == [MOUNT]
    assert container["command"] == ["iris-model-server", "--host", "::", "--port", "8000"]
    assert volume_of(model) == {
        "name": "artifact",
        "image": {"reference": f"{MODEL}:1.4.0", "pullPolicy": "IfNotPresent"},
    }


@pytest.mark.parametrize(
    ("image", "reference", "policy"),
    [
        ({"tag": "latest", "pullPolicy": "Always"}, f"{MODEL}:latest", "Always"),
        ({"digest": bodies.DIGEST}, f"{MODEL}:1.4.0@{bodies.DIGEST}", "IfNotPresent"),
        ({"tag": "a", "digest": bodies.DIGEST}, f"{MODEL}:a@{bodies.DIGEST}", "IfNotPresent"),
    ],
    ids=["tag", "digest", "both"],
)
def test_the_reference_of_the_model_is_the_declared_one(
    image: dict[str, Any], reference: str, policy: str
) -> None:
    assert volume_of(apart(image=image))["image"] == {"reference": reference, "pullPolicy": policy}


def test_another_version_is_another_image_of_the_model_and_the_same_server() -> None:
    before, after = pod_of(apart()), pod_of(apart(version="1.5.0"))

    assert after["containers"][0]["image"] == before["containers"][0]["image"]
    assert after["volumes"][0]["image"]["reference"] == f"{MODEL}:1.5.0"


def test_the_digest_of_the_server_is_pinned_beside_its_tag() -> None:
    [container] = pod_of(apart(server={"digest": bodies.DIGEST}))["containers"]

    assert container["image"] == f"ghcr.io/two-inc/iris-server:2.0.0@{bodies.DIGEST}"


def test_keys_and_model_are_read_beside_each_other() -> None:
    pod = pod_of(apart(access={"keys": []}, verify={"keys": [RELEASE]}))
    [container] = pod["containers"]

    assert [volume["name"] for volume in pod["volumes"]] == ["access", "verify", "artifact"]
    assert container["volumeMounts"][-1] == MOUNT
    assert container["command"][-2:] == ["--verify-file", "/etc/iris/verify/keys.json"]


@pytest.mark.parametrize(
    ("model", "intent"),
    [
        (bodies.model(access={"keys": []}, verify={"keys": [RELEASE]}), "711a864348b764eb"),
        (manifests.full(), "b2fdcfe6dbc2c3d7"),
    ],
    ids=["keys", "full"],
)
def test_a_model_without_an_artifact_has_the_deployment_that_it_had(model: IrisModel, intent: str) -> None:
    """By its digest before there were artifacts, so an upgrade of the operator restarts no pod."""
    second = msgspec.structs.replace(model, template_revision=2)

    built = ownership.stamp(deployment.build(second))

    assert built["metadata"]["annotations"][ownership.INTENT] == intent
    written = json.dumps([manifest for _, manifest in bodies.built(model)])
    assert not [word for word in ("artifact", "ARTIFACT") if word in written]


def test_what_pods_without_an_artifact_were_built_from_has_the_digest_that_it_had() -> None:
    """Else a rollout that is under way would begin anew when the operator is upgraded."""
    assert shape.digest(shape.of(bodies.model())) == "a4a4f6c84b165c86"


def test_a_template_from_which_the_api_server_took_the_volume_is_noticed() -> None:
    whole = deployment.build(apart(verify={"keys": [RELEASE]}))["spec"]["template"]
    kept = [volume for volume in whole["spec"]["volumes"] if "image" not in volume]
    dropped = {**whole, "spec": {**whole["spec"], "volumes": kept}}

    assert not image_volumes.is_dropped(whole)
    assert image_volumes.is_dropped(dropped)
    assert not image_volumes.is_dropped(deployment.build(bodies.model())["spec"]["template"])
    assert not image_volumes.is_dropped({})
