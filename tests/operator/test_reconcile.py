"""One pass at the edges where what we know is not what is: nothing of yesterday may be written."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from iris_operator import errors, kinds
from iris_operator.proof import Prover
from iris_operator.reconcile import World, reconcile
from iris_operator.store import Store

from tests.fakes.cluster import FakeCluster
from tests.operator import bodies

KEY = ("iris", "iris")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def world(cluster: FakeCluster, **declared: Any) -> World:
    """An operator that knows the model as it is declared here."""
    store = Store()
    store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, bodies.body(**declared)))
    return World(cluster, store, Prover(lambda: 0.0), lambda: NOW, "test")


async def test_a_status_is_written_once_and_then_no_more() -> None:
    cluster = FakeCluster()
    known = world(cluster)
    await reconcile(known, KEY)
    cluster.calls.clear()

    await reconcile(known, KEY)

    assert cluster.calls == []


async def test_no_status_is_written_over_that_of_a_newer_spec() -> None:
    """A restart with a LIST from yesterday; a suspended model writes no child, only its status could lie."""
    cluster = FakeCluster()
    known = world(cluster, suspend=True)
    newer = bodies.body(version="2.0.0", suspend=True)
    newer["status"] = {"observedGeneration": 7}
    cluster.put(kinds.IRIS_MODEL, copy.deepcopy(newer))

    with pytest.raises(errors.Waiting, match="it has changed meanwhile"):
        await reconcile(known, KEY)

    found = cluster.find(kinds.IRIS_MODEL, *KEY)
    assert found is not None
    assert found["status"] == newer["status"]
