"""A file of IrisModels becomes what the API server would store, or is refused with place, found, expected."""

import pytest
from iris_cli import declared
from iris_cli.errors import Trouble

HEAD = "apiVersion: serving.two.inc/v1alpha1\nkind: IrisModel\nmetadata: {name: iris}\n"


def load(spec: str) -> dict[str, object]:
    (body,) = declared.load(f"{HEAD}spec: {spec}", "iris.yaml", "here")
    return body


def test_every_default_of_the_schema_is_filled_in() -> None:
    body = load("{version: 1.4.0, route: {host: a.test}, resources: {requests: {cpu: 1}}}")

    spec = body["spec"]
    assert isinstance(spec, dict)
    assert spec["image"] == {"repository": "ghcr.io/two-inc/iris-server", "pullPolicy": "IfNotPresent"}
    assert spec["route"] == {"type": "Ingress", "path": "/", "host": "a.test"}
    assert spec["resources"] == {
        "requests": {"cpu": 1, "memory": "128Mi"}, "limits": {"memory": "256Mi"},
    }  # fmt: skip
    assert "autoscaling" not in spec


def test_the_files_own_namespace_is_kept_and_else_the_asked_one_is_taken() -> None:
    other = HEAD.replace("{name: iris}", "{name: other, namespace: there}")
    bodies = declared.load(f"{HEAD}spec: {{version: '1'}}\n---\n{other}spec: {{version: '1'}}", "f", "here")

    assert [body["metadata"]["namespace"] for body in bodies] == ["here", "there"]


def test_other_kinds_are_passed_over_and_lists_are_opened() -> None:
    text = """
      {apiVersion: v1, kind: List, items: [
        {apiVersion: v1, kind: ConfigMap, metadata: {name: a}},
        {apiVersion: serving.two.inc/v1alpha1, kind: IrisModel, metadata: {name: b}, spec: {version: "1"}}]}
    """

    assert [body["metadata"]["name"] for body in declared.load(text, "f", "here")] == ["b"]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("{verion: 1.4.0, version: 1.4.0}", "spec: found verion, expected one of access, artifact, "),
        ("{version: 1.4}", "spec.version: found 1.4, expected text: put it in quotes"),
        (
            "{version: 1.4.0, resources: {requests: {cpu: 0.5}}}",
            "spec.resources.requests.cpu: found 0.5, expected a whole number or text: put it in quotes",
        ),
        ("{version: 1.4.0, replicas: 101}", "spec.replicas: found 101, expected at most 100"),
        ("{replicas: 1}", "spec: found replicas, expected the fields version"),
        (
            "{version: 1.4.0, server: {logLevel: Loud}}",
            "spec.server.logLevel: found 'Loud', expected one of Debug",
        ),
    ],
)
def test_what_the_schema_refuses_is_refused_with_place_found_and_expected(spec: str, sentence: str) -> None:
    with pytest.raises(Trouble) as refusal:
        load(spec)

    assert str(refusal.value).startswith(f"iris.yaml: IrisModel iris: {sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "expected YAML"),
        ("kind: ConfigMap", "found no IrisModel"),
        (
            HEAD.replace("v1alpha1", "v9"),
            "apiVersion: found serving.two.inc/v9, expected serving.two.inc/v1alpha1",
        ),
        (HEAD.replace("{name: iris}", "{}"), "metadata.name: found none"),
    ],
)
def test_what_is_no_irismodel_is_refused_in_one_line(text: str, sentence: str) -> None:
    with pytest.raises(Trouble, match=r"^f: ") as refusal:
        declared.load(text, "f", "here")

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
