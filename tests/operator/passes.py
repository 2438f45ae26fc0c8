"""An operator that runs single passes over a model in the cluster in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import errors
from iris_operator.cluster import Body
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Key, Store
from iris_operator.reconcile import Context

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies

KEY: Final = ("iris", "iris")
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)


def context(cluster: FakeCluster, *, now: Callable[[], datetime] = lambda: NOW, **declared: Any) -> Context:
    """An operator that has seen the model as it is declared here."""
    known = Context(cluster, Store(), Prover(lambda: 0.0), now, "test")
    put(known, cluster, kinds.IRIS_MODEL, bodies.body(**declared))
    return known


def put(known: Context, cluster: FakeCluster, kind: Kind, body: Body) -> None:
    """Somebody else writes, and the operator's watch reports it."""
    known.store.observe(kind, cluster.put(kind, body))


def refuse(cluster: FakeCluster, kind: Kind, code: int) -> None:
    """From now on, every call for this kind is refused."""

    async def before(call: Call) -> None:
        if call.kind == kind:
            raise errors.ClusterError(code, "not here")

    cluster.before = before


def live(cluster: FakeCluster, kind: Kind, key: Key = KEY) -> Body:
    """An object that must exist."""
    found = cluster.find(kind, *key)
    assert found is not None, f"found no {kind.name} {'/'.join(key)}"
    return found


def conditions(cluster: FakeCluster, key: Key = KEY) -> dict[str, dict[str, Any]]:
    """Of the model's status, by type."""
    return {row["type"]: row for row in live(cluster, kinds.IRIS_MODEL, key)["status"]["conditions"]}


def accepted(route: dict[str, Any]) -> dict[str, Any]:
    """The status that the controller of its Gateway writes."""
    row = {"status": "True", "observedGeneration": route["metadata"]["generation"]}
    rows = [{**row, "type": kind} for kind in ("Accepted", "ResolvedRefs")]
    return {"parents": [{"parentRef": route["spec"]["parentRefs"][0], "conditions": rows}]}
