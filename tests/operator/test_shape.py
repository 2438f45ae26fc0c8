"""What the pods were built from, kept beside them: whole, readable again, and stable over releases."""

import json
from typing import Any

import pytest
from iris_operator.children import deployment, service_account
from iris_operator.model import shape
from iris_operator.model.spec import IrisModel

from tests.operator import bodies

ARTIFACT = {"image": {"repository": "registry.local:5000/iris-model"}}
DECLARED = {**bodies.FULL, "artifact": ARTIFACT}
FIELDS = sorted(DECLARED)
OF_PODS = {"version", "image", "artifact", "server", "resources", "nodeSelector", "tolerations", "env"}


def annotations(model: IrisModel) -> dict[str, str]:
    return dict(service_account.build(model)["metadata"].get("annotations", {}))


def template(model: IrisModel) -> dict[str, Any]:
    """Without the path of the route, which the pods of every version follow."""
    built = dict(deployment.build(model)["spec"]["template"])
    [container] = built["spec"]["containers"]
    container["env"] = [entry for entry in container["env"] if entry["name"] != "IRIS_ROOT_PATH"]
    return built


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_in_the_shape_exactly_when_it_changes_the_pod_template(field: str) -> None:
    usual, changed = bodies.model(), bodies.model(**{field: DECLARED[field]})

    is_in_shape = shape.of(usual) != shape.of(changed)
    assert is_in_shape == (template(usual) != template(changed)) == (field in OF_PODS)


def test_the_annotation_reads_as_the_spec_does_without_its_defaults() -> None:
    found = json.loads(annotations(bodies.model(nodeSelector={"disk": "ssd"}))["serving.two.inc/built-from"])

    assert found == {
        "version": "1.4.0",
        "image": {"repository": "ghcr.io/two-inc/iris-server", "pullPolicy": "IfNotPresent"},
        "server": {"logLevel": "Info", "fastPath": "Auto"},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "nodeSelector": {"disk": "ssd"},
    }


@pytest.mark.parametrize("declared", [{}, DECLARED], ids=["usual", "full"])
def test_the_pods_can_be_built_again_from_the_annotation_alone(declared: dict[str, Any]) -> None:
    before = bodies.model(**declared)
    now = bodies.model(version="9.9.9", env=[{"name": "NEW", "value": "1"}])

    found = shape.parse(annotations(before)["serving.two.inc/built-from"])

    assert found is not None
    assert template(shape.give(now, found)) == template(before)


def test_pods_built_again_follow_the_present_route() -> None:
    before = bodies.model(route={"host": "iris.kube.two.inc", "path": "/old"})
    now = bodies.model(version="9.9.9", route={"host": "iris.kube.two.inc", "path": "/new"})

    built = deployment.build(shape.give(now, shape.of(before)))

    [container] = built["spec"]["template"]["spec"]["containers"]
    assert {"name": "IRIS_ROOT_PATH", "value": "/new"} in container["env"]


@pytest.mark.parametrize("text", ["", "{}", "null", '{"version": 3}', "not json"])
def test_an_annotation_that_somebody_edited_is_no_shape(text: str) -> None:
    assert shape.parse(text) is None


def test_a_shape_too_long_for_an_annotation_is_left_out() -> None:
    entries = [{"name": f"LONG_{number}", "value": "\N{CHERRY BLOSSOM}" * 4096} for number in range(16)]

    found = annotations(bodies.model(env=entries))

    assert found == {}


def test_an_annotation_of_the_first_release_with_one_is_still_a_shape() -> None:
    """Otherwise an upgrade would take a refused version for one that nothing can go back from."""
    written = (
        '{"version":"1.4.0",'
        '"image":{"repository":"ghcr.io/two-inc/iris-server","pullPolicy":"IfNotPresent"},'
        '"server":{"logLevel":"Info","fastPath":"Auto"},'
        '"resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}}}'
    )

    assert shape.parse(written) == shape.of(bodies.model())
    assert shape.render(shape.of(bodies.model())) == written
