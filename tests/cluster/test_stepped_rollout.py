"""Rollouts by steps on a real API server: a played Gateway sends requests to real model servers.

Most of a rollout is a wait for requests and for clocks of the operator. So all stories run side by side, each
with a namespace of its own, and those that requests decide with model servers of their own, whose counts
nobody else changes. A test awaits its story.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.cluster.conftest import WORSE, Iris, gone
from tests.harness import fixtures, gateway, kubelet, model_servers, operator_process
from tests.harness.gateway import PlayedGateway
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = [pytest.mark.cluster, pytest.mark.asyncio(loop_scope="module")]

# Wide margins: few requests decide.
GATES = {"failedPerMille": 100, "refusedPerMille": 100, "slowPerMille": 999, "shiftPerMille": 300}
STEPS: dict[str, Any] = {"strategy": "Canary", "steps": [20, 50], "stepSeconds": 1, "gates": GATES}
UNCOMPARED: dict[str, Any] = {"gates": {**GATES, "agreementPerMille": 0}}
SETOSA, VERSICOLOR = 0, 1
_WITHIN = 300.0
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """Version 1.0.0 of a model serves, and its route has been accepted."""

    iris: Iris
    route: PlayedGateway

    @property
    def cluster(self) -> Cluster:
        return self.iris.cluster

    async def step_to(self, version: str, *, deadline: int | None = None, **rollout: Any) -> None:
        named = {"host": f"{self.cluster.namespace}.test", **gateway.ROUTE}
        declared = {"route": named, "rollout": {**STEPS, **rollout}, "progressDeadlineSeconds": deadline}
        await self.iris.declare(version, replicas=1, **declared)

    async def reaches(self, reason: str, version: str) -> Manifest:
        return await self.iris.reaches(reason, version=version, within=_WITHIN)

    async def reaches_state(self, state: str, **fields: Any) -> Manifest:
        """`status.rollout` once it has this state and these fields."""

        def holds(status: Manifest) -> bool:
            found = status.get("rollout") or {}
            return found.get("state") == state and fields.items() <= found.items()

        return dict((await eventually(self.iris.status, holds, within=_WITHIN))["rollout"])

    async def has_no_candidate(self) -> None:
        await gone(self.cluster, "Deployment", "iris-canary")


async def _good(stage: Stage) -> None:
    await stage.step_to("1.1.0")
    judging = await stage.reaches_state("Judging", weight=50)
    status = await stage.reaches("Serving", "1.1.0")
    await stage.has_no_candidate()

    assert status["rollout"]["state"] == "Promoted"
    assert judging["summary"] == "Judging 1.1.0 50% 2/2"
    assert {row["name"]: row["verdict"] for row in status["rollout"]["gates"]} == dict.fromkeys(
        ("failed", "refused", "slow", "shift"), "Pass"
    )
    assert abs(status["rollout"]["observedPerMille"] - 500) <= 30
    assert stage.route.percents == [0, 20, 50, 0]
    assert stage.route.failed == {}


async def test_a_good_version_is_promoted_through_its_steps(stories: "Stories") -> None:
    await stories["good"]


async def _wrong(stage: Stage) -> None:
    await stage.step_to(WORSE, stepSeconds=600, **UNCOMPARED)
    status = await stage.reaches("RolledBack", WORSE)
    await stage.has_no_candidate()

    rejected = status["rollout"]["rejected"]
    assert (rejected["version"], rejected["reason"]) == (WORSE, "GateFailed")
    assert "gate shift:" in rejected["message"]
    assert status["servingVersion"] == "1.0.0"
    assert stage.route.percents == [0, 20, 0]
    assert stage.route.failed == {}


async def test_a_version_that_errs_without_any_error_is_rolled_back_by_its_classes(
    stories: "Stories",
) -> None:
    await stories["wrong"]


def _changed_in_a_step(version: str, **rollout: Any) -> "Story":
    async def story(stage: Stage) -> None:
        await stage.step_to(WORSE, steps=[50], **UNCOMPARED)
        await stage.reaches_state("Judging", weight=50)

        await stage.step_to(version, steps=[50], **rollout)
        status = await stage.reaches("Serving", version)
        await stage.has_no_candidate()

        assert status["servingVersion"] == version
        assert stage.route.percents[:3] == [0, 50, 0]
        assert stage.route.failed == {}

    return story


@pytest.mark.parametrize("change", ["withdrawn", "superseded", "skipped"])
async def test_a_commit_in_a_step_takes_the_requests_away_before_the_pods(
    stories: "Stories", change: str
) -> None:
    await stories[change]


async def _without_requests(stage: Stage) -> None:
    stage.route.is_sending = False
    await stage.step_to("1.1.0", steps=[50], decideSeconds=2)
    status = await stage.reaches("RolloutHeld", "1.1.0")
    assert (status["servingVersion"], status["rollout"]["state"]) == ("1.0.0", "Held")

    await stage.step_to("1.1.0", steps=[50], decideSeconds=2, approved="1.1.0")
    status = await stage.reaches("Serving", "1.1.0")

    assert status["rollout"]["state"] == "Promoted"


async def test_too_few_requests_hold_a_version_until_a_commit_approves_it(stories: "Stories") -> None:
    await stories["without requests"]


async def _refused(stage: Stage) -> None:
    stage.route.refusal = "no listener allows this namespace"
    await stage.step_to("1.1.0", steps=[50], deadline=30)
    status = await stage.reaches("SplitImpossible", "1.1.0")

    assert status["servingVersion"] == "1.0.0"
    assert stage.route.percents == [0]


async def test_a_gateway_that_refuses_the_route_leaves_the_stable_version(stories: "Stories") -> None:
    await stories["refused"]


Story = Callable[[Stage], Awaitable[None]]
Stories = Mapping[str, asyncio.Task[None]]
# By story: what happens, and the network of its model servers. The last three do not look at counts.
STORIES: Mapping[str, tuple[Story, str]] = {
    "good": (_good, "127.0.89"),
    "wrong": (_wrong, "127.0.90"),
    "superseded": (_changed_in_a_step("1.1.0", **UNCOMPARED), "127.0.91"),
    "without requests": (_without_requests, "127.0.92"),
    "withdrawn": (_changed_in_a_step("1.0.0"), "127.0.93"),
    "skipped": (_changed_in_a_step("1.1.0", skip="1.1.0"), "127.0.93"),
    "refused": (_refused, "127.0.93"),
}


@pytest.fixture(scope="module")
def versions(artifacts: dict[str, Path], worse_artifact: Path) -> dict[str, Path]:
    return {**artifacts, WORSE: worse_artifact}


@pytest.fixture(scope="module")
def networks(versions: dict[str, Path]) -> Iterator[dict[str, dict[str, str]]]:
    """Network to the addresses of its model servers, by version."""
    networks = {
        network: {version: f"{network}.{number}" for number, version in enumerate(versions, 1)}
        for _, network in STORIES.values()
    }
    served = {
        address: versions[version]
        for addresses in networks.values()
        for version, address in addresses.items()
    }
    with model_servers.serving(served, "iris"):
        yield networks


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stories(
    api_server: "ApiServer",
    http_routes: Manifest,
    networks: dict[str, dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Stories]:
    """All of them, under way, with one operator."""
    await gateway.install(api_server.kubeconfig, http_routes)
    with operator_process.running(api_server.kubeconfig, tmp_path_factory.mktemp("operator")):
        tasks = {
            name: asyncio.create_task(_play(story, api_server, networks[network]))
            for name, (story, network) in STORIES.items()
        }
        yield tasks
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _play(story: Story, api_server: "ApiServer", addresses: Mapping[str, str]) -> None:
    async with _staged(api_server, addresses) as stage:
        await story(stage)


@asynccontextmanager
async def _staged(api_server: "ApiServer", addresses: Mapping[str, str]) -> AsyncIterator[Stage]:
    behaviours = {version: kubelet.serving(address) for version, address in addresses.items()}
    rows = gateway.rows(SETOSA, VERSICOLOR)
    async with (
        fixtures.own_namespace(api_server) as cluster,
        Kubelet(cluster, behaviours),
        PlayedGateway(cluster, rows, pause=_PAUSE) as route,
    ):
        stage = Stage(Iris(cluster), route)
        await stage.step_to("1.0.0")
        await stage.reaches("Serving", "1.0.0")
        await eventually(stage.iris.status, lambda _: bool(route.weights))
        route.answers.clear()
        yield stage
        assert route.broken == []
