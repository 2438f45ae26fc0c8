"""Whatever the API server refuses, the rest is done and the status says what is missing and why."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import children, errors
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies, passes
from tests.operator.passes import KEY

MONITORED: Final = {"scrape": {"enabled": True}, "alerts": {"enabled": True}}
DECLARED: Final[Mapping[str, Any]] = {
    "route": {"host": "a.example"},
    "autoscaling": {"maxReplicas": 5},
    "monitoring": MONITORED,
}
BUILT: Final = [kind for kind, _ in bodies.built(bodies.model(**DECLARED))]
NEEDED: Final = {kinds.SERVICE_ACCOUNT, kinds.NETWORK_POLICY, kinds.DEPLOYMENT, kinds.SERVICE}
CODES: Final = [400, 403, 409, 422, 429, 500, 504]


async def one_pass(context: Context) -> Exception | None:
    try:
        await reconcile(context, KEY)
    except errors.Incomplete as incomplete:
        return incomplete
    return None


def conditions(cluster: FakeCluster) -> dict[str, dict[str, str]]:
    assert passes.live(cluster, kinds.IRIS_MODEL)["status"]["observedGeneration"] == 1
    return passes.conditions(cluster)


def refusing(refused: Mapping[Kind, int]) -> tuple[FakeCluster, Context]:
    cluster = FakeCluster()

    async def refuse(call: Call) -> None:
        if call.verb == "apply" and call.kind in refused:
            raise errors.ClusterError(refused[call.kind], f"no {call.kind.name} here")

    cluster.before = refuse
    return cluster, passes.context(cluster, **DECLARED)


@given(st.dictionaries(st.sampled_from(BUILT), st.sampled_from(CODES)))
async def test_the_status_names_what_is_refused_and_all_else_is_made(refused: dict[Kind, int]) -> None:
    cluster, context = refusing(refused)

    outcome = await one_pass(context)

    made = {kind for kind in BUILT if cluster.find(kind, "iris", _name(kind)) is not None}
    assert made == set(BUILT) - refused.keys()
    found = conditions(cluster)
    for kind in refused:
        condition = found[children.condition(kind, "iris-dashboard")]
        assert condition["status"] == "False"
        assert condition["reason"] in ("ChildRefused", "InvalidSpec")
        assert " here" in condition["message"]
    if not refused.keys() & NEEDED:
        assert found["Ready"]["reason"] == "Progressing"
    assert (outcome is None) == (
        refused.keys() & {k for k, code in refused.items() if code not in (400, 422)} == set()
    )


@given(st.dictionaries(st.sampled_from(BUILT), st.sampled_from(CODES)))
async def test_a_refusal_that_stays_writes_no_status_twice(refused: dict[Kind, int]) -> None:
    cluster, context = refusing(refused)
    for _ in range(2):
        await one_pass(context)
    written = [call for call in cluster.writes if call.kind == kinds.IRIS_MODEL]

    for _ in range(5):
        await one_pass(context)

    assert [call for call in cluster.writes if call.kind == kinds.IRIS_MODEL] == written


@pytest.mark.parametrize("kind", [kind for kind in BUILT if kind not in NEEDED], ids=lambda kind: kind.name)
async def test_what_serving_does_not_need_leaves_ready_alone(kind: Kind) -> None:
    cluster, context = refusing({kind: 403})
    whole, undisturbed = refusing({})

    await one_pass(context)
    await one_pass(undisturbed)

    assert conditions(cluster)["Ready"] == conditions(whole)["Ready"]


async def test_a_lifted_refusal_is_forgotten() -> None:
    cluster, context = refusing({kinds.DEPLOYMENT: 403, kinds.INGRESS: 403})
    await one_pass(context)
    assert conditions(cluster)["Ready"]["message"] == "Deployment iris: 403 no Deployment here"
    assert conditions(cluster)["Stalled"]["reason"] == "ChildRefused"

    async def allow(_: Call) -> None:
        return None

    cluster.before = allow
    assert await one_pass(context) is None

    assert conditions(cluster)["Ready"]["reason"] == "Progressing"
    assert "Stalled" not in conditions(cluster)
    assert conditions(cluster)["RouteReady"]["status"] == "True"


async def test_a_child_that_does_not_go_is_named_and_the_rest_goes_on() -> None:
    cluster, context = refusing({})
    await one_pass(context)
    stuck = passes.live(cluster, kinds.SERVICE)
    stuck["metadata"]["deletionTimestamp"] = "2026-11-26T11:00:00Z"
    passes.put(context, cluster, kinds.SERVICE, stuck)

    outcome = await one_pass(context)

    assert isinstance(outcome, errors.Incomplete)
    assert conditions(cluster)["Ready"]["message"] == "Service iris is being deleted"
    assert conditions(cluster)["Reconciling"]["status"] == "True"


def _name(kind: Kind) -> str:
    return "iris-dashboard" if kind == kinds.CONFIG_MAP else "iris"


@pytest.mark.parametrize("code", CODES)
async def test_a_revision_of_flux_that_cannot_be_read_costs_no_verdict(code: int) -> None:
    cluster, context = refusing({})
    body = bodies.body(**DECLARED)
    body["metadata"]["labels"] = {
        "kustomize.toolkit.fluxcd.io/name": "models",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
    passes.put(context, cluster, kinds.IRIS_MODEL, body)
    passes.refuse(cluster, kinds.KUSTOMIZATION, code)

    again = await reconcile(context, KEY)

    assert conditions(cluster)["Ready"]["reason"] == "Progressing"
    assert code == 403 or (again is not None and again <= 30)
