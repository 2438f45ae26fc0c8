"""A value that somebody forces on every write is reported and not written again; drift is put back."""

import copy
from collections.abc import Mapping
from typing import Any

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator.reconcile import reconcile

from tests.fakes.cluster import FakeCluster
from tests.operator import passes
from tests.operator.passes import KEY


class Forcing(FakeCluster):
    """Admission pulls every image anew, and adds a label of its own."""

    is_on = True

    async def apply(self, kind: Kind, manifest: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        changed = copy.deepcopy(dict(manifest))
        if kind == kinds.DEPLOYMENT and self.is_on:
            changed["spec"]["template"]["metadata"]["labels"]["theirs.test/team"] = "flowers"
            changed["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"
        return await super().apply(kind, changed, **options)


def reported(cluster: FakeCluster) -> list[tuple[str, str, str]]:
    body = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert body is not None
    rows = body["status"]["conditions"]
    return [
        (row["status"], row["reason"], row["message"]) for row in rows if row["type"] == "ChildrenAsDeclared"
    ]


async def test_a_forced_value_is_reported_and_not_written_again() -> None:
    cluster = Forcing()
    known = passes.context(cluster)
    await reconcile(known, KEY)
    cluster.calls.clear()

    for _ in range(3):
        await reconcile(known, KEY)

    assert cluster.calls == []
    message = (
        "Deployment iris: spec.template.spec.containers[server].imagePullPolicy: found 'Always', "
        "expected 'IfNotPresent': forced on every write, as by an admission policy"
    )
    assert reported(cluster) == [("False", "ValueForced", message)]


async def test_drift_beside_a_forced_value_is_put_back() -> None:
    cluster = Forcing()
    known = passes.context(cluster)
    await reconcile(known, KEY)
    live = cluster.find(kinds.DEPLOYMENT, *KEY)
    assert live is not None
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "somebody/else:1"
    known.store.observe(kinds.DEPLOYMENT, cluster.put(kinds.DEPLOYMENT, live))

    await reconcile(known, KEY)

    repaired = cluster.find(kinds.DEPLOYMENT, *KEY)
    assert repaired is not None
    assert repaired["spec"]["template"]["spec"]["containers"][0]["image"].endswith("iris-server:1.4.0")
    assert len(reported(cluster)) == 1


async def test_a_value_that_is_forced_no_more_leaves_the_status_with_the_next_write() -> None:
    cluster = Forcing()
    known = passes.context(cluster)
    await reconcile(known, KEY)
    cluster.is_on = False
    body = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert body is not None
    body["spec"]["version"] = "1.5.0"
    body["metadata"]["generation"] = 2
    known.store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, body))

    await reconcile(known, KEY)

    assert reported(cluster) == []
