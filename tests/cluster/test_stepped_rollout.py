"""Rollouts by steps on a real API server: a played Gateway sends requests to real model servers."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from iris_local_cluster.up import gateway_api

from tests.cluster.conftest import Iris, gone
from tests.harness import gateway, kubelet, model_servers, operator_process
from tests.harness.gateway import PlayedGateway
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

# Wide margins: few requests decide.
GATES = {"failedPerMille": 100, "refusedPerMille": 100, "slowPerMille": 999, "shiftPerMille": 300}
STEPS: dict[str, Any] = {"strategy": "Canary", "steps": [20, 50], "stepSeconds": 1, "gates": GATES}
# Trained on mislabelled rows: it answers quickly, without any error, and is wrong.
WORSE, WORSE_ADDRESS = "9.0.0", "127.0.88.9"
SETOSA, VERSICOLOR = 0, 1


@pytest.fixture(scope="module")
def operator(
    api_server: "ApiServer", tmp_path_factory: pytest.TempPathFactory
) -> Iterator["OperatorProcess"]:
    """It notices the CRD of HTTPRoutes soon."""
    folder = tmp_path_factory.mktemp("operator")
    with operator_process.running(api_server.kubeconfig, folder, IRIS_OPERATOR_SWEEP_SECONDS="5") as running:
        yield running


@pytest.fixture(scope="module")
def worse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("worse")
    data = model_servers.mislabelled(folder / "data.csv")
    with model_servers.running(folder, {WORSE: WORSE_ADDRESS}, "iris", data=data):
        yield WORSE_ADDRESS


@pytest.fixture(scope="module")
def crd() -> Manifest:
    """The real one of HTTPRoute. It takes Go some seconds, so not in the event loop of the kubelet."""
    [file] = [path for path in gateway_api.crds() if path.stem.endswith("_httproutes")]
    return dict(yaml.safe_load(file.read_text("utf-8")))


@pytest.fixture
async def route(cluster: Cluster, crd: Manifest) -> AsyncIterator[PlayedGateway]:
    await cluster.apply(crd)
    await eventually(lambda: _is_served(cluster), bool)
    async with PlayedGateway(cluster, gateway.rows(SETOSA, VERSICOLOR)) as playing:
        yield playing
        assert playing.broken == []


async def _is_served(cluster: Cluster) -> bool:
    body = await cluster.get("CustomResourceDefinition", "httproutes.gateway.networking.k8s.io")
    conditions = body.get("status", {}).get("conditions") or ()
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)


@pytest.fixture
async def stepped(iris: Iris, pods: Kubelet, route: PlayedGateway) -> Iris:
    """Version 1.0.0 serves, and its route has been accepted."""
    await step_to(iris, "1.0.0")
    await iris.reaches("Serving")
    await eventually(iris.status, lambda status: bool(route.weights))
    route.answers.clear()
    return iris


async def step_to(iris: Iris, version: str, **rollout: Any) -> None:
    named = {"host": f"{iris.cluster.namespace}.test", **gateway.ROUTE}
    await iris.declare(version, replicas=1, route=named, rollout={**STEPS, **rollout})


async def reaches_state(iris: Iris, state: str, **fields: Any) -> Manifest:
    """`status.rollout` once it has this state and these fields."""

    def holds(status: Manifest) -> bool:
        found = status.get("rollout") or {}
        return found.get("state") == state and fields.items() <= found.items()

    return dict((await eventually(iris.status, holds, within=240))["rollout"])


async def test_a_good_version_is_promoted_through_its_steps(
    operator: "OperatorProcess", cluster: Cluster, stepped: Iris, route: PlayedGateway
) -> None:
    await step_to(stepped, "1.1.0")
    judging = await reaches_state(stepped, "Judging", weight=50)
    status = await stepped.reaches("Serving", version="1.1.0", within=240)
    await gone(cluster, "Deployment", "iris-canary")

    assert status["rollout"]["state"] == "Promoted"
    assert judging["summary"] == "Judging 1.1.0 50% 2/2"
    assert {row["name"]: row["verdict"] for row in status["rollout"]["gates"]} == dict.fromkeys(
        ("failed", "refused", "slow", "shift"), "Pass"
    )
    assert abs(status["rollout"]["observedPerMille"] - 500) <= 30
    assert route.percents == [0, 20, 50, 0]
    assert route.failed == {}


async def test_a_version_that_errs_without_any_error_is_rolled_back_by_its_classes(
    operator: "OperatorProcess",
    cluster: Cluster,
    stepped: Iris,
    pods: Kubelet,
    route: PlayedGateway,
    worse_server: str,
) -> None:
    pods.set(WORSE, kubelet.serving(worse_server))

    await step_to(stepped, WORSE, stepSeconds=600, gates={**GATES, "agreementPerMille": 0})
    status = await stepped.reaches("RolledBack", version=WORSE, within=240)
    await gone(cluster, "Deployment", "iris-canary")

    rejected = status["rollout"]["rejected"]
    assert (rejected["version"], rejected["reason"]) == (WORSE, "GateFailed")
    assert "gate shift:" in rejected["message"]
    assert status["servingVersion"] == "1.0.0"
    assert route.percents == [0, 20, 0]
    assert route.failed == {}


@pytest.mark.parametrize(
    ("version", "rollout"),
    [("1.0.0", {}), ("1.1.0", {"gates": {**GATES, "agreementPerMille": 0}}), ("1.1.0", {"skip": "1.1.0"})],
    ids=["withdrawn", "superseded", "skipped"],
)
async def test_a_commit_in_a_step_takes_the_requests_away_before_the_pods(
    operator: "OperatorProcess",
    cluster: Cluster,
    stepped: Iris,
    pods: Kubelet,
    route: PlayedGateway,
    worse_server: str,
    version: str,
    rollout: dict[str, Any],
) -> None:
    pods.set(WORSE, kubelet.serving(worse_server))
    await step_to(stepped, WORSE, steps=[50], gates={**GATES, "agreementPerMille": 0})
    await reaches_state(stepped, "Judging", weight=50)

    await step_to(stepped, version, steps=[50], **rollout)
    status = await stepped.reaches("Serving", version=version, within=240)
    await gone(cluster, "Deployment", "iris-canary")

    assert status["servingVersion"] == version
    assert route.percents[:3] == [0, 50, 0]
    assert route.failed == {}


async def test_too_few_requests_hold_a_version_until_a_commit_approves_it(
    operator: "OperatorProcess", stepped: Iris, route: PlayedGateway
) -> None:
    route.is_sending = False
    await step_to(stepped, "1.1.0", steps=[50], decideSeconds=2)
    status = await stepped.reaches("RolloutHeld", version="1.1.0", within=240)
    assert (status["servingVersion"], status["rollout"]["state"]) == ("1.0.0", "Held")

    await step_to(stepped, "1.1.0", steps=[50], decideSeconds=2, approved="1.1.0")
    status = await stepped.reaches("Serving", version="1.1.0", within=240)

    assert status["rollout"]["state"] == "Promoted"


async def test_a_gateway_that_refuses_the_route_leaves_the_stable_version(
    operator: "OperatorProcess", stepped: Iris, route: PlayedGateway
) -> None:
    route.refusal = "no listener allows this namespace"
    named = {"host": f"{stepped.cluster.namespace}.test", **gateway.ROUTE}
    await stepped.declare(
        "1.1.0", replicas=1, route=named, rollout={**STEPS, "steps": [50]}, progressDeadlineSeconds=30
    )
    status = await stepped.reaches("SplitImpossible", version="1.1.0", within=240)

    assert status["servingVersion"] == "1.0.0"
    assert route.percents == [0]
