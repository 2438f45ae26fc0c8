"""What the newest pod template does that the one of release 0.1.0 did not."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from iris_operator.children import deployment
from iris_operator.model import pod_template

from tests.operator import bodies


def expanded(value: str) -> str:
    """As the kubelet does it, by k8s.io/kubernetes/third_party/forked/golang/expansion, with every variable
    replaced by a word."""
    out, cursor = "", 0
    while cursor < len(value):
        rest = value[cursor + 1 :]
        if value[cursor] != "$" or not rest:
            out, cursor = out + value[cursor], cursor + 1
        elif rest[0] == "$":
            out, cursor = out + "$", cursor + 2
        elif rest[0] == "(" and ")" in rest:
            out, cursor = out + "EXPANDED", cursor + 2 + rest.index(")")
        else:
            out, cursor = out + "$" + rest[0], cursor + 2
    return out


def built(value: str) -> str:
    """The value in the container of a variable that is declared with `value`."""
    model = bodies.model(env=[{"name": "A", "value": value}])
    [container] = deployment.build(model)["spec"]["template"]["spec"]["containers"]
    return str(container["env"][-1]["value"])


@given(st.text(alphabet="$()aA_ü🌸", max_size=12))
@example("$(IRIS_MODEL_NAME)")
@example("$$(IRIS_MODEL_NAME)")
@example("costs $$5 or $")
def test_the_value_of_a_variable_reaches_the_server_as_declared(value: str) -> None:
    assert expanded(built(value)) == value


def test_kubectl_enters_the_server_even_where_another_container_comes_first() -> None:
    template = deployment.build(bodies.model())["spec"]["template"]

    assert template["metadata"]["annotations"] == {
        "kubectl.kubernetes.io/default-container": template["spec"]["containers"][0]["name"]
    }


def test_the_deployment_records_the_revision_of_its_pod_template() -> None:
    assert deployment.template_revision(deployment.build(bodies.model())) == pod_template.NEWEST


@pytest.mark.parametrize(
    ("route", "revision", "root"),
    [
        ({"path": "/bugs/"}, pod_template.NEWEST, "/bugs"),
        ({"path": "/bugs"}, pod_template.OLDEST, None),
        ({"path": "/"}, pod_template.NEWEST, None),
        (None, pod_template.NEWEST, None),
    ],
    ids=["a path", "pods of the release before", "no path", "no route"],
)
def test_the_server_answers_below_the_path_of_its_route(
    route: dict[str, str] | None, revision: int, root: str | None
) -> None:
    declared: dict[str, Any] = {"route": route} if route else {}
    model = bodies.model(**declared)
    [container] = deployment.build(msgspec.structs.replace(model, template_revision=revision))["spec"][
        "template"
    ]["spec"]["containers"]

    env = {entry["name"]: entry["value"] for entry in container["env"]}
    assert env.get("IRIS_ROOT_PATH") == root
