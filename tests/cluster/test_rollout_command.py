"""`iris rollout` and `iris judge` while the real operator rolls a version out on a real API server."""

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.cluster.conftest import IRIS, Ask, Iris, gone

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.kubelet import Kubelet
    from tests.harness.kubernetes import Cluster
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

MANUAL: dict[str, Any] = {"strategy": "Canary", "approval": "Manual"}


@pytest.fixture
async def waiting(operator: "OperatorProcess", iris: Iris, pods: "Kubelet") -> Iris:
    """Version 1.1.0 agrees with 1.0.0 and waits for its approval."""
    await iris.declare("1.0.0", rollout=MANUAL)
    await iris.reaches("Serving")
    await iris.declare("1.1.0", rollout=MANUAL)
    await iris.reaches("AwaitingApproval", version="1.1.0")
    return iris


async def test_the_printed_approval_promotes_the_candidate_that_iris_rollout_watches(
    api_server: "ApiServer", cluster: "Cluster", waiting: Iris, ask: Ask
) -> None:
    shown = await ask("rollout", "iris")
    patch = await ask("rollout", "iris", "--patch", "approve")
    where = ("-n", cluster.namespace, "--kubeconfig", str(api_server.kubeconfig))
    process = await asyncio.create_subprocess_exec(
        IRIS, "rollout", "iris", "--watch", *where, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        first = await process.stdout.readline()
        await waiting.declare("1.1.0", rollout={**MANUAL, **yaml.safe_load(patch.stdout)["spec"]["rollout"]})
        rest = (await process.stdout.read()).decode()

    assert shown.returncode == 0, shown.stderr
    assert re.match(
        r"IrisModel \S+/iris: AwaitingApproval 1\.1\.0 since .* UTC \(\d+ (s|min)\): ", shown.stdout
    )
    assert "agreement  both versions predict the same class for 30 of 30 reference rows\n" in shown.stdout
    assert "missing    rollout of version 1.1.0 is waiting: spec.rollout.approved: found none" in shown.stdout
    assert b": AwaitingApproval 1.1.0 since " in first
    assert re.search(r"^\d\d:\d\d:\d\d  Promoting 1\.1\.0", rest, re.MULTILINE), rest
    assert re.search(r"^\d\d:\d\d:\d\d  Promoted 1\.1\.0\n\Z", rest, re.MULTILINE), rest
    assert await process.wait() == 0


async def test_iris_judge_shows_the_comparison_of_a_model(waiting: Iris, ask: Ask) -> None:
    answer = await ask("judge", "iris")

    assert answer.stdout.splitlines() == [
        "gate agreement: at least 800 per 1,000 reference rows must get the same class from both",
        "found 30 of 30 (1000.00 per 1,000)",
        "Wilson interval of the true share, 95 %, z = 1.96: [886.48, 1000] per 1,000",
        "the gate uses the found share, not the interval: Pass",
    ]


async def test_aborting_by_the_printed_version_ends_the_rollout(waiting: Iris, ask: Ask) -> None:
    patch = yaml.safe_load((await ask("rollout", "iris", "--patch", "abort")).stdout)["spec"]

    await waiting.declare(patch["version"], rollout=MANUAL)
    status = await waiting.reaches("Serving", version="1.0.0")
    shown = await ask("rollout", "iris")

    assert status["servingVersion"] == "1.0.0"
    assert "no rollout is under way (spec.rollout.strategy is Canary)" in shown.stdout


async def test_a_plan_of_a_rollout_is_what_the_operator_then_does(
    operator: "OperatorProcess", cluster: "Cluster", iris: Iris, pods: "Kubelet", ask: Ask
) -> None:
    def declaration(version: str) -> str:
        route = {"host": f"{cluster.namespace}.test"}
        spec = {"version": version, "route": route, "rollout": MANUAL}
        body = {"apiVersion": "serving.two.inc/v1alpha1", "kind": "IrisModel", "metadata": {"name": "iris"}}
        return yaml.safe_dump({**body, "spec": spec})

    await iris.declare("1.0.0", rollout=MANUAL)
    await iris.reaches("Serving")
    before = await ask("plan", "-f", "-", "-o", "summary", text=declaration("1.1.0"))
    await iris.declare("1.1.0", rollout=MANUAL)
    await iris.reaches("AwaitingApproval", version="1.1.0")
    during = await ask("plan", "-f", "-", "-o", "summary", text=declaration("1.1.0"))
    await iris.declare("1.1.0", rollout={**MANUAL, "approved": "1.1.0"})
    await iris.reaches("Serving", version="1.1.0")
    await gone(cluster, "Deployment", "iris-canary")
    approved = declaration("1.1.0").replace("approval: Manual", "approval: Manual\n    approved: 1.1.0")
    after = await ask("plan", "-f", "-", "-o", "summary", text=approved)

    assert "rollout of version 1.1.0 beside 1.0.0, which keeps serving:\n" in before.stdout, before.stderr
    assert "then it waits for spec.rollout.approved: 1.1.0\n" in before.stdout
    assert "+ create Deployment iris-canary\n" in before.stdout
    assert "~ change Deployment iris (once the candidate is promoted)\n" in before.stdout
    lines = [line for line in during.stdout.splitlines() if line.lstrip()[:1] in ("+", "~", "-", "!")]
    assert lines
    assert [line for line in lines if not line.endswith("(once the candidate is promoted)")] == []
    assert (after.returncode, after.stdout.count("\n")) == (0, 1), after.stdout
