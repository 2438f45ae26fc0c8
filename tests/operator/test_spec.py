"""From the body that the API server stores to a frozen IrisModel, or a refusal in one line."""

from typing import Any

import pytest
from iris_api import reasons
from iris_operator import errors
from iris_operator.model import spec
from iris_operator.model.spec import (
    Alerts,
    Autoscaling,
    CommonMetadata,
    Dashboard,
    Gates,
    Image,
    IrisModel,
    Monitoring,
    NetworkPolicy,
    Rollout,
    Route,
    Scrape,
    Server,
)

from tests.operator import bodies


def changed(path: str, value: Any) -> dict[str, Any]:
    """A body with every field set, and one of them (dots for depth) replaced."""
    body = bodies.body(**bodies.FULL)
    *parents, last = path.split(".")
    target = body
    for parent in parents:
        target = target[parent]
    target[last] = value
    return body


def test_a_fully_set_body_is_parsed() -> None:
    body = bodies.body(**bodies.FULL)

    parsed = spec.parse(body)

    assert parsed == IrisModel(
        namespace="iris",
        name="iris",
        uid="uid-of-iris-iris",
        generation=1,
        version="2.0.1",
        image=Image("registry.local:5000/iris-server", "Always", bodies.DIGEST, ("registry", "mirror")),
        replicas=3,
        autoscaling=Autoscaling(3, 9, 55),
        resources=bodies.FULL["resources"],
        node_selector={"disk": "ssd"},
        tolerations=({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},),
        env=({"name": "TZ", "value": "UTC"},),
        common_metadata=CommonMetadata({"team": "flowers"}, {"example.com/owner": "botany"}),
        server=Server("Debug", "Off"),
        route=Route("/models", "iris.kube.two.inc", "traefik", "iris-tls", {"example.com/timeout": "5s"}),
        monitoring=Monitoring(
            Dashboard(enabled=False, folder="Flowers"), Scrape(enabled=False), Alerts(False, 990, 50)
        ),
        network_policy=NetworkPolicy(False, ({"namespaceSelector": {"matchLabels": {"team": "web"}}},)),
        rollout=Rollout("Canary", Gates(900), approval="Manual", approved="2.0.1", pause=True, skip="2.0.2"),
        progress_deadline_seconds=90,
        suspend=True,
    )


def test_a_body_with_a_version_and_the_defaults_of_the_crd_is_parsed() -> None:
    body = bodies.body(version="1.4.0")

    parsed = spec.parse(body)

    assert parsed == IrisModel(
        namespace="iris",
        name="iris",
        uid="uid-of-iris-iris",
        generation=1,
        version="1.4.0",
        image=Image("ghcr.io/two-inc/iris-server", "IfNotPresent"),
        replicas=2,
        autoscaling=None,
        resources={"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        node_selector={},
        tolerations=(),
        env=(),
        common_metadata=CommonMetadata(),
        server=Server("Info", "Auto"),
        route=None,
        monitoring=Monitoring(
            Dashboard(enabled=True, folder="Iris"), Scrape(enabled=True), Alerts(True, 999, 250)
        ),
        network_policy=NetworkPolicy(enabled=True, allow_from=()),
        progress_deadline_seconds=600,
        suspend=False,
    )


@pytest.mark.parametrize(
    ("path", "found", "message"),
    [
        ("spec", None, "spec: found nothing, expected an object"),
        ("spec", [], "spec: found [], expected an object"),
        ("spec.version", None, "spec.version: found nothing, expected text"),
        ("spec.version", "", "spec.version: found '', expected text"),
        ("spec.version", 1.4, "spec.version: found 1.4, expected text"),
        ("spec.image", None, "spec.image: found nothing, expected an object"),
        ("spec.image", "iris", "spec.image: found 'iris', expected an object"),
        ("spec.image.repository", None, "spec.image.repository: found nothing, expected text"),
        ("spec.image.digest", 7, "spec.image.digest: found 7, expected text"),
        ("spec.image.pullPolicy", True, "spec.image.pullPolicy: found True, expected text"),
        ("spec.image.pullSecrets", "registry", "spec.image.pullSecrets: found 'registry', expected a list"),
        ("spec.replicas", None, "spec.replicas: found nothing, expected a whole number"),
        ("spec.replicas", "2", "spec.replicas: found '2', expected a whole number"),
        ("spec.replicas", True, "spec.replicas: found True, expected a whole number"),
        ("spec.replicas", 2.5, "spec.replicas: found 2.5, expected a whole number"),
        ("spec.autoscaling", "on", "spec.autoscaling: found 'on', expected an object"),
        (
            "spec.autoscaling.maxReplicas",
            None,
            "spec.autoscaling.maxReplicas: found nothing, expected a whole number",
        ),
        ("spec.resources", ["cpu"], "spec.resources: found ['cpu'], expected an object"),
        ("spec.nodeSelector", "ssd", "spec.nodeSelector: found 'ssd', expected an object"),
        ("spec.tolerations", {"key": "gpu"}, "spec.tolerations: found {'key': 'gpu'}, expected a list"),
        ("spec.env", "TZ=UTC", "spec.env: found 'TZ=UTC', expected a list"),
        ("spec.server", None, "spec.server: found nothing, expected an object"),
        ("spec.server.logLevel", 1, "spec.server.logLevel: found 1, expected text"),
        ("spec.route", "here", "spec.route: found 'here', expected an object"),
        ("spec.route.path", None, "spec.route.path: found nothing, expected text"),
        ("spec.route.host", 1, "spec.route.host: found 1, expected text"),
        ("spec.route.annotations", "a=b", "spec.route.annotations: found 'a=b', expected an object"),
        ("spec.monitoring", None, "spec.monitoring: found nothing, expected an object"),
        (
            "spec.monitoring.dashboard.enabled",
            "yes",
            "spec.monitoring.dashboard.enabled: found 'yes', expected true or false",
        ),
        (
            "spec.progressDeadlineSeconds",
            "10m",
            "spec.progressDeadlineSeconds: found '10m', expected a whole number",
        ),
        ("spec.suspend", 1, "spec.suspend: found 1, expected true or false"),
    ],
)
def test_the_parser_refuses_with_the_field_what_was_found_and_what_was_expected(
    path: str, found: Any, message: str
) -> None:
    body = changed(path, found)

    with pytest.raises(errors.Invalid) as refusal:
        spec.parse(body)

    assert refusal.value.message == message
    assert refusal.value.reason == reasons.INVALID_SPEC


@pytest.mark.parametrize("path", ["version", "image.repository", "server.logLevel"])
def test_an_absent_field_is_refused_as_a_null_is(path: str) -> None:
    body = changed(f"spec.{path}", None)
    *parents, last = path.split(".")
    target = body["spec"]
    for parent in parents:
        target = target[parent]
    del target[last]

    with pytest.raises(errors.Invalid, match=f"spec.{path}: found nothing, expected text"):
        spec.parse(body)


@pytest.mark.parametrize(
    ("digest", "reference"),
    [
        (None, "ghcr.io/two-inc/iris-server:1.4.0"),
        (bodies.DIGEST, f"ghcr.io/two-inc/iris-server:1.4.0@{bodies.DIGEST}"),
    ],
    ids=["a tag", "a tag that a digest pins"],
)
def test_the_parser_names_the_image_by_version_and_digest(digest: str | None, reference: str) -> None:
    image = Image("ghcr.io/two-inc/iris-server", "IfNotPresent", digest)

    assert image.reference("1.4.0") == reference


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (None, "http://iris.flowers.svc"),
        ({"path": "/models"}, "http://iris.flowers.svc"),
        ({"host": "iris.example"}, "http://iris.example"),
        ({"host": "iris.example", "path": "/models"}, "http://iris.example/models"),
        ({"host": "iris.example", "path": "/models/"}, "http://iris.example/models"),
        ({"host": "iris.example", "tlsSecretName": "tls"}, "https://iris.example"),
    ],
    ids=["no route", "any host", "host", "path", "path with a slash", "tls"],
)
def test_the_url_is_where_a_client_finds_the_model(route: dict[str, str] | None, url: str) -> None:
    declared: dict[str, Any] = {} if route is None else {"route": route}

    assert bodies.model(namespace="flowers", **declared).url == url
