"""A model by the local cluster's Gateway: it is reached through Traefik, and its route changes under load."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from iris_api import readiness
from iris_local_cluster.up import load_client, models
from iris_local_cluster.up.run import FIRST

from tests.e2e.prometheus import eventually
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e

NAME, HOST = "moving", "moving.test"
ROUTES: dict[str, dict[str, Any]] = {
    "Ingress": {"type": "Ingress", "host": HOST, "className": "traefik"},
    "HTTPRoute": {"type": "Gateway", "host": HOST, "gateway": {"name": "traefik", "namespace": "traefik"}},
}
RATE = 20
_WHERE = f"--namespace={models.NAMESPACE}"
_SELECTOR = f"app.kubernetes.io/instance={NAME}"


class Moving:
    """One model with one pod, beside that of `make up`."""

    def __init__(self, up_run: UpRun) -> None:
        self._kubectl = up_run.kubectl

    def declare(self, kind: str) -> None:
        self._kubectl.apply(
            {
                "apiVersion": "serving.two.inc/v1alpha1",
                "kind": "IrisModel",
                "metadata": {"name": NAME, "namespace": models.NAMESPACE},
                "spec": {
                    "version": FIRST,
                    "image": {"repository": "registry.local:5000/iris-server"},
                    "replicas": 1,
                    "resources": {"requests": {"cpu": "50m"}},
                    "route": ROUTES[kind],
                },
            }
        )

    def is_routed_by(self, kind: str) -> bool:
        """By this kind alone, and the status has it."""
        body = self._body()
        if any(readiness.condition(body, each).get("status") != "True" for each in ("Ready", "RouteReady")):
            return False
        found = self._kubectl.read("ingresses,httproutes", _WHERE, f"--selector={_SELECTOR}")["items"]
        return [each["kind"] for each in found] == [kind]

    def conditions(self) -> object:
        return self._body().get("status", {}).get("conditions")

    def _body(self) -> dict[str, Any]:
        return dict(self._kubectl.read("irismodel", NAME, _WHERE))

    def delete(self) -> None:
        self._kubectl.run("delete", "irismodel", NAME, _WHERE, "--ignore-not-found")


@pytest.fixture
def moving(up_run: UpRun) -> Iterator[Moving]:
    model = Moving(up_run)
    yield model
    model.delete()


def test_a_route_changes_its_type_and_back_without_a_failed_request(up_run: UpRun, moving: Moving) -> None:
    cluster = up_run.cluster
    moving.declare("HTTPRoute")
    eventually(partial(moving.is_routed_by, "HTTPRoute"), moving.conditions)
    assert models.predict(cluster.ingress, HOST)["prediction_label"] == "setosa"

    with load_client.watch(cluster.entered, address=cluster.ingress_inside(), host=HOST, rate=RATE) as seen:
        seen.wait_for(RATE)
        for kind in ("Ingress", "HTTPRoute"):
            moving.declare(kind)
            eventually(partial(moving.is_routed_by, kind), moving.conditions)
            seen.wait_for(seen.report.requests + 2 * RATE)

    assert seen.report.failed == 0, seen.report.failures
