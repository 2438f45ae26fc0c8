"""A plan or two of each kind of fault, of those that `make faults` runs in full."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.faults import plans
from tests.faults.suite import Suite
from tests.harness import gateway
from tests.harness.kubernetes import Manifest

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster

_LANES: Final = 6
_AGAIN: Final = ".venv/bin/python -m tests.faults --plan"
SAMPLE: Final = (
    "children:500:write DELETE networkpolicies/iris#1",
    "children:duplicated:event ADDED networkpolicies/iris#2",
    "children:error-410:event DELETED ingresses/iris#1",
    "children:hang:write DELETE configmaps/iris-dashboard#1",
    "children:quota:write PATCH ingresses/iris#2",
    "children:stale:write DELETE ingresses/iris#1",
    "recreate:429:write PATCH deployments/iris#2",
    "recreate:cut:event DELETED pods/*#2",
    "recreate:dropped:event ADDED irismodels/iris#2",
    "recreate:error-500:event DELETED configmaps/iris-dashboard#1",
    "recreate:kill-after:write PATCH ingresses/iris#2",
    "rivals:delayed:event DELETED replicasets/*#1",
    "rivals:kill-before:write PATCH services/late#1",
    "stepped_withdrawn:kill-after:write PATCH httproutes/iris#3",
    "version:crd:write PATCH deployments/iris#2",
    "version:invalid:write PATCH services/iris#2",
    "version:unreadable:write PATCH services/iris#2",
    "version:unwatchable:event MODIFIED deployments/iris#2",
    "version:forbidden:write PATCH deployments/iris#2",
    "version:gap:event DELETED pods/*#1",
    "version:stale-2:write PATCH deployments/iris#2",
    "version:409:write PATCH deployments/iris#2",
    "version:late:write PATCH deployments/iris#2",
    "version:outage:write PATCH services/iris#2",
    "version:truncated:write PATCH deployments/iris#2",
)


def test_the_sample_has_every_kind_of_fault() -> None:
    modes = {plans.parse(name).mode for name in SAMPLE}

    assert modes == {*plans.WRITE_MODES, *plans.EVENT_MODES} - {"blackout"}  # five minutes


async def test_the_operator_converges_to_the_same_state_after_any_fault(
    api_server: "ApiServer", http_routes: Manifest, tmp_path: Path
) -> None:
    await gateway.install(api_server.kubeconfig, http_routes)
    wanted = [plans.parse(name) for name in SAMPLE]
    async with Suite(api_server, tmp_path, _LANES) as suite:
        await suite.learn(dict.fromkeys(plan.scenario for plan in wanted))

        verdicts = await suite.run(wanted)

    failed = [
        f"{'; '.join(verdict.wrong)}\nagain: {_AGAIN} {shlex.quote(verdict.plan.name)}"
        for verdict in verdicts
        if verdict.wrong
    ]
    assert not failed, "\n".join(failed)
    assert [verdict.plan.name for verdict in verdicts if not verdict.reached] == []
